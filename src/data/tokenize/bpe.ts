// Byte-pair encoding over bytes, as in GPT-2. A text is cut into pieces, a piece starts as its bytes, and neighbours are joined in
// the order learned. Learning joins the most frequent pair of neighbours, again and again, until the vocabulary is as large as
// asked. It learns what Hugging Face's trainer learns.
import { CheckpointError, CorpusError } from '../../errors'
import { LARGEST_VOCAB, type TokenizerState } from '../../words/tokens'
import { BYTE_SYMBOLS, bytesOf, decodeBytes } from './byte_alphabet'
import { Heap } from './heap'
import { Numbering } from './numbering'
import { within } from '../../paced'
import { countingPieces, visiting } from './pieces'
import { specialTokens, withSpecial } from './special'
import { readingBy, readStretches, TokenWriter, type Tokenizer } from './tokenizer'

/** A pair that occurs once is not worth a token (Hugging Face's ByteLevelBPETokenizer has the same `min_frequency`). */
const FEWEST = 2
/** Pieces whose tokens are remembered; the memory is emptied when full. Longer pieces hardly ever come back. */
const REMEMBERED_PIECES = 1 << 16
const LONGEST_REMEMBERED = 64
/** Counting the pieces takes roughly this share of learning; and steps of learning between two looks at the clock. */
const COUNTED = 0.3
const TURN = 4096
/** A merge and a place in one number; the merge that was learned first and then the leftmost place sorts first. */
const PLACES = 2 ** 32
/** Two ids in one number: more ids than any vocabulary that is found on the web has. */
const IDS = 2 ** 24

/** Byte symbols in the order of their characters, which is their order in GPT-2's vocabulary and in Hugging Face's trainer. */
const SORTED_SYMBOLS: readonly string[] = [...BYTE_SYMBOLS].sort()

export interface LearnedPairs {
  state: TokenizerState
  /** How often the pair of each merge occurred when it was joined. */
  counts: number[]
}

/**
 * Learns a vocabulary of `vocab_size` tokens from a text: 256 bytes, then what was joined, then special tokens. It is smaller where no
 * pair is left that occurs twice. The most frequent pair is joined first; of equally frequent ones the one whose left id is smaller,
 * then the one whose right id is. Special tokens are not learned from. In short turns, for `paced`. Throws CorpusError: a size that
 * cannot be learned.
 */
