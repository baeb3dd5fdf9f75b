// What the held-out part shares with the training part, and a model can know by heart. Its n-grams are looked up in a table of
// hashes and compared piece by piece, in time proportional to the text.
import type { LeakUnit } from '../../words/recipe'
import { mix } from '../../rng'
import { SPECIAL_TOKENS } from '../tokenize/chat_format'
import { within } from '../../paced'
import { textBetween } from '../tokenize/special'

/** One stretch of the held-out part that stands in the training part; places are UTF-16 ones. */
export interface LeakPlace {
  /** Where it begins in the held-out part, and in the training part its first n-gram. */
  at: number
  train_at: number
  /** The stretch, cut after 240 characters. */
  text: string
}
export interface Leaks {
  unit: LeakUnit
  n: number
  /** n-grams of the held-out part, and how many of them stand in the training part. */
  total: number
  count: number
  share: number
  /** The first twenty. */
  places: LeakPlace[]
}

/** Pieces between two looks at the clock. */
const TURN = 4096
const MOST_PLACES = 20
const SHOWN = 240
/** Long enough that what is found is no common phrase. */
const LENGTHS: Readonly<Record<LeakUnit, number>> = { words: 8, lines: 1, characters: 40 }

/** Lists of words or tasks have fewer words in a line; prose and verse have more. */
const LEAST_WORDS = 3
/** Longer lines with so few words are of a script that does not space them. */
const LONGEST_ROW = 40
const SAMPLE = 100_000

/** What repeats in such a text: words in prose, lines in lists, characters where words are not spaced. */
export function leakUnit(text: string): LeakUnit {
  const sample = text.slice(0, SAMPLE)
  const lines = sample.split('\n').filter((line) => line.trim() !== '')
  const words = sample.match(/\p{L}[\p{L}\p{M}]*/gu)?.length ?? 0
  if (words >= LEAST_WORDS * lines.length && sample.length <= LONGEST_ROW * words) return 'words'
  return sample.length <= LONGEST_ROW * lines.length ? 'lines' : 'characters'
}

/** The n-grams of `val` that stand in `train`, in short turns, for `paced`. None reaches across a special token. */
export function* findingLeaks(
  train: string,
  val: string,
  unit = leakUnit(val),
  n = LENGTHS[unit],
): Generator<number, Leaks> {
  const known = new Map<string, number>()
  const ofHeld = piecesOf(val, unit, (piece) => {
    const id = known.get(piece) ?? known.size
    known.set(piece, id)
    return id
  })
  const held = yield* within(ofHeld, 0, 0.1)
  // A piece that the held-out part lacks is in none of its n-grams.
  const ofTrained = piecesOf(train, unit, (piece) => known.get(piece) ?? BARRIER)
  const trained = yield* within(ofTrained, 0.1, 0.7)

  let size = 16
  while (size < 2 * held.length) size *= 2
  const table = new Int32Array(size).fill(-1)
  /** For each n-gram of the held-out part, the first that equals it. */
  const first = new Int32Array(held.length).fill(-1)
  /** The first n-gram of the held-out part that equals this one of `ids`, or -1, and then the slot is where it belongs. */
  let slot = 0
  const lookUp = (ids: Int32Array, at: number, hash: number, before: number): number => {
    // Where the n-gram before was found, the next one most often follows: long repetitions need one comparison each.
    if (before >= 0 && (first[before + 1] ?? -1) >= 0 && held.ids[before + n] === ids[at + n - 1])
      return first[before + 1]!
    for (slot = mix(hash) & (size - 1); ; slot = (slot + 1) & (size - 1)) {
      const other = table[slot]!
      let same = 0
      while (other >= 0 && same < n && held.ids[other + same] === ids[at + same]) same++
      if (other < 0 || same === n) return other
    }
  }
  let total = 0
  const numbering = eachGram(held, n, (at, hash) => {
    const equal = lookUp(held.ids, at, hash, first[at - 1] ?? -1)
    if (equal < 0) table[slot] = at
    first[at] = equal < 0 ? at : equal
    total++
  })
  yield* within(numbering, 0.7, 0.75)
  const foundAt = new Int32Array(held.length).fill(-1)
  let [last, equal] = [-1, -1]
  const finding = eachGram(trained, n, (at, hash) => {
    equal = lookUp(trained.ids, at, hash, last === at - 1 ? equal : -1)
    last = at
    if (equal >= 0 && foundAt[equal]! < 0) foundAt[equal] = at
  })
  yield* within(finding, 0.75, 1)

  const leaked = (at: number) => at < held.length && first[at]! >= 0 && foundAt[first[at]!]! >= 0
  const places: LeakPlace[] = []
  let count = 0
  for (let at = 0; at < held.length; at++) {
    if (!leaked(at)) continue
    const begin = at
    while (leaked(at + 1)) at++
    count += at + 1 - begin
    if (places.length === MOST_PLACES) continue
    const from = held.start(begin)
    const to = held.end(at + n - 1)
    const text = val.slice(from, Math.min(to, from + SHOWN))
    places.push({
      at: from,
      train_at: trained.start(foundAt[first[begin]!]!),
      text: to > from + SHOWN ? `${text}…` : text,
    })
  }
  return { unit, n, total, count, share: total === 0 ? 0 : count / total, places }
}

