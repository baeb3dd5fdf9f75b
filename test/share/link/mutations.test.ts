// A hundred thousand links with something changed in them: each is refused with a name, or gives exactly what was written. Where an
// edit has a seal of its own, what it gives must be whole: it can be written, and comes back the same. Nothing else is ever thrown.
import { expect, test } from 'vitest'
import { LinkError } from '../../../src/errors'
import { Rng } from '../../../src/rng'
import { fromBase64url, toBase64url } from '../../../src/share/link/base64url'
import { deflate } from '../../../src/share/link/deflate'
import { readFragment, writeFragment, type Section } from '../../../src/share/link/envelope'
import { readLink, sectionsOf, writeLink } from '../../../src/share/link/link'
import { xxh32 } from '../../../src/storage/checksum'
import { wholeLink } from './made'
import { placesIn } from '../../places'

/** Links that are changed as text, which the checksum tells; and as what they say, sealed anew. */
const DAMAGED = 95_000
const SEALED = 5_000
/** Only a link that hangs takes so long. */
const ALL_MS = 600_000

const told = async (fragment: string) => {
  const { contents, sizes, unknown, head, weights } = await readLink(fragment)
  const values = weights()?.values ?? new Map<string, Float32Array>()
  return JSON.stringify([contents, sizes, unknown, head, [...values].map(([name, data]) => [name, [...data]])])
}
const pick = <T>(from: readonly T[], rng: Rng) => from[rng.below(from.length)]!
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/.# %"<é'

type Change = (text: string, rng: Rng) => string
const at = (text: string, rng: Rng) => rng.below(text.length)
const TEXT_CHANGES: Change[] = [
  (text, rng) => {
    const i = at(text, rng)
    return text.slice(0, i) + pick([...LETTERS], rng) + text.slice(i + 1)
  },
  (text, rng) => text.slice(0, at(text, rng)),
  (text, rng) => text.slice(at(text, rng)),
  (text, rng) => {
    const i = at(text, rng)
    return text.slice(0, i) + text.slice(i + 1 + rng.below(40))
  },
  (text, rng) => {
    const i = at(text, rng)
    return (
      text.slice(0, i) +
      Array.from({ length: 1 + rng.below(40) }, () => pick([...LETTERS], rng)).join('') +
      text.slice(i)
    )
  },
  (text, rng) => text.toUpperCase().slice(0, 1 + at(text, rng)),
  (text, rng) => text + text.slice(at(text, rng)),
]

const flip = (bytes: Uint8Array<ArrayBuffer>, rng: Rng) => {
  const copy = bytes.slice()
  if (copy.length > 0) copy[rng.below(copy.length)]! ^= 1 << rng.below(8)
  return copy
}
const cut = (bytes: Uint8Array<ArrayBuffer>, rng: Rng) => bytes.slice(0, rng.below(bytes.length + 1))

const ODD: readonly unknown[] = [
  null,
  true,
  [],
  {},
  '',
  'x',
  -1,
  0,
  0.5,
  1e308,
  2 ** 31,
  2 ** 53,
  '\u0000',
  '\ud800',
  '<b>x</b>',
  [[[[[[[[[[[[[[]]]]]]]]]]]]]],
  '🦜'.repeat(900),
]
/** One place in JSON gets another value, goes, or comes under another name. */
function edited(json: unknown, rng: Rng): unknown {
  const copy: unknown = structuredClone(json)
  const places = placesIn(copy)
  if (places.length === 0 || rng.below(20) === 0) return pick(ODD, rng)
  const { of, name } = pick(places, rng)
  const way = rng.below(4)
  if (way === 0) Reflect.deleteProperty(of, name)
  else if (way === 1) of[`${name}x`] = of[name]
  else if (way === 2 && typeof of[name] === 'number') of[name] = of[name] + pick([1, -1, 0.5, 1e9, -1e9], rng)
  else of[name] = pick(ODD, rng)
  return copy
}

