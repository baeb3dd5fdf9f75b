// XXH32, the checksum of everything that is kept. Any change within one 32-bit word is found for certain, any other but for one in
// four thousand million. It guards against flipped bits and cut files, not against people. About a gigabyte a second.
// Source: github.com/Cyan4973/xxHash, doc/xxhash_spec.md, "XXH32 algorithm description".

const P1 = 0x9e3779b1
const P2 = 0x85ebca77
const P3 = 0xc2b2ae3d
const P4 = 0x27d4eb2f
const P5 = 0x165667b1

const turned = (x: number, bits: number) => (x << bits) | (x >>> (32 - bits))
const round = (sum: number, word: number) => Math.imul(turned((sum + Math.imul(word, P2)) | 0, 13), P1)

/** The checksum of bytes, a whole number below 2³². A checksum as the seed makes one over several stretches. */
export function xxh32(bytes: Uint8Array, seed = 0): number {
  const { length } = bytes
  // A word of a typed array has an aligned address; browsers run on little-endian machines.
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes)
  const words = new Uint32Array(aligned.buffer, aligned.byteOffset, length >>> 2)
  let at = 0
  let sum: number
  if (length >= 16) {
    let a = (seed + P1 + P2) | 0
    let b = (seed + P2) | 0
    let c = seed | 0
    let d = (seed - P1) | 0
    for (const end = words.length - 3; at < end; at += 4) {
      a = round(a, words[at]!)
      b = round(b, words[at + 1]!)
      c = round(c, words[at + 2]!)
      d = round(d, words[at + 3]!)
    }
    sum = (turned(a, 1) + turned(b, 7) + turned(c, 12) + turned(d, 18)) | 0
  } else sum = (seed + P5) | 0
  sum = (sum + length) | 0
  for (; at < words.length; at++) sum = Math.imul(turned((sum + Math.imul(words[at]!, P3)) | 0, 17), P4)
  for (let i = at * 4; i < length; i++) sum = Math.imul(turned((sum + Math.imul(aligned[i]!, P5)) | 0, 11), P1)
  sum = Math.imul(sum ^ (sum >>> 15), P2)
  sum = Math.imul(sum ^ (sum >>> 13), P3)
  return (sum ^ (sum >>> 16)) >>> 0
}