export function* learningBpe(
  text: string,
  vocab_size: number,
  special: readonly string[] = [],
): Generator<number, LearnedPairs> {
  const smallest = 256 + special.length
  if (!(vocab_size >= smallest && vocab_size <= LARGEST_VOCAB))
    throw new CorpusError(
      `A vocabulary of ${vocab_size} tokens cannot be learned: 256 bytes and ${special.length} special tokens need ${smallest}, and ${LARGEST_VOCAB} are the most. Choose a size between them.`,
    )
  const total = vocab_size - smallest
  const { symbol, next, prev, weight } = yield* layingOut(yield* within(countingPieces(text, special), 0, COUNTED))

  const pairs = new PairIndex()
  /** By pair: how often it occurs, how often when it was queued, and a list of its places from left to right. */
  const count: number[] = []
  const queued: number[] = []
  const first: number[] = []
  const last: number[] = []
  // Every merged place takes one symbol away and makes at most two new pairs.
  const place = new Int32Array(3 * symbol.length)
  const after = new Int32Array(3 * symbol.length)
  let places = 0
  const occurs = (left: number, right: number, at: number) => {
    const pair = pairs.add(left, right)
    const entry = places++
    place[entry] = at
    after[entry] = -1
    if (pair === count.length) {
      count.push(0)
      first.push(entry)
    } else after[last[pair]!] = entry
    last[pair] = entry
    count[pair]! += weight[at]!
  }
  const heap = new Heap((x, y) => {
    const difference = queued[x]! - queued[y]!
    if (difference !== 0) return difference > 0
    const left = pairs.left[x]! - pairs.left[y]!
    return left !== 0 ? left < 0 : pairs.right[x]! < pairs.right[y]!
  })
  const queue = (pair: number) => {
    queued[pair] = count[pair]!
    if (count[pair]! >= FEWEST) heap.push(pair)
  }

  for (let i = 0; i < symbol.length; i++) {
    if (i % TURN === 0) yield COUNTED
    if (next[i]! >= 0) occurs(symbol[i]!, symbol[next[i]!]!, i)
  }
  for (let pair = 0; pair < pairs.size; pair++) queue(pair)

  const vocab = [...SORTED_SYMBOLS]
  const merges: [string, string][] = []
  const counts: number[] = []
  while (merges.length < total && heap.size > 0) {
    yield COUNTED + (1 - COUNTED) * (merges.length / total)
    const pair = heap.pop()
    if (queued[pair] !== count[pair]) {
      // Other merges took some of its places since it was queued.
      queue(pair)
      continue
    }
    const a = pairs.left[pair]!
    const b = pairs.right[pair]!
    // Always a new token: bytes that are one token somewhere are joined in the same order wherever their edges hold.
    const id = vocab.length
    vocab.push(vocab[a]! + vocab[b]!)
    merges.push([vocab[a]!, vocab[b]!])
    counts.push(count[pair]!)
    const fresh = pairs.size
    for (let entry = first[pair]!; entry >= 0; entry = after[entry]!) {
      const i = place[entry]!
      const j = next[i]!
      if (symbol[i] !== a || j < 0 || symbol[j] !== b) continue
      const p = prev[i]!
      const q = next[j]!
      symbol[i] = id
      symbol[j] = -1
      next[i] = q
      if (p >= 0) {
        count[pairs.find(symbol[p]!, a)]! -= weight[i]!
        occurs(symbol[p]!, id, p)
      }
      if (q >= 0) {
        prev[q] = i
        count[pairs.find(b, symbol[q]!)]! -= weight[i]!
        occurs(id, symbol[q]!, i)
      }
    }
    count[pair] = 0
    // Only pairs with the new token have become more frequent, and they are all new.
    for (let made = fresh; made < pairs.size; made++) queue(made)
  }
  return { state: { kind: 'bpe', ...withSpecial(vocab, special), merges }, counts }
}

/** The bytes of all pieces in one row: ids, neighbours within the piece (-1: none), and how often the piece occurs. */
function* layingOut(pieces: ReadonlyMap<string, number>) {
  const encoder = new TextEncoder()
  const byteIds = idsOfBytes(SORTED_SYMBOLS)
  const words: { bytes: Uint8Array; count: number }[] = []
  let length = 0
  let seen = 0
  for (const [piece, count] of pieces) {
    if (seen++ % TURN === 0) yield COUNTED
    const bytes = encoder.encode(piece)
    // A piece of one byte has no pair.
    if (bytes.length < 2) continue
    words.push({ bytes, count })
    length += bytes.length
  }
  const symbol = new Int32Array(length)
  const next = new Int32Array(length)
  const prev = new Int32Array(length)
  const weight = new Uint32Array(length)
  let at = 0
  for (const { bytes, count } of words) {
    const end = at + bytes.length - 1
    for (let i = 0; i < bytes.length; i++, at++) {
      symbol[at] = byteIds[bytes[i]!]!
      prev[at] = i === 0 ? -1 : at - 1
      next[at] = at === end ? -1 : at + 1
      weight[at] = count
    }
  }
  return { symbol, next, prev, weight }
}

/** Ids by byte; -1 where the vocabulary lacks the byte. */
function idsOfBytes(vocab: readonly string[]): Int32Array {
  return Int32Array.from(BYTE_SYMBOLS, (symbol) => vocab.indexOf(symbol))
}

/**
 * A tokenizer from its state. A lone surrogate, which UTF-8 cannot write, is encoded as U+FFFD; bytes that are not UTF-8 are
 * decoded as U+FFFD. Throws CheckpointError where the state's tokens and merges do not fit together.
 */
