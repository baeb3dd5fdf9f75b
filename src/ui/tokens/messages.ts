// What the Tokens stage says: the part of the message catalogue for tokenizers.
import { compact, hundredths, integer, percent, plural } from '../format'
import { bytes } from '../../words/sizes'

const role = {
  '<|endoftext|>': 'ends a conversation or document',
  '<|system|>': 'what follows sets the scene',
  '<|user|>': 'what follows is said by the person',
  '<|assistant|>': 'what follows is said by the model',
  '<|end|>': 'ends a turn',
} as const

const kinds = {
  char: {
    name: 'Characters',
    about: 'One token for each different character of your text. A tiny vocabulary, and the longest sequences.',
  },
  byte: {
    name: 'Bytes',
    about: 'The 256 bytes of UTF-8. Reads any text; an é takes two tokens, a € three.',
  },
  word: {
    name: 'Words',
    about: 'The most frequent words, and what stands between them. Short sequences; rarer words are left out.',
  },
  bpe: {
    name: 'Byte pairs',
    about:
      'Begins with bytes and joins the most frequent neighbours, again and again, as GPT-2 does. Reads any text, in as many tokens as you like.',
  },
  given: {
    name: 'From a file',
    about:
      'Byte pairs learned elsewhere, from a tokenizer.json such as GPT-2’s. Its tokens cost parameters, whether your text has them or not.',
  },
} as const

