// Tokenizers tried on the current text before one is chosen: a passage under any of them, merges as they were learned, how far each
// size compresses. What is learned is kept until the text changes; byte pairs and words are learned once, to the largest size, of
// which every smaller one is the beginning.
import { learningBpe, type LearnedPairs } from '../data/tokenize/bpe'
import { bytesOf } from '../data/tokenize/byte_alphabet'
import { assistantMask, SPECIAL_TOKENS } from '../data/tokenize/chat_format'
import { learning } from '../data/tokenize/learn'
import { edgeRanks, replay } from '../data/tokenize/merge_replay'
import { macrotask, paced, within } from '../paced'
import { countingPieces, eachPiece } from '../data/tokenize/pieces'
import { specialTokens, textBetween } from '../data/tokenize/special'
import type { Tokenizer } from '../data/tokenize/tokenizer'
import { readTokenizerJson, writeTokenizerJson } from '../data/tokenize/tokenizer_json'
import { tokenBytes, tokenizerOf } from '../data/tokenize/tokenizers'
import { learningWords } from '../data/tokenize/word_tokenizer'
import { CancelledError, CorpusError } from '../errors'
import {
  SPECIAL,
  type TokenizerChoice,
  type TokenizerState,
  LARGEST_VOCAB,
  LONGEST_PASSAGE,
  NEVER,
  SMALLEST_VOCAB,
  spell,
  vocabProblem,
  type CompressionPoint,
  type Counted,
  type MergeReplay,
  type Merges,
  type PassageReading,
  type PassageToken,
  type TokenizerCalls,
} from '../words/tokens'
import type { CorpusShelf } from './corpus_shelf'
import { tokenizerKey } from './summary'

/** Characters of a text that are counted; of a longer one, so many stretches, evenly spread. */
const SAMPLE = 1_000_000
const STRETCHES = 10
/** Tokenizers that are remembered for a text. */
const REMEMBERED = 12
/** Pieces are replayed in windows of so many characters: longer ones are no words, and their time grows with the square. */
const WINDOW = 1024
/** Characters of a passage taken from the text, and how far its beginning is looked for. */
const PASSAGE = 320
const LOOK_FOR = 400
/** Milliseconds between two reports of how far learning is. */
const REPORT_MS = 100

interface Material {
  fingerprint: string
  text: string
  special: readonly string[]
  sample: string[]
  words: number
  bytes: number
  text_bytes: number
  /** What is being learned, or was; null within where the text changed meanwhile. */
  bpe: Promise<LearnedPairs | null> | null
  words_learned: Promise<string[] | null> | null
  tried: Map<string, Tried>
}
interface Tried {
  tokenizer: Tokenizer
  counted: Counted
}

export class TokenizerBench implements TokenizerCalls {
  readonly #shelf: CorpusShelf
  readonly #report: (share: number | null) => void
  #made: Material | null = null
  #stop = new AbortController()
  /** Pieces of work under way. */
  #working = 0

  /** `report` is told how far learning is, and null once nothing is being learned. */
  constructor(shelf: CorpusShelf, report: (share: number | null) => void = () => {}) {
    this.#shelf = shelf
    this.#report = report
    shelf.learned = (text, special, choice) => this.#known(text, special, choice)
  }

