// A link's fragment: `#g1.` and then, as base64url, a checksum and a packed row of sections. A section is a name, a kind (JSON or
// bytes) and its bytes; one with an unknown name is skipped by whoever reads. The checksum is over the packed bytes, so that a damaged
// link is known before anything is unpacked. It guards against accidents: whoever makes a link on purpose can seal it.
//
//   bytes     = xxh32 (4) deflate-raw(sections)
//   section   = length of name (1) name kind (1) length (4) bytes; numbers little-endian
import { LinkError } from '../../errors'
import { xxh32 } from '../../storage/checksum'
import { LINK_PATTERN, ZONES } from '../../words/link'
import { base64Length, fromBase64url, toBase64url } from './base64url'
import { deflate, inflate } from './deflate'

export const VERSION = 1
/** The most that a link unpacks to, and sections in it: several times what any that is made here has. */
export const MOST_BYTES = 4_000_000
const MOST_SECTIONS = 32
const NAME = /^[a-z][a-z0-9_]{0,23}$/
const KINDS = ['json', 'bytes'] as const
const SUM = 4

export interface Section {
  name: string
  kind: (typeof KINDS)[number]
  bytes: Uint8Array
}

/** `#g1.` */
const PREFIX = `#g${VERSION}.`

/** Characters of a fragment with so many packed bytes. */
export const fragmentLength = (packed: number): number => PREFIX.length + base64Length(SUM + packed)

function join(sections: readonly Section[]): Uint8Array<ArrayBuffer> {
  const size = sections.reduce((sum, { name, bytes }) => sum + 6 + name.length + bytes.length, 0)
  const all = new Uint8Array(size)
  const view = new DataView(all.buffer)
  let at = 0
  for (const { name, kind, bytes } of sections) {
    all[at++] = name.length
    all.set(new TextEncoder().encode(name), at)
    at += name.length
    all[at++] = KINDS.indexOf(kind)
    view.setUint32(at, bytes.length, true)
    all.set(bytes, at + 4)
    at += 4 + bytes.length
  }
  return all
}

/** Packed bytes of these sections. */
export async function packedLength(sections: readonly Section[]): Promise<number> {
  return (await deflate(join(sections))).length
}

/** Writes a fragment. Throws LinkError where it is longer than any that can be pasted: a file carries more. */
export async function writeFragment(sections: readonly Section[]): Promise<string> {
  const whole = join(sections)
  const packed = whole.length > MOST_BYTES ? null : await deflate(whole)
  if (!packed || fragmentLength(packed.length) > ZONES.paste)
    throw new LinkError(
      `This would be a link of ${packed ? fragmentLength(packed.length) : 'millions of'} characters; ${ZONES.paste} can be pasted. Leave something out, or save a file.`,
    )
  const bytes = new Uint8Array(SUM + packed.length)
  new DataView(bytes.buffer).setUint32(0, xxh32(packed), true)
  bytes.set(packed, SUM)
  return PREFIX + toBase64url(bytes)
}

/** Reads a fragment, with its `#` or without. Throws LinkError, which says what is wrong: another version, damage, too long. */
export async function readFragment(fragment: string): Promise<Section[]> {
  const [head, version] = LINK_PATTERN.exec(fragment) ?? []
  if (head === undefined) throw new LinkError('This is no link of Glasshouse: those begin with #g and a number.')
  if (Number(version) !== VERSION)
    throw new LinkError(
      `The link has version ${version}; this page reads version ${VERSION}. Open it with the page that made it, or load this page again for a newer one.`,
    )
  if (fragment.length > ZONES.paste)
    throw new LinkError(
      `The link has ${fragment.length} characters; at most ${ZONES.paste} are read. It is not opened.`,
    )
  const bytes = fromBase64url(fragment.slice(head.length))
  if (bytes.length < SUM) throw new LinkError('The link is cut short. Copy all of it.')
  const packed = bytes.slice(SUM)
  if (new DataView(bytes.buffer).getUint32(0, true) !== xxh32(packed))
    throw new LinkError(
      'The link is damaged: part of it is missing, or was changed on the way. Copy all of it, or ask for it again.',
    )
  return split(await inflate(packed, MOST_BYTES))
}

function split(all: Uint8Array<ArrayBuffer>): Section[] {
  const broken = () => new LinkError('The link’s parts do not fit together: it is damaged.')
  const view = new DataView(all.buffer)
  const sections: Section[] = []
  let at = 0
  while (at < all.length) {
    const nameEnd = at + 1 + all[at]!
    if (nameEnd + 5 > all.length || sections.length === MOST_SECTIONS) throw broken()
    const name = new TextDecoder().decode(all.subarray(at + 1, nameEnd))
    const kind = KINDS[all[nameEnd]!]
    const from = nameEnd + 5
    const to = from + view.getUint32(nameEnd + 1, true)
    if (to > all.length || kind === undefined || !NAME.test(name) || sections.some((one) => one.name === name))
      throw broken()
    sections.push({ name, kind, bytes: all.subarray(from, to) })
    at = to
  }
  return sections
}