const WORD = /[\p{L}\p{M}\p{N}]+/gu
/** The number of what no n-gram may hold. */
const BARRIER = -1

/** A text as numbered pieces, and where they stand in it. */
class Pieces {
  ids = new Int32Array(1024)
  #starts = new Int32Array(1024)
  #ends = new Int32Array(1024)
  length = 0

  push(id: number, start: number, end: number): void {
    if (this.length === this.ids.length) {
      this.ids = doubled(this.ids)
      this.#starts = doubled(this.#starts)
      this.#ends = doubled(this.#ends)
    }
    this.ids[this.length] = id
    this.#starts[this.length] = start
    this.#ends[this.length++] = end
  }
  start(piece: number): number {
    return this.#starts[piece]!
  }
  end(piece: number): number {
    return this.#ends[piece]!
  }
}

function doubled(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const longer = new Int32Array(2 * array.length)
  longer.set(array)
  return longer
}

function* piecesOf(text: string, unit: LeakUnit, idOf: (piece: string) => number): Generator<number, Pieces> {
  const pieces = new Pieces()
  let from = 0
  for (const [i, stretch] of textBetween(text, SPECIAL_TOKENS).entries()) {
    if (i > 0) {
      pieces.push(BARRIER, from, from)
      // A special token has one > and ends with it.
      from = text.indexOf('>', from) + 1
    }
    const share = (i: number) => (from + i) / text.length
    if (unit === 'words')
      for (const { 0: word, index } of stretch.matchAll(WORD)) {
        if (pieces.length % TURN === 0) yield share(index)
        pieces.push(idOf(word.toLowerCase()), from + index, from + index + word.length)
      }
    else if (unit === 'characters')
      for (let i = 0; i < stretch.length; i++) {
        if (pieces.length % TURN === 0) yield share(i)
        pieces.push(idOf(stretch.charAt(i)), from + i, from + i + 1)
      }
    else
      for (let i = 0; i < stretch.length;) {
        if (pieces.length % TURN === 0) yield share(i)
        const end = (stretch.indexOf('\n', i) + stretch.length + 1) % (stretch.length + 1)
        if (stretch.slice(i, end).trim() !== '') pieces.push(idOf(stretch.slice(i, end)), from + i, from + end)
        i = end + 1
      }
    from += stretch.length
  }
  return pieces
}

/** Multiplies a hash for each piece that follows; odd, so that nothing is lost. */
const FACTOR = 0x01000193

/** Visits every n-gram without a barrier: its first piece, and a hash that rolls along (Karp and Rabin, 1987). */
function* eachGram(
  { ids, length }: Pieces,
  n: number,
  visit: (at: number, hash: number) => void,
): Generator<number, void> {
  let gone = 1
  for (let i = 0; i < n; i++) gone = Math.imul(gone, FACTOR)
  let hash = 0
  let run = 0
  for (let i = 0; i < length; i++) {
    if (i % TURN === 0) yield i / length
    const id = ids[i]!
    if (id === BARRIER) {
      hash = run = 0
      continue
    }
    hash = (Math.imul(hash, FACTOR) + id + 1) | 0
    if (++run > n) hash = (hash - Math.imul(ids[i - n]! + 1, gone)) | 0
    if (run >= n) visit(i - n + 1, hash)
  }
}