  /** The tokenizer of a choice that was tried on this very text. */
  #known(text: string, special: readonly string[], choice: TokenizerChoice): TokenizerState | undefined {
    const made = this.#made
    if (made?.text !== text || String(made.special) !== String(special)) return undefined
    return made.tried.get(keyOf(choice))?.tokenizer.state
  }

  async stopLearning(): Promise<void> {
    await Promise.resolve()
    this.#stop.abort(new CancelledError('Learning was called off: what it would show is not known.'))
    this.#stop = new AbortController()
  }

  async readPassage(choice: TokenizerChoice, passage: string): Promise<PassageReading | null> {
    await Promise.resolve()
    const tried = await this.#try(choice)
    if (!tried) return null
    const { tokenizer, counted } = tried
    const text = wholeCharacters(passage.slice(0, LONGEST_PASSAGE))
    const { state, vocab_size } = tokenizer
    const own = new Set(state.special)
    const { special } = this.#material
    return {
      kind: state.kind,
      vocab_size,
      tokens: tokensOf(tokenizer, text),
      words: countWords(textBetween(text, special)),
      bytes: lengthInBytes(text),
      counted,
      special,
      missing: special.filter((token) => !own.has(token)),
    }
  }

  async passageAt(share: number): Promise<string> {
    await Promise.resolve()
    const { text, special } = this.#material
    const from = Math.floor(Math.min(1, Math.max(0, share)) * text.length)
    return special.length > 0 ? documentAt(text, from) : passageOf(text, from)
  }

  async merges(choice: TokenizerChoice): Promise<Merges | null> {
    await Promise.resolve()
    const tokenizer = await this.#bytePairs(choice)
    const learned = choice.kind === 'bpe' ? await this.#learnedPairs() : null
    if (!tokenizer || (choice.kind === 'bpe' && !learned)) return null
    const { state } = tokenizer
    const readable = (token: string) => spell([...(bytesOf(token) ?? [])])
    const merges = state.merges ?? []
    return {
      left: merges.map(([left]) => readable(left)),
      right: merges.map(([, right]) => readable(right)),
      count: learned && learned.counts.slice(0, merges.length),
    }
  }

  async replayMerges(choice: TokenizerChoice, passage: string): Promise<MergeReplay | null> {
    await Promise.resolve()
    const tokenizer = await this.#bytePairs(choice)
    return tokenizer && replay(tokenizer.state, wholeCharacters(passage.slice(0, LONGEST_PASSAGE)))
  }

  async compressionCurve(): Promise<CompressionPoint[] | null> {
    await macrotask()
    const learned = await this.#learnedPairs()
    return learned && this.#work(curveOf(learned.state, this.#material))
  }

  async tokenizerJson(choice: TokenizerChoice): Promise<string | null> {
    await Promise.resolve()
    const tried = await this.#try(choice)
    return tried && writeTokenizerJson(tried.tokenizer.state)
  }

  async readTokenizerFile(json: string): Promise<TokenizerChoice> {
    await Promise.resolve()
    return { kind: 'given', state: readTokenizerJson(json) }
  }

  async tokenizerInUse(): Promise<TokenizerChoice> {
    await Promise.resolve()
    return { kind: 'given', state: this.#shelf.current.dataset.tokenizer.state }
  }

  /** What is known of the current text. */
  get #material(): Material {
    const { dataset, text } = this.#shelf.current
    const { fingerprint } = dataset.corpus
    const { special } = this.#shelf
    if (this.#made?.fingerprint === fingerprint && String(this.#made.special) === String(special)) return this.#made
    const sample = sampleOf(text)
    const bytes = sample.reduce((sum, stretch) => sum + lengthInBytes(stretch), 0)
    return (this.#made = {
      fingerprint,
      text,
      special,
      sample,
      words: countWords(sample.flatMap((stretch) => textBetween(stretch, special))),
      bytes,
      text_bytes: text.length <= SAMPLE ? bytes : lengthInBytes(text),
      bpe: null,
      words_learned: null,
      tried: new Map(),
    })
  }

  /** Null where the text changed meanwhile. Throws CancelledError once it is called off. */
  async #work<T>(work: Generator<number, T>): Promise<T | null> {
    const material = this.#material
    const { signal } = this.#stop
    let reported = performance.now()
    this.#working++
    try {
      return await paced(work, async (share) => {
        if (performance.now() - reported > REPORT_MS) {
          reported = performance.now()
          this.#report(share)
        }
        await macrotask()
        signal.throwIfAborted()
        return !this.#shelf.isEmpty && this.#material === material
      })
    } finally {
      if (--this.#working === 0) this.#report(null)
    }
  }

  async #try(choice: TokenizerChoice): Promise<Tried | null> {
    const { tried, sample, words, bytes, text_bytes } = this.#material
    const key = keyOf(choice)
    const known = tried.get(key)
    if (known) return known
    const state = await this.#learn(choice)
    if (!state) return null
    const tokenizer = tokenizerOf(state)
    let tokens = 0
    let left_out = bytes
    const exact = state.kind === 'byte' || state.kind === 'bpe'
    for (const stretch of sample) {
      const read = await this.#work(tokenizer.encoding(stretch))
      if (!read) return null
      tokens += read.ids.length
      left_out -= exact ? lengthInBytes(stretch) : lengthInBytes(tokenizer.decode(read.ids))
    }
    const made = { tokenizer, counted: { tokens, words, bytes, left_out, text_bytes } }
    for (const oldest of tried.keys()) if (tried.size >= REMEMBERED) tried.delete(oldest)
    tried.set(key, made)
    return made
  }

  /** What `learnTokenizer` makes of the whole text. */
  async #learn(choice: TokenizerChoice): Promise<TokenizerState | null> {
    const material = this.#material
    const special = [...material.special]
    if (choice.kind === 'bpe') {
      refuseSize(choice.vocab_size, special.length)
      const pairs = await this.#learnedPairs()
      if (!pairs) return null
      const { vocab, merges = [] } = pairs.state
      const learned = Math.min(merges.length, choice.vocab_size - SMALLEST_VOCAB - special.length)
      return {
        kind: 'bpe',
        vocab: [...vocab.slice(0, SMALLEST_VOCAB + learned), ...special],
        merges: merges.slice(0, learned),
        ...(special.length > 0 && { special }),
      }
    }
    if (choice.kind === 'word') {
      refuseSize(choice.vocab_size)
      const words = await this.#words()
      if (!words) return null
      const vocab = [...words.slice(0, choice.vocab_size - special.length), ...special]
      return { kind: 'word', vocab, ...(special.length > 0 && { special }) }
    }
    return this.#work(learning(material.text, choice, special))
  }

  /** The text's words, most frequent first, without special tokens. */
  #words(): Promise<string[] | null> {
    const material = this.#material
    const { text, special } = material
    return (material.words_learned ??= this.#work(learningWords(text, LARGEST_VOCAB, special)).then(
      (learned) => learned && learned.state.vocab.slice(0, special.length > 0 ? -special.length : undefined),
      (error: unknown) => {
        material.words_learned = null
        throw error
      },
    ))
  }

  #learnedPairs(): Promise<LearnedPairs | null> {
    const material = this.#material
    return (material.bpe ??= this.#work(learningBpe(material.text, LARGEST_VOCAB, material.special)).catch(
      (error: unknown) => {
        material.bpe = null
        throw error
      },
    ))
  }

  async #bytePairs(choice: TokenizerChoice): Promise<Tokenizer | null> {
    const tried = await this.#try(choice)
    if (tried && tried.tokenizer.state.kind !== 'bpe')
      throw new CorpusError('Only byte pairs have merges. Choose a tokenizer of byte pairs to see how it was learned.')
    return tried && tried.tokenizer
  }
}

