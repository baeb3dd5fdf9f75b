// Lines that say nearly what an earlier line said, found by MinHash (Broder, 1997) and then compared: time in proportion to the text.
import { CorpusError } from '../../errors'
import { hash, mix } from '../../rng'

/** The words of a line, without regard to case. */
export function wordsOf(line: string): string[] {
  return line.toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? []
}

/** Values of a line's signature (Broder, 1997), cut into bands of rows: two lines that share a band are compared. */
const HASHES = 64
/** Shingles that stand for a longer line: those with the smallest hashes, which makes them a fair sample. */
const MOST_SHINGLES = 1024
/** Earlier lines kept in a bucket: more would let one bucket hold, and be compared with, all lines. */
const BUCKET = 8
const SEED = 0x6c617373

/** What says of a line, asked in order, whether its words are not those of an earlier one to this share. */
export function nearDuplicates(similarity: number): (line: string) => boolean {
  if (!(similarity > 0 && similarity <= 1))
    throw new CorpusError(`A similarity of ${similarity} cannot be. Choose one above 0 and at most 1.`)
  // Most rows, so fewest false candidates, whose threshold (1/bands)^(1/rows) lies well below what is asked for.
  const rows = [16, 8, 4, 2, 1].find((r) => (r / HASHES) ** (1 / r) <= similarity - 0.1) ?? 1
  const keys = Uint32Array.from({ length: HASHES }, (_, k) => hash(SEED, 1, k))
  const buckets = new Map<number, Uint32Array[]>()
  const signature = new Uint32Array(HASHES)
  return (line) => {
    const shingles = shinglesOf(line)
    if (shingles.length === 0) return true
    signature.fill(0xffffffff)
    for (const shingle of shingles)
      for (let k = 0; k < HASHES; k++) {
        const value = mix((shingle ^ keys[k]!) >>> 0)
        if (value < signature[k]!) signature[k] = value
      }
    const bands: number[] = []
    for (let at = 0; at < HASHES; at += rows) {
      let band = mix(at)
      for (let r = at; r < at + rows; r++) band = mix((band ^ signature[r]!) >>> 0)
      bands.push(band)
    }
    const compared = new Set<Uint32Array>()
    for (const band of bands)
      for (const earlier of buckets.get(band) ?? []) {
        if (compared.has(earlier)) continue
        compared.add(earlier)
        if (jaccard(shingles, earlier) >= similarity) return false
      }
    for (const band of bands) {
      const bucket = buckets.get(band)
      if (!bucket) buckets.set(band, [shingles])
      else if (bucket.length < BUCKET) bucket.push(shingles)
    }
    return true
  }
}

/** Hashes of a line's words and pairs of words, sorted, each once. */
function shinglesOf(line: string): Uint32Array {
  const found = new Set<number>()
  let before = 0
  for (const word of wordsOf(line)) {
    let h = SEED
    for (let i = 0; i < word.length; i++) h = Math.imul(h ^ word.charCodeAt(i), 0x01000193)
    h = mix(h >>> 0)
    found.add(h)
    if (before !== 0) found.add(mix((h + Math.imul(before, 31)) >>> 0))
    before = h
  }
  return Uint32Array.from(found).sort().slice(0, MOST_SHINGLES)
}

/** Share of the elements of two sorted lists that both have. */
function jaccard(a: Uint32Array, b: Uint32Array): number {
  let both = 0
  let union = 0
  let i = 0
  let j = 0
  // The smallest of the union is a fair sample of it; past its size one list may have been cut.
  const most = Math.max(a.length, b.length) < MOST_SHINGLES ? Infinity : MOST_SHINGLES
  for (; (i < a.length || j < b.length) && union < most; union++) {
    const x = i < a.length ? a[i]! : Infinity
    const y = j < b.length ? b[j]! : Infinity
    if (x === y) both++
    if (x <= y) i++
    if (y <= x) j++
  }
  return union === 0 ? 1 : both / union
}
