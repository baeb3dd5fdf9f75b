// GPT-2's alphabet: every byte as one printable character, so that a vocabulary of bytes can be written as text. Bytes that print
// in Latin-1 stand for themselves; the other 68 become U+0100 and on, in order (a space is Ġ, a new line Ċ).
import { invariant } from '../../errors'

const prints = (byte: number) => (byte >= 33 && byte <= 126) || (byte >= 161 && byte !== 173)

/** The character of each byte. */
export const BYTE_SYMBOLS: readonly string[] = (() => {
  let next = 256
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(prints(byte) ? byte : next++))
})()

const BYTE_OF: ReadonlyMap<string, number> = new Map(BYTE_SYMBOLS.map((symbol, byte) => [symbol, byte]))

/** The bytes that a token of the alphabet stands for; undefined where it has other characters. */
export function bytesOf(token: string): Uint8Array | undefined {
  const bytes = new Uint8Array(token.length)
  for (let i = 0; i < token.length; i++) {
    const byte = BYTE_OF.get(token[i]!)
    if (byte === undefined) return undefined
    bytes[i] = byte
  }
  return bytes
}

/** The text of tokens whose bytes are known: UTF-8, where what is not UTF-8 becomes U+FFFD. */
export function decodeBytes(bytesOfToken: readonly Uint8Array[], ids: Iterable<number>): string {
  const parts: Uint8Array[] = []
  let length = 0
  for (const id of ids) {
    const part = bytesOfToken[id]
    invariant(part !== undefined, () => `token ${id} of a vocabulary of ${bytesOfToken.length}`)
    parts.push(part)
    length += part.length
  }
  const bytes = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  // U+FEFF at the start is text like any other.
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
}