/** How many tokens byte pairs of each size make of the sample. */
function* curveOf(state: TokenizerState, material: Material): Generator<number, CompressionPoint[]> {
  const { special } = material
  const ranks = edgeRanks(state)
  /** Of each merge, how many edges go by it. */
  const joins = new Float64Array(state.merges?.length ?? 0)
  let tokens = 0
  let bytes = 0
  let stretches = 0
  for (const stretch of material.sample) {
    for (const part of specialTokens({ ...state, special: [...special] }).split(stretch))
      if (typeof part === 'number') {
        tokens++
        bytes += lengthInBytes(state.vocab[part] ?? '')
      }
    const share = stretches++ / material.sample.length
    for (const [piece, count] of yield* within(countingPieces(stretch, special), share, share)) {
      for (let from = 0; from < piece.length; from += WINDOW)
        for (const rank of ranks(piece.slice(from, from + WINDOW))) {
          tokens += count
          bytes += count
          if (rank !== NEVER) joins[rank]! += count
        }
      yield share
    }
  }
  const points: CompressionPoint[] = []
  const most = state.vocab.length
  const smallest = SMALLEST_VOCAB + special.length
  const sizes = [smallest]
  for (let size = 2 * SMALLEST_VOCAB; size < most; size *= 2) sizes.push(size)
  if (most > smallest) sizes.push(most)
  let merged = 0
  for (const vocab_size of sizes) {
    for (; merged < vocab_size - smallest; merged++) tokens -= joins[merged]!
    points.push({ vocab_size, tokens, bytes })
  }
  return points
}

function refuseSize(size: number, special = 0): void {
  const problem = vocabProblem(size, special)
  if (problem) throw new CorpusError(problem.message)
}

function keyOf(choice: TokenizerChoice): string {
  if (choice.kind === 'given') return `given ${tokenizerKey(choice.state)}`
  return 'vocab_size' in choice ? `${choice.kind} ${choice.vocab_size}` : choice.kind
}

