// The tokenizers under a person's hands: one to use and one to compare it with, tried on a passage of the current text; the merges of
// byte pairs. Nothing changes for the next run until the first is put to use.
import type { Preparation } from '../../words/recipe'
import {
  type TokenizerChoice,
  type TokenizerState,
  LONGEST_PASSAGE,
  vocabProblem,
  type MergeReplay,
  type Merges,
  type PassageReading,
} from '../../words/tokens'
import { SupersededError } from '../../errors'
import { draft } from '../state/draft.svelte'
import { asError, lab } from '../state/lab.svelte'
import { m } from '../messages'

export const KINDS = ['char', 'byte', 'word', 'bpe', 'given'] as const
export type Kind = (typeof KINDS)[number]

/** Vocabularies that a small model can afford; with fewer words than this, most of a book would be left out. */
const DEFAULT_SIZES = { word: 4096, bpe: 512 }
/** Bytes of the largest tokenizer.json that is read: those of the largest vocabularies take 20 MB. */
const LARGEST_FILE = 64e6

interface Given {
  name: string
  /** A run's, on whose text it was taken from the run. */
  own?: boolean
  choice: Extract<TokenizerChoice, { kind: 'given' }>
}

/** One tokenizer and what it makes of the passage. */
class Pane {
  readonly #bench: Tokens
  kind = $state<Kind>('char')
  #sizes = $state({ ...DEFAULT_SIZES })
  reading = $state.raw<PassageReading | null>(null)
  busy = $state(false)
  error = $state.raw<Error | null>(null)
  #asked = 0

