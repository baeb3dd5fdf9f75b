// Tokenizers tried on the current text before one is chosen: a passage under any of them, merges as they were learned, how far each
// size compresses. What is learned is kept until the text changes; byte pairs and words are learned once, to the largest size, of
// which every smaller one is the beginning.
import { learningBpe, type LearnedPairs } from '../data/tokenize/bpe'
import { bytesOf } from '../data/tokenize/byte_alphabet'
import { learning } from '../data/tokenize/learn'
import { replay } from '../data/tokenize/merge_replay'
import { textBetween } from '../data/tokenize/special'
import type { Tokenizer } from '../data/tokenize/tokenizer'
import { readTokenizerJson, writeTokenizerJson } from '../data/tokenize/tokenizer_json'
import { tokenizerOf } from '../data/tokenize/tokenizers'
import { learningWords } from '../data/tokenize/word_tokenizer'
import { CorpusError } from '../errors'
import { paced } from '../paced'
import {
  type TokenizerChoice,
  type TokenizerState,
  LARGEST_VOCAB,
  LONGEST_PASSAGE,
  SMALLEST_VOCAB,
  spell,
  vocabProblem,
  type CompressionPoint,
  type Counted,
  type MergeReplay,
  type Merges,
  type PassageReading,
  type TokenCalls,
} from '../words/tokens'
import { curveOf } from './compression_curve'
import type { CorpusShelf } from './corpus_shelf'
import type { Desk } from './desk'
import {
  countWords,
  documentAt,
  lengthInBytes,
  passageOf,
  SAMPLE,
  sampleOf,
  tokensOf,
  wholeCharacters,
} from './passage'
import { tokenizerKey } from './summary'

/** Tokenizers that are remembered for a text. */
const REMEMBERED = 12

interface Material {
  fingerprint: string
  text: string
  special: readonly string[]
  sample: string[]
  words: number
  bytes: number
  text_bytes: number
  /** What is being learned, or was; null where nobody has asked, or it was ended. */
  bpe: Promise<LearnedPairs> | null
  words_learned: Promise<string[]> | null
  tried: Map<string, Tried>
}
interface Tried {
  tokenizer: Tokenizer
  counted: Counted
}

export class TokenizerBench implements TokenCalls {
  readonly #shelf: CorpusShelf
  readonly #desk: Desk<number>
  #made: Material | null = null

  /** Whoever gives the shelf another text supersedes what is learned on the desk. */
  constructor(shelf: CorpusShelf, desk: Desk<number>) {
    this.#shelf = shelf
    this.#desk = desk
    shelf.learned = (text, special, choice) => this.#known(text, special, choice)
  }

