// A run's curve as a ghost to race: at most 256 means of the training loss and 128 validations. Steps are exact; losses have 16 bits
// between the lowest and the highest of all, so that an error is below 1/100,000 of that span.
//
//   bytes = lowest (f32) highest (f32) train validation
//   each  = count (u16) steps (varint, each the way from the one before) losses (u16)
import { LinkError } from '../../errors'
import type { LinkCurve } from '../../words/link'

export const MOST_POINTS = { train: 256, validation: 128 } as const
const PARTS = ['train', 'validation'] as const
type Points = LinkCurve['train']
const LEVELS = 0xffff

/** The means of stretches of equal length, each at its last step. Rows that are not finite are left out. */
export function decimated(step: ArrayLike<number>, loss: ArrayLike<number>, most: number): Points {
  const rows = Array.from(step, (at, i) => ({ at, loss: loss[i]! })).filter((row) => Number.isFinite(row.loss))
  const every = Math.max(1, Math.ceil(rows.length / most))
  const points: Points = { step: [], loss: [] }
  for (let from = 0; from < rows.length; from += every) {
    const part = rows.slice(from, from + every)
    points.step.push(part.at(-1)!.at)
    points.loss.push(part.reduce((sum, row) => sum + row.loss, 0) / part.length)
  }
  return points
}

/** The same, but single rows: what was measured stays what was measured. The last is among them. */
export function thinned(step: readonly number[], loss: readonly number[], most: number): Points {
  const rows = step.map((at, i) => ({ at, loss: loss[i]! })).filter((row) => Number.isFinite(row.loss))
  const every = Math.max(1, Math.ceil(rows.length / most))
  const kept = rows.filter((_, i) => (rows.length - 1 - i) % every === 0)
  return { step: kept.map(({ at }) => at), loss: kept.map((row) => row.loss) }
}

/** Steps rise, losses are finite. */
export function curveToBytes(curve: LinkCurve): Uint8Array<ArrayBuffer> {
  const losses = PARTS.flatMap((part) => curve[part].loss)
  const single = (x: number, up: boolean) => {
    const near = Math.fround(x)
    if (up ? near >= x : near <= x) return near
    return Math.fround(x + (up ? 1 : -1) * Math.max(Math.abs(x) * 2 ** -23, 2 ** -140))
  }
  const lowest = losses.length > 0 ? single(Math.min(...losses), false) : 0
  const highest = losses.length > 0 ? single(Math.max(...losses), true) : 0
  const out: number[] = []
  const word = (x: number) => out.push(x & 255, x >> 8)
  for (const part of PARTS) {
    const { step, loss } = curve[part]
    word(step.length)
    step.forEach((at, i) => {
      for (let rest = at - (step[i - 1] ?? 0); ; rest = Math.floor(rest / 128)) {
        out.push((rest % 128) + (rest >= 128 ? 128 : 0))
        if (rest < 128) break
      }
    })
    for (const x of loss) word(highest > lowest ? Math.round(((x - lowest) / (highest - lowest)) * LEVELS) : 0)
  }
  const bytes = new Uint8Array(8 + out.length)
  const view = new DataView(bytes.buffer)
  view.setFloat32(0, lowest, true)
  view.setFloat32(4, highest, true)
  bytes.set(out, 8)
  return bytes
}

/** Throws LinkError. */
export function curveFromBytes(bytes: Uint8Array): LinkCurve {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 8
  const byte = () => {
    if (at >= bytes.length) throw broken()
    return bytes[at++]!
  }
  const word = () => byte() + 256 * byte()
  if (bytes.length < at) throw broken()
  const [lowest, highest] = [view.getFloat32(0, true), view.getFloat32(4, true)]
  if (!Number.isFinite(lowest) || !Number.isFinite(highest) || highest < lowest) throw broken()
  const read = (most: number): Points => {
    const length = word()
    if (length > most) throw broken()
    const step: number[] = []
    for (let i = 0; i < length; i++) {
      let way = 0
      let scale = 1
      for (;;) {
        const part = byte()
        way += (part % 128) * scale
        if (part < 128) break
        scale *= 128
        if (scale > 2 ** 49) throw broken()
      }
      const next = (step[i - 1] ?? 0) + way
      if (!Number.isSafeInteger(next) || (i > 0 && way === 0)) throw broken()
      step.push(next)
    }
    const loss = step.map(() => lowest + (word() / LEVELS) * (highest - lowest))
    return { step, loss }
  }
  const curve = { train: read(MOST_POINTS.train), validation: read(MOST_POINTS.validation) }
  if (at !== bytes.length) throw broken()
  return curve
}

const broken = () => new LinkError('The link’s curve is none.')