export const tokens = {
  title: 'Tokens',
  lead: 'A model reads no letters, it reads numbers. A tokenizer cuts the text into pieces, each with its number. Short pieces make a small vocabulary and long sequences; long pieces the other way round.',
  text: (name: string) => `Text: ${name}`,
  none: 'No text chosen yet. Choose one in Data.',
  toData: 'Choose a text',
  choice: 'How the text is cut',
  kinds,
  /** One tokenizer in a few words. */
  short: (kind: keyof typeof kinds, size: number | null) =>
    size === null ? kinds[kind].name : `${kinds[kind].name}, ${integer(size)}`,
  size: 'Vocabulary',
  sizeOf: (name: string) => `Vocabulary of ${name.toLowerCase()}`,
  sizeHint: (low: number, high: number) => `${integer(low)} … ${integer(high)}`,
  less: 'Half the vocabulary',
  more: 'Twice the vocabulary',
  fix: (size: number) => `Set to ${integer(size)}`,
  chooseFile: 'Choose a tokenizer.json',
  anotherFile: 'Choose another tokenizer.json',
  noFile: 'No file chosen yet. Choose one here, or drop it anywhere on this page.',
  file: 'tokenizer.json',
  ofRun: (name: string) => `the run’s own, on ${name}`,
  fileTooLarge: (size: number, limit: number) =>
    `It has ${bytes(size)}; a tokenizer.json may have ${bytes(limit)} at most. Choose a smaller one.`,
  fileRefused: (name: string) => `${name} cannot be used`,
  refused: 'The text cannot be read in this way',
  kept: 'The text and its tokenizer are as they were.',

  costs: 'What it costs',
  costsHint: 'With the settings in Model as they are.',
  vocabulary: 'Vocabulary',
  vocabSize: (count: number) => plural(count, 'token', 'tokens'),
  fewer: (asked: number) => `The text gives no more: ${integer(asked)} were asked for.`,
  params: 'Parameters for it',
  paramsOf: (share: number, total: number) => `${percent(share)} of the model’s ${compact(total)}`,
  tied: (width: number) => `vocabulary × ${integer(width)}; embedding and output share them`,
  untied: (width: number) => `2 × vocabulary × ${integer(width)}, for embedding and output`,
  train: 'Tokens to learn from',
  val: 'Tokens held out',
  roughly: (count: number) => `about ${count < 10_000 ? integer(count) : compact(count)}`,
  context: 'A context of',
  contextHolds: (block: number, size: number) =>
    `${plural(block, 'token holds', 'tokens hold')} about ${size < 1000 ? plural(Math.round(size), 'byte', 'bytes') : bytes(size)} of text`,
  leftOut: (share: number) =>
    `${share < 0.0001 ? 'Less than 0.01 %' : percent(share)} of the text is left out: this vocabulary has no tokens for it.`,
  sampled: (counted: number, of: number) => `Counted on ${bytes(counted)} of ${bytes(of)}, evenly spread.`,
  use: 'Use this tokenizer',
  inUse: 'In use',
  using: 'Reading the text',
  next: 'Next: the model',
  save: 'Save as tokenizer.json',
  readOnly:
    'This is the text of a run: it stays as the run reads it. Try other tokenizers on it here; to use one, choose a text in Data.',
  openRun: (name: string) => `“${name}” keeps the tokenizer that it was made with; the next run gets the one in use.`,
  used: (what: string) => `The text is read by ${what} now.`,

  compare: 'The same passage, cut in two ways',
  passage: 'Passage',
  passageHint: (length: number, most: number) =>
    `${integer(length)} of ${integer(most)} characters; write what you like.`,
  another: 'Another place of my text',
  panes: { first: 'Your choice', second: 'Compared with' },
  paneKind: (pane: string) => `${pane}: tokenizer`,
  reading: 'Cutting',
  learning: 'Learning tokens from this text',
  again: 'Learn again',
  noTokens: 'The passage is empty.',
  cannot: 'Choose a vocabulary size within the limits, or a file.',
  view: (what: string, count: number) => `${what}: ${plural(count, 'token', 'tokens')}`,
  point: 'Point at a token, tap it, or walk with the arrow keys.',
  token: (t: { text: string; id: number | null; hex: string; place: number; of: number }) =>
    `“${t.text}”, ${t.id === null ? 'not in the vocabulary' : `id ${t.id}`}, ${t.hex.includes(' ') ? 'bytes' : 'byte'} ${t.hex}, ${integer(t.place)} of ${integer(t.of)}`,
  special: 'special token',
  assistant: 'said by the assistant',
  unknown: 'a model would not see it',
  key: { special: 'special token', assistant: 'said by the assistant', unknown: 'not in the vocabulary' },
  stats: {
    passage: 'In the passage',
    perWord: 'Tokens a word',
    perToken: 'Bytes a token',
    text: 'In the whole text',
    here: 'this passage',
    whole: 'whole text',
  },
  ratio: hundredths,

  merges: {
    title: 'How byte pairs are learned',
    lead: 'At first every byte is a token. Then the pair of neighbours that stands most often in the text becomes a token, and so on, until the vocabulary is full.',
    of: (what: string) => `Merges of: ${what}`,
    play: 'Play',
    pause: 'Pause',
    back: 'Back',
    step: 'Step',
    next: 'Next in the passage',
    restart: 'From the beginning',
    speed: 'A second',
    speeds: { slow: '1', medium: '10', fast: '100' },
    slider: 'Merges done',
    calm: 'Played one a second, because this device asks for little motion.',
    progress: (done: number, of: number) => `${integer(done)} of ${plural(of, 'merge', 'merges')}`,
    nothing: 'Nothing is merged yet: every byte is a token.',
    noMerges: 'A vocabulary of this size has no merges: it is the bytes themselves.',
    sentence: (n: number, left: string, right: string, both: string, count: number | null) =>
      `Merge ${integer(n)}: “${left}” and “${right}” become “${both}”` +
      (count === null ? '.' : `; they stood together ${plural(count, 'time', 'times')}.`),
    here: (count: number) =>
      count === 0 ? 'Not in this passage.' : `${plural(count, 'time', 'times')} in this passage.`,
    passage: (count: number) => `The passage now: ${plural(count, 'token', 'tokens')}`,
    rank: 'Merge',
    pair: 'Pair',
    becomes: 'Becomes',
    count: 'Count',
    recent: 'The last merges',
    noCounts: 'How often the pairs stood in the text that they were learned from is not said with this tokenizer.',
    loading: 'Learning the merges',
  },

  curve: {
    title: 'What a larger vocabulary brings',
    lead: 'Byte pairs of every size, learned from this text: how much text a token stands for, and what share of the model’s parameters the vocabulary takes.',
    counting: 'Counting',
    label: 'Bytes a token by vocabulary size',
    perToken: 'bytes a token',
    share: 'share of the parameters',
    across: 'tokens in the vocabulary',
    at: (size: number, perToken: number, params: number, share: number) =>
      `${integer(size)} tokens: ${hundredths(perToken)} bytes a token; ${compact(params)} parameters, ${percent(share)} of the model`,
    take: (size: number) => `Try ${integer(size)}`,
    size: 'Vocabulary',
    params: 'Parameters for it',
    ends: (size: number) => `The text gives byte pairs up to ${integer(size)} tokens: after that no pair stands twice.`,
    sampled: (counted: number) => `Counted on ${bytes(counted)} of the text.`,
  },

  chat: {
    title: 'Conversations',
    lead: 'This text has conversations. Each is written as one stream of tokens in this template, and what the assistant says is marked, so that a model can be taught on that alone.',
    template: 'Template',
    role: (token: string) => (token in role ? role[token as keyof typeof role] : ''),
    token: 'Special token',
    id: 'Id',
    means: 'Meaning',
    /** The passage has none of it. */
    elsewhere: '–',
    example: { system: 'Be brief.', user: 'Hello', assistant: 'Hi, how can I help?' },
    templateHint:
      'Nothing stands between a turn’s parts. What is underlined is the assistant’s, its end included. Text that looks like a special token is broken up when it is collected, so nobody can fake a turn.',
    missing: (what: string, names: string) =>
      `${what} has no special tokens ${names}: it reads them as ordinary text, and the assistant’s part cannot be told.`,
  },
} as const
