// What a tokenizer makes of a text, as the page shows it: a passage's tokens, merges as they were learned, how far each size
// compresses.

export const TOKENIZER_KINDS = ['char', 'byte', 'word', 'bpe'] as const

/** How a text was read. Saved with the run so that a resumed run reads it the same way. */
export interface TokenizerState {
  kind: (typeof TOKENIZER_KINDS)[number]
  /**
   * Every token by id, special ones too. A token of `char` is one code point. Tokens of `byte` and `bpe` are bytes in GPT-2's
   * alphabet (a space is Ġ), as in tokenizer.json. Tokens of `word` are words and what stands between them.
   */
  vocab: string[]
  /** The pairs that `bpe` joined, in the order learned. */
  merges?: [string, string][] | undefined
  /** The tokens that stand for themselves wherever they are written (`SPECIAL`); ids are their places in `vocab`. */
  special?: string[] | undefined
}

/** Special tokens: where a document ends, who speaks next, and where a turn ends. Text from outside never makes one (src/data/tokenize/chat_format.ts). */
export const SPECIAL = {
  end_of_text: '<|endoftext|>',
  system: '<|system|>',
  user: '<|user|>',
  assistant: '<|assistant|>',
  end: '<|end|>',
} as const

/** How a text is to be read: by a tokenizer made from it, of so many tokens, or by a given one. */
export type TokenizerChoice =
  { kind: 'char' | 'byte' } | { kind: 'word' | 'bpe'; vocab_size: number } | { kind: 'given'; state: TokenizerState }

/** Vocabularies of words and byte pairs that can be asked for. Beyond the largest, the embedding outgrows the rest of any model that a browser trains. */
export const SMALLEST_VOCAB = 256
export const LARGEST_VOCAB = 32768
/** Characters of a passage that is shown token by token. */
export const LONGEST_PASSAGE = 2000

/** One token of a passage; `id` is null where the vocabulary lacks the piece, which a model would not see. */
export interface PassageToken {
  id: number | null
  bytes: number[]
  special: boolean
  /** The assistant says it, as src/data/tokenize/chat_format.ts marks it; only in chats. */
  assistant: boolean
}

/** How a text is read, counted on at most SAMPLE of its characters. */
export interface Counted {
  tokens: number
  words: number
  bytes: number
  /** Bytes that the vocabulary lacks tokens for. */
  left_out: number
  /** Bytes of the whole text. More than `bytes`: a sample was counted. */
  text_bytes: number
}

export interface PassageReading {
  kind: TokenizerState['kind']
  vocab_size: number
  tokens: PassageToken[]
  words: number
  bytes: number
  counted: Counted
  /** Special tokens that stand in the text. */
  special: readonly string[]
  /** Those of them that the tokenizer lacks, and reads as ordinary text. */
  missing: readonly string[]
}

/** Merges in the order learned, as text; `count` is how often the pair stood in the text, null where a file does not say. */
export interface Merges {
  left: string[]
  right: string[]
  count: number[] | null
}

/**
 * A passage's bytes. `gone` has for each byte the rank of the merge that joins it to the byte before: ALWAYS within special
 * tokens, NEVER where none does.
 */
export interface MergeReplay {
  bytes: number[]
  gone: number[]
}
export const ALWAYS = -1
export const NEVER = 0x7fffffff

/** A token of a replayed passage, from byte `from` to before byte `to`; `fresh`: the last merge made it. */
export interface ReplayedToken {
  from: number
  to: number
  fresh: boolean
}

export interface CompressionPoint {
  vocab_size: number
  tokens: number
  bytes: number
}

/** A replayed passage after so many merges. */
export function tokensAfter({ bytes, gone }: MergeReplay, merges: number): ReplayedToken[] {
  const tokens: ReplayedToken[] = []
  for (let i = 0; i < bytes.length; i++) {
    const last = tokens.at(-1)
    const rank = gone[i] ?? NEVER
    if (last && rank < merges) {
      last.to = i + 1
      last.fresh ||= rank === merges - 1 && rank !== ALWAYS
    } else tokens.push({ from: i, to: i + 1, fresh: false })
  }
  return tokens
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Bytes as a person reads them: text, or hex where they are no whole characters. */
export function spell(bytes: readonly number[]): string {
  try {
    return utf8.decode(Uint8Array.from(bytes))
  } catch {
    return `⟨${hex(bytes)}⟩`
  }
}

/** E2 80 A6 */
export function hex(bytes: readonly number[]): string {
  return bytes.map((byte) => byte.toString(16).toUpperCase().padStart(2, '0')).join(' ')
}

/** What keeps a vocabulary from being asked for, and the nearest size that can be. */
export function vocabProblem(size: number, special = 0): { message: string; fix: number } | null {
  const smallest = SMALLEST_VOCAB + special
  if (Number.isInteger(size) && size >= smallest && size <= LARGEST_VOCAB) return null
  const fix = Number.isNaN(size) ? 1024 : Math.min(LARGEST_VOCAB, Math.max(smallest, Math.round(size)))
  const why = special > 0 ? ` (256 and ${special} special tokens)` : ''
  return {
    message: `The vocabulary must be a whole number from ${smallest}${why} to ${LARGEST_VOCAB.toLocaleString('en')}; try ${fix}.`,
    fix,
  }
}

/**
 * Tokenizers tried on the current text. What is learned is kept until the text changes, which ends these calls with a
 * SupersededError; `cancel('learning')` ends all that wait. Each may throw CorpusError.
 */
export interface TokenCalls {
  /** A passage of at most LONGEST_PASSAGE characters under a tokenizer. */
  readPassage(choice: TokenizerChoice, passage: string): Promise<PassageReading>
  /** A passage of the text that begins at about this share of it, and where something begins. */
  passageAt(share: number): Promise<string>
  /** The merges of byte pairs, learned or given. */
  merges(choice: TokenizerChoice): Promise<Merges>
  /** How the passage comes together by those merges. */
  replayMerges(choice: TokenizerChoice, passage: string): Promise<MergeReplay>
  /** Byte pairs of 256, 512, 1,024 … tokens, as far as the text gives them. */
  compressionCurve(): Promise<CompressionPoint[]>
  /** The tokenizer as Hugging Face's tokenizer.json. */
  writeJson(choice: TokenizerChoice): Promise<string>
  /** The tokenizer of a tokenizer.json. */
  readJson(json: string): Promise<TokenizerChoice>
  /** The current text's own tokenizer, as it stands. */
  inUse(): Promise<TokenizerChoice>
}