  /** The tokenizer of a choice that was tried on this very text. */
  #known(text: string, special: readonly string[], choice: TokenizerChoice): TokenizerState | undefined {
    const made = this.#made
    if (made?.text !== text || String(made.special) !== String(special)) return undefined
    return made.tried.get(keyOf(choice))?.tokenizer.state
  }

  async readPassage(choice: TokenizerChoice, passage: string): Promise<PassageReading> {
    const { tokenizer, counted } = await this.#try(choice)
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
    const { text, special } = this.#material
    const from = Math.floor(Math.min(1, Math.max(0, share)) * text.length)
    return special.length > 0 ? documentAt(text, from) : passageOf(text, from)
  }

  async merges(choice: TokenizerChoice): Promise<Merges> {
    const { state } = await this.#bytePairs(choice)
    const learned = choice.kind === 'bpe' ? await this.#learnedPairs() : null
    const readable = (token: string) => spell([...(bytesOf(token) ?? [])])
    const merges = state.merges ?? []
    return {
      left: merges.map(([left]) => readable(left)),
      right: merges.map(([, right]) => readable(right)),
      count: learned && learned.counts.slice(0, merges.length),
    }
  }

  async replayMerges(choice: TokenizerChoice, passage: string): Promise<MergeReplay> {
    const { state } = await this.#bytePairs(choice)
    return replay(state, wholeCharacters(passage.slice(0, LONGEST_PASSAGE)))
  }

  compressionCurve(): Promise<CompressionPoint[]> {
    return this.#desk.join(async ({ pause }) => {
      // Questions about the passage, which were asked at the same time, come first: they take less.
      await pause()
      const { state } = await this.#learnedPairs()
      const { sample, special } = this.#material
      return this.#work(curveOf(state, sample, special))
    })
  }

  async writeJson(choice: TokenizerChoice): Promise<string> {
    return writeTokenizerJson((await this.#try(choice)).tokenizer.state)
  }

  async readJson(json: string): Promise<TokenizerChoice> {
    return { kind: 'given', state: readTokenizerJson(json) }
  }

  async inUse(): Promise<TokenizerChoice> {
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

  /** Throws CancelledError where it is called off, SupersededError where the text changes meanwhile. */
  #work<T>(work: Generator<number, T>): Promise<T> {
    return this.#desk.join(async ({ tell, pause }) => {
      return paced(work, (share) => {
        tell(share)
        return pause()
      })
    })
  }

  async #try(choice: TokenizerChoice): Promise<Tried> {
    const { tried, sample, words, bytes, text_bytes } = this.#material
    const key = keyOf(choice)
    const known = tried.get(key)
    if (known) return known
    const state = await this.#learn(choice)
    const tokenizer = tokenizerOf(state)
    let tokens = 0
    let left_out = bytes
    const exact = state.kind === 'byte' || state.kind === 'bpe'
    for (const stretch of sample) {
      const read = await this.#work(tokenizer.encoding(stretch))
      tokens += read.ids.length
      left_out -= exact ? lengthInBytes(stretch) : lengthInBytes(tokenizer.decode(read.ids))
    }
    const made = { tokenizer, counted: { tokens, words, bytes, left_out, text_bytes } }
    for (const oldest of tried.keys()) if (tried.size >= REMEMBERED) tried.delete(oldest)
    tried.set(key, made)
    return made
  }

  /** What `learnTokenizer` makes of the whole text. */
  async #learn(choice: TokenizerChoice): Promise<TokenizerState> {
    const material = this.#material
    const special = [...material.special]
    if (choice.kind === 'bpe') {
      refuseSize(choice.vocab_size, special.length)
      const { vocab, merges = [] } = (await this.#learnedPairs()).state
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
      const vocab = [...words.slice(0, choice.vocab_size - special.length), ...special]
      return { kind: 'word', vocab, ...(special.length > 0 && { special }) }
    }
    return this.#work(learning(material.text, choice, special))
  }

  /** The text's words, most frequent first, without special tokens. */
  #words(): Promise<string[]> {
    const material = this.#material
    const { text, special } = material
    return (material.words_learned ??= this.#work(learningWords(text, LARGEST_VOCAB, special)).then(
      (learned) => learned.state.vocab.slice(0, special.length > 0 ? -special.length : undefined),
      (error: unknown) => {
        material.words_learned = null
        throw error
      },
    ))
  }

  #learnedPairs(): Promise<LearnedPairs> {
    const material = this.#material
    return (material.bpe ??= this.#work(learningBpe(material.text, LARGEST_VOCAB, material.special)).catch(
      (error: unknown) => {
        material.bpe = null
        throw error
      },
    ))
  }

  async #bytePairs(choice: TokenizerChoice): Promise<Tokenizer> {
    const { tokenizer } = await this.#try(choice)
    if (tokenizer.state.kind === 'bpe') return tokenizer
    throw new CorpusError('Only byte pairs have merges. Choose a tokenizer of byte pairs to see how it was learned.')
  }
}

function refuseSize(size: number, special = 0): void {
  const problem = vocabProblem(size, special)
  if (problem) throw new CorpusError(problem.message)
}

function keyOf(choice: TokenizerChoice): string {
  if (choice.kind === 'given') return `given ${tokenizerKey(choice.state)}`
  return 'vocab_size' in choice ? `${choice.kind} ${choice.vocab_size}` : choice.kind
}