/** A passage's tokens in their places, with what the vocabulary lacks where it stands. */
function tokensOf(tokenizer: Tokenizer, text: string): PassageToken[] {
  const { state } = tokenizer
  const special = specialTokens(state)
  const isSpecial = new Set(special.ids.values())
  const encoder = new TextEncoder()
  const tokens: PassageToken[] = []
  const add = (id: number) => {
    tokens.push({ id, bytes: [...tokenBytes(state, id)], special: isSpecial.has(id), assistant: false })
  }
  const read = (piece: string) => {
    const { ids } = tokenizer.encode(piece)
    if (ids.length > 0) ids.forEach(add)
    else tokens.push({ id: null, bytes: [...encoder.encode(piece)], special: false, assistant: false })
  }
  for (const part of special.split(text))
    if (typeof part === 'number') add(part)
    else if (state.kind === 'char') for (const character of part) read(character)
    else if (state.kind === 'word') piecesOf(part).forEach(read)
    else tokenizer.encode(part).ids.forEach(add)
  if (SPECIAL_TOKENS.every((token) => special.ids.has(token))) {
    const mask = assistantMask(
      tokens.map(({ id }) => id ?? -1),
      tokenizer,
    )
    mask.forEach((said, i) => (tokens[i]!.assistant = said === 1))
  }
  return tokens
}

/** Pieces in a list: `eachPiece` cannot be entered again from its own visit. */
function piecesOf(text: string): string[] {
  const pieces: string[] = []
  eachPiece(text, (piece) => void pieces.push(piece))
  return pieces
}

/** All of a text, or stretches of it that begin and end between words. */
function sampleOf(text: string): string[] {
  if (text.length <= SAMPLE) return [text]
  const length = SAMPLE / STRETCHES
  return Array.from({ length: STRETCHES }, (_, i) => {
    const from = afterSpace(text, Math.floor((i * (text.length - length)) / (STRETCHES - 1)))
    return wholeCharacters(text.slice(from, from + length))
  })
}

/** The place after the next white space, if there is one near. */
function afterSpace(text: string, from: number): number {
  if (from === 0) return 0
  const at = text.slice(from, from + LOOK_FOR).search(/\s/u)
  return at < 0 ? from : from + at + 1
}

/** From the start of a line, or else of a word. */
function passageOf(text: string, place: number): string {
  const latest = Math.max(0, text.length - PASSAGE)
  const wanted = Math.min(place, latest)
  const line = text.indexOf('\n', wanted)
  const from = wanted === 0 ? 0 : line >= 0 && line < wanted + LOOK_FOR ? line + 1 : afterSpace(text, wanted)
  const taken = text.slice(from, from + PASSAGE)
  const end = taken.lastIndexOf(' ')
  return wholeCharacters(from + PASSAGE >= text.length || end <= 0 ? taken : taken.slice(0, end)).trimEnd()
}

/** From the start of a document to its end, if that is not far. */
function documentAt(text: string, place: number): string {
  const { end_of_text } = SPECIAL
  const before = place === 0 ? -1 : text.indexOf(end_of_text, place)
  const next = before < 0 ? 0 : before + end_of_text.length
  const from = next >= text.length ? 0 : next
  const end = text.indexOf(end_of_text, from)
  const whole = end < 0 ? text.length : end + end_of_text.length
  return whole - from <= LONGEST_PASSAGE / 2
    ? text.slice(from, whole)
    : passageOf(text.slice(from, from + 2 * PASSAGE), 0)
}

/** Without half a surrogate pair at either end. */
function wholeCharacters(text: string): string {
  return text.replace(/^[\udc00-\udfff]|[\ud800-\udbff]$/g, '')
}

function lengthInBytes(text: string): number {
  let bytes = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    // A pair of surrogates is four bytes, two for each; one alone is written as U+FFFD.
    if (c < 0x80) bytes++
    else if (c < 0x800) bytes += 2
    else if ((c & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      bytes += 4
      i++
    } else bytes += 3
  }
  return bytes
}

/** What stands between white space. */
function countWords(parts: readonly string[]): number {
  const word = /\S+/gu
  let words = 0
  for (const part of parts) {
    word.lastIndex = 0
    while (word.test(part)) words++
  }
  return words
}
