// base64url without padding (RFC 4648, section 5): bytes as letters that an address takes as they are. Reading is strict: every text is
// the writing of one row of bytes, or refused.
import { LinkError } from '../../errors'

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const CODES = Uint8Array.from(LETTERS, (letter) => letter.charCodeAt(0))
const VALUES = new Uint8Array(128).fill(64)
CODES.forEach((code, value) => (VALUES[code] = value))

/** Characters that so many bytes take. */
export const base64Length = (bytes: number): number => Math.ceil((bytes * 4) / 3)

export function toBase64url(bytes: Uint8Array): string {
  const out = new Uint8Array(base64Length(bytes.length))
  let at = 0
  for (let i = 0; i < bytes.length; i += 3) {
    const word = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    for (let shift = 18; shift >= 0 && at < out.length; shift -= 6) out[at++] = CODES[(word >> shift) & 63]!
  }
  return new TextDecoder().decode(out)
}

/** Throws LinkError for a letter that is none of the alphabet, and for a text that no bytes have. */
export function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  if (text.length % 4 === 1) throw new LinkError('The link is cut short, or has a letter too many.')
  const out = new Uint8Array(Math.floor((text.length * 3) / 4))
  let at = 0
  let word = 0
  let bits = 0
  for (let i = 0; i < text.length; i++) {
    const value = VALUES[text.charCodeAt(i)] ?? 64
    if (value === 64) throw new LinkError(`The link has a letter at place ${i + 1} that no link has.`)
    word = ((word << 6) | value) & 0xffff
    bits += 6
    if (bits < 8) continue
    bits -= 8
    out[at++] = word >> bits
  }
  if ((word & ((1 << bits) - 1)) !== 0) throw new LinkError('The link is cut short, or has another last letter.')
  return out
}