  isSized = $derived(this.kind === 'word' || this.kind === 'bpe')
  problem = $derived.by(() =>
    this.isSized ? vocabProblem(this.size, this.kind === 'bpe' ? this.#bench.special.length : 0) : null,
  )
  /** Null where it cannot be made as it stands. */
  choice = $derived.by((): TokenizerChoice | null => {
    const { kind, size } = this
    if (kind === 'given') return this.#bench.given?.choice ?? null
    if (kind === 'word' || kind === 'bpe') return this.problem ? null : { kind, vocab_size: size }
    return { kind }
  })
  /** Its merges can be told. */
  hasMerges = $derived.by(
    () => this.kind === 'bpe' || (this.kind === 'given' && this.#bench.given?.choice.state.kind === 'bpe'),
  )

  constructor(bench: Tokens, kind: Kind) {
    this.#bench = bench
    this.kind = kind
  }

  /** Tokens asked for, of words and of byte pairs; NaN where no number was typed. */
  get size(): number {
    return this.#sizes[this.kind === 'word' ? 'word' : 'bpe']
  }
  set size(size: number) {
    this.#sizes[this.kind === 'word' ? 'word' : 'bpe'] = size
  }

  /** Takes a choice as it was made before. */
  adopt(choice: TokenizerChoice) {
    this.kind = choice.kind
    if ('vocab_size' in choice) this.size = choice.vocab_size
  }

  async read(passage: string) {
    const mine = ++this.#asked
    const { choice } = this
    if (choice === null || lab.dataset === null) {
      this.reading = null
      this.busy = false
      return
    }
    this.busy = true
    try {
      const reading = await lab.calls.tokens.readPassage(choice, passage)
      if (mine !== this.#asked) return
      this.reading = reading
      this.#bench.special = reading.special
      this.error = null
    } catch (error) {
      // Another text is on its way here, and asks again.
      if (mine !== this.#asked || error instanceof SupersededError) return
      this.reading = null
      this.error = asError(error)
    } finally {
      if (mine === this.#asked) this.busy = false
    }
  }
}

class Tokens {
  /** Special tokens that stand in the text. */
  special = $state.raw<readonly string[]>([])
  /** The tokenizer of a file, or a run's own. */
  given = $state.raw<Given | null>(null)
  first = new Pane(this, 'char')
  second = new Pane(this, 'bpe')
  passage = $state('')
  error = $state.raw<Error | null>(null)
  /** The file that `error` is about; null where it was the text that was to be read anew. */
  file = $state<string | null>(null)
  using = $state(false)

  merges = $state.raw<(Merges & { choice: TokenizerChoice }) | null>(null)
  replay = $state.raw<MergeReplay | null>(null)
  mergesError = $state.raw<Error | null>(null)
  /** Grows when what was called off is to be learned after all. */
  rounds = $state(0)
  /** How many merges have been done in the player. */
  merged = $state(0)

  /** The passage was typed, and stays when the text changes. */
  #typed = false
  /** A person chose what stands in the first pane, and has not put it to use. */
  #touched = false
  /** The text and its tokenizer that were last seen. */
  #seen = ''
  #fingerprint = ''
  #places = 0
  #replays = 0

  /** The text in hand can be read in another way: it is not a run's own. */
  canUse = $derived((lab.dataset?.preparation ?? null) !== null)
  isInUse = $derived.by(() => {
    const { choice } = this.first
    const used = lab.dataset?.preparation?.tokenizer
    if (!this.canUse) return choice?.kind === 'given' && this.given?.own === true
    return used !== undefined && choice !== null && areAlike(used, choice)
  })
  /** What the player plays: the first pane's merges, or the second's, or else those of a vocabulary that could be. */
  played = $derived.by((): TokenizerChoice => {
    const { first, second } = this
    const pane = first.hasMerges ? first : second.hasMerges ? second : null
    return pane?.choice ?? { kind: 'bpe', vocab_size: DEFAULT_SIZES.bpe }
  })

  /** A person chooses for the first pane. */
  choose(change: { kind?: Kind; size?: number }) {
    this.#touched = true
    this.error = null
    if (change.kind) this.first.kind = change.kind
    if (change.size !== undefined) this.first.size = change.size
    this.#differ()
  }

  /** Follows the text in hand, where a person has not begun to choose. */
  async follow() {
    const { dataset } = lab
    if (!dataset) return
    const { corpus, tokenizer_key, preparation } = dataset
    const seen = `${corpus.fingerprint} ${tokenizer_key} ${preparation === null}`
    if (seen === this.#seen) return
    const another = corpus.fingerprint !== this.#fingerprint
    this.#seen = seen
    this.#fingerprint = corpus.fingerprint
    try {
      if (preparation === null) await this.#adoptRun(corpus.name, seen)
      else this.#adopt(preparation)
      if (another && !this.#typed) await this.place(0)
    } catch (error) {
      this.error = asError(error)
      this.file = null
    }
  }

  async #adoptRun(name: string, seen: string) {
    const choice = await lab.calls.tokens.inUse()
    if (seen !== this.#seen || choice.kind !== 'given') return
    this.given = { name: m.tokens.ofRun(name), own: true, choice }
    this.#touched = false
    this.first.kind = 'given'
    this.#differ()
  }
  #adopt({ tokenizer }: Preparation) {
    if (this.#touched) return
    if (tokenizer.kind === 'given' && !(this.given && areAlike(this.given.choice, tokenizer)))
      this.given = { name: m.tokens.file, choice: tokenizer }
    this.first.adopt(tokenizer)
    this.#differ()
  }
  /** Two panes alike compare nothing: the second shows what is in use, or else what differs most. */
  #differ() {
    const { first, second } = this
    if (first.kind !== second.kind || (first.isSized && first.size !== second.size)) return
    const used = lab.dataset?.preparation?.tokenizer
    if (used && used.kind !== first.kind) second.adopt(used)
    else second.kind = first.kind === 'bpe' ? 'char' : 'bpe'
  }

  type(passage: string) {
    this.#typed = true
    this.#places++
    this.passage = passage.slice(0, LONGEST_PASSAGE)
  }

  /** Takes the passage from about this share of the text. */
  async place(share: number) {
    const mine = ++this.#places
    const passage = await lab.calls.tokens.passageAt(share)
    if (mine !== this.#places) return
    this.passage = passage
    this.#typed = false
  }

  async anotherPlace() {
    try {
      await this.place(Math.random())
    } catch (error) {
      this.error = asError(error)
      this.file = null
    }
  }

  /** Reads a tokenizer.json; it becomes what could be used next. */
  async takeFile(file: File) {
    this.error = null
    this.file = file.name
    try {
      if (file.size > LARGEST_FILE) throw new Error(m.tokens.fileTooLarge(file.size, LARGEST_FILE))
      const choice = await lab.calls.tokens.readJson(await file.text())
      if (choice.kind !== 'given') return
      this.given = { name: file.name, choice }
      this.#touched = true
      this.first.kind = 'given'
      this.#differ()
    } catch (error) {
      this.error = asError(error)
    }
  }

  /** Reads the text by the first pane's tokenizer from now on. True where it went well. */
  use(): Promise<boolean> {
    return this.first.choice ? this.#prepare(this.first.choice) : Promise.resolve(false)
  }

  /** Back to how the text was read before. */
  async undo(before: TokenizerChoice) {
    if (await this.#prepare(before)) this.first.adopt(before)
  }

  async #prepare(tokenizer: TokenizerChoice): Promise<boolean> {
    const preparation = lab.dataset?.preparation
    if (!preparation) return false
    this.using = true
    this.error = this.file = null
    this.#touched = false
    try {
      const done = await draft.prepare({ ...preparation, tokenizer })
      // Called off, the text is read as before, and the choice still stands.
      this.#touched = !done
      return done
    } catch (error) {
      this.#touched = true
      this.error = asError(error)
      return false
    } finally {
      this.using = false
    }
  }

  /** Asks for what the player plays, and how the passage comes apart by it. */
  async loadMerges() {
    const mine = ++this.#replays
    const { played, passage } = this
    if (lab.dataset === null) return
    const fingerprint = this.#fingerprint
    try {
      const known = this.merges?.choice === played && this.#mergesOf === fingerprint ? this.merges : null
      const [merges, replay] = await Promise.all([
        known ?? lab.calls.tokens.merges(played),
        lab.calls.tokens.replayMerges(played, passage),
      ])
      if (mine !== this.#replays) return
      this.#mergesOf = fingerprint
      this.merges = { ...merges, choice: played }
      this.replay = replay
      this.merged = Math.min(this.merged, merges.left.length)
      this.mergesError = null
    } catch (error) {
      if (mine !== this.#replays || error instanceof SupersededError) return
      this.merges = this.replay = null
      this.mergesError = asError(error)
    }
  }
  #mergesOf = ''
}

/** They read alike, or would on the same text. */
function areAlike(a: TokenizerChoice, b: TokenizerChoice): boolean {
  if (a.kind === 'given') return b.kind === 'given' && sameState(a.state, b.state)
  return a.kind === b.kind && ('vocab_size' in a ? a.vocab_size : 0) === ('vocab_size' in b ? b.vocab_size : 0)
}
function sameState(a: TokenizerState, b: TokenizerState): boolean {
  const same = (x: readonly string[] = [], y: readonly string[] = []) =>
    x.length === y.length && x.every((token, i) => token === y[i])
  return (
    a.kind === b.kind &&
    same(a.vocab, b.vocab) &&
    same(a.merges?.flat(), b.merges?.flat()) &&
    same(a.special, b.special)
  )
}

export const tokens = new Tokens()
export type { Pane }