export function bpeTokenizer(state: TokenizerState): Tokenizer {
  const { vocab } = state
  const special = specialTokens(state)
  const encoder = new TextEncoder()
  const idOf = new Map<string, number>()
  const bytes = vocab.map((token, id) => {
    const own = special.ids.has(token) ? encoder.encode(token) : bytesOf(token)
    if (!own?.length || idOf.has(token))
      throw new CheckpointError(
        `Token ${id} of the tokenizer, ${JSON.stringify(token)}, is not a token of its own in GPT-2’s alphabet of bytes. The file is damaged: open another.`,
      )
    idOf.set(token, id)
    return own
  })
  const byteIds = idsOfBytes(vocab)
  const missing = byteIds.indexOf(-1)
  if (missing >= 0)
    throw new CheckpointError(
      `The tokenizer has no token for the byte ${missing}, so it cannot read every text. The file is damaged: open another.`,
    )
  /** A merge's place in the list of pairs is its rank. */
  const pairs = new PairIndex()
  const joined = (state.merges ?? []).map(([left, right], rank) => {
    const a = idOf.get(left)
    const b = idOf.get(right)
    const id = idOf.get(left + right)
    if (a === undefined || b === undefined || id === undefined || pairs.add(a, b) !== rank)
      throw new CheckpointError(
        `Merge ${rank} of the tokenizer, ${JSON.stringify(left)} and ${JSON.stringify(right)}, is there twice or has parts that its vocabulary lacks. The file is damaged: open another.`,
      )
    return id
  })

  const join = (piece: string): number[] => {
    const bytes = encoder.encode(piece)
    const symbol: number[] = []
    const next: number[] = []
    const prev: number[] = []
    for (let i = 0; i < bytes.length; i++) {
      symbol.push(byteIds[bytes[i]!]!)
      next.push(i + 1)
      prev.push(i - 1)
    }
    const heap = new Heap(ascending)
    const consider = (i: number) => {
      const j = next[i]!
      const rank = j < symbol.length ? pairs.find(symbol[i]!, symbol[j]!) : -1
      if (rank >= 0) heap.push(rank * PLACES + i)
    }
    for (let i = 0; i < symbol.length; i++) consider(i)
    while (heap.size > 0) {
      const key = heap.pop()
      const rank = Math.floor(key / PLACES)
      const i = key % PLACES
      const j = next[i]!
      // Either side may have been joined to something else since.
      if (symbol[i] !== pairs.left[rank] || symbol[j] !== pairs.right[rank]) continue
      symbol[i] = joined[rank]!
      symbol[j] = -1
      const q = next[j]!
      next[i] = q
      if (q < symbol.length) prev[q] = i
      consider(i)
      if (prev[i]! >= 0) consider(prev[i]!)
    }
    return symbol.filter((id) => id >= 0)
  }

  const remembered = new Map<string, number[]>()
  return {
    state,
    vocab_size: vocab.length,
    token: (id) => decodeBytes(bytes, [id]),
    ...readingBy(function* (text) {
      const writer = new TokenWriter(vocab.length, Math.ceil(text.length / 3))
      const write = (piece: string) => {
        let ids = remembered.get(piece)
        if (!ids) {
          ids = join(piece)
          if (piece.length <= LONGEST_REMEMBERED) {
            if (remembered.size >= REMEMBERED_PIECES) remembered.clear()
            remembered.set(piece, ids)
          }
        }
        for (const id of ids) writer.push(id)
      }
      yield* readStretches(
        text,
        special,
        (id) => writer.push(id),
        (stretch) => visiting(stretch, write),
      )
      return { ids: writer.finish(), unknown: [] }
    }),
    decode: (ids) => decodeBytes(bytes, ids),
  }
}

const ascending = (x: number, y: number) => x < y

/** Pairs of ids, numbered in the order they came. */
class PairIndex {
  readonly left: number[] = []
  readonly right: number[] = []
  readonly #numbers = new Numbering()

  get size(): number {
    return this.left.length
  }
  /** The number of a pair; -1 where it was never added. */
  find(left: number, right: number): number {
    return this.#numbers.get(left * IDS + right)
  }
  /** The number of a pair, which is new or not. */
  add(left: number, right: number): number {
    const pair = this.#numbers.add(left * IDS + right)
    if (pair === this.size) {
      this.left.push(left)
      this.right.push(right)
    }
    return pair
  }
}