const SECTION_CHANGES: ((sections: Section[], rng: Rng) => Section[])[] = [
  (sections, rng) => sections.filter((_, i) => i !== rng.below(sections.length)),
  (sections, rng) => [...sections, pick(sections, rng)],
  (sections, rng) => {
    const i = rng.below(sections.length)
    return sections.map((one, k) => (k === i ? { ...one, bytes: flip(Uint8Array.from(one.bytes), rng) } : one))
  },
  (sections, rng) => {
    const i = rng.below(sections.length)
    return sections.map((one, k) => (k === i ? { ...one, bytes: cut(Uint8Array.from(one.bytes), rng) } : one))
  },
  (sections, rng) => {
    const i = rng.below(sections.length)
    const other = pick(sections, rng)
    return sections.map((one, k) =>
      k === i ? { ...one, bytes: other.bytes, kind: pick(['json', 'bytes'], rng) } : one,
    )
  },
  (sections, rng) =>
    sections.map((one) => (rng.below(3) === 0 ? { ...one, name: pick(['weights', 'text', 'lesson', 'x'], rng) } : one)),
  ...Array.from({ length: 6 }, () => (sections: Section[], rng: Rng) => {
    const json = sections.filter(({ kind }) => kind === 'json')
    const one = pick(json, rng)
    const value = edited(JSON.parse(new TextDecoder().decode(one.bytes)), rng)
    const bytes = new TextEncoder().encode(JSON.stringify(value) ?? '')
    return sections.map((other) => (other === one ? { ...one, bytes } : other))
  }),
]

const whole = await wholeLink()
const ORIGINAL = await writeLink(whole)
const SAYS = await told(ORIGINAL)

const refusal = (error: unknown) => {
  if (error instanceof LinkError) return null
  throw error
}

test('as text: nothing but what was written is ever accepted', { timeout: ALL_MS }, async () => {
  const rng = new Rng(15, 1)
  for (let n = 0; n < DAMAGED; n++) {
    const change = TEXT_CHANGES[n % TEXT_CHANGES.length]!
    const said = await told(change(ORIGINAL, rng)).catch(refusal)
    if (said === null) continue
    expect(said).toBe(SAYS)
  }
})

test('sealed anew: what is accepted is whole, and comes back', { timeout: ALL_MS }, async () => {
  const rng = new Rng(15, 2)
  const sections = sectionsOf(whole)
  const packed = fromBase64url(ORIGINAL.slice('#g1.'.length)).slice(4)
  let accepted = 0
  for (let n = 0; n < SEALED; n++) {
    let fragment: string
    if (n % 3 === 0) {
      // The stream itself, changed, with a checksum that fits.
      const bytes = n % 2 === 0 ? flip(packed, rng) : cut(packed, rng)
      const all = new Uint8Array(4 + bytes.length)
      new DataView(all.buffer).setUint32(0, xxh32(bytes), true)
      all.set(bytes, 4)
      fragment = `#g1.${toBase64url(all)}`
    } else fragment = await writeFragment(SECTION_CHANGES[n % SECTION_CHANGES.length]!(sections, rng))
    const said = await told(fragment).catch(refusal)
    if (said === null) continue
    accepted++
    const { contents } = await readLink(fragment)
    const again = await readLink(await writeLink(contents))
    // The preset is chosen anew, and a curve rounded anew.
    const compared = ({ settings, curve, ...others }: typeof contents) =>
      JSON.stringify([settings?.config, curve?.train.step, curve?.validation.step, others])
    expect(compared(again.contents)).toBe(compared(contents))
    const { weights } = await readLink(fragment)
    for (const data of weights()?.values.values() ?? []) expect(data.every(Number.isFinite)).toBe(true)
  }
  expect(accepted).toBeGreaterThan(100)
})

test('a link that swells is not held', async () => {
  const bomb = await deflate(new Uint8Array(100 * 2 ** 20))
  const all = new Uint8Array(4 + bomb.length)
  new DataView(all.buffer).setUint32(0, xxh32(bomb), true)
  all.set(bomb, 4)
  await expect(readFragment(`#g1.${toBase64url(all)}`)).rejects.toBeInstanceOf(LinkError)
})
