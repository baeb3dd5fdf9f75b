// A model's weights in a link: matrices rounded to 8 or 4 bits in groups of 32 (rounding.ts), vectors to 16. Which parameters there are,
// and in which shapes, the settings say; so the length is known before anything is made of it. Rows are what one input is multiplied
// with: a matrix of a layer lies as its transpose.
//
//   bytes = bits (1) step (u32), then each parameter in the order of the parameter table
//   matrix = scales (binary16) codes; two 4-bit codes a byte, the first in the low half
//   vector = binary16
import type { ModelConfig } from '../../config/config'
import { sha256 } from '../../data/dataset/sha256'
import { LinkError } from '../../errors'
import { fromFloat16, LARGEST_FLOAT16, toFloat16 } from '../../float16'
import { paramTable, sizeOf, type Param } from '../../params'
import { LINK_BITS, type LinkBits, type LinkWeights } from '../../words/link'
import { groupsOf, restore, round, type Grid, type Rounded, type Rows } from './rounding'

/** Of 8, 16, 32 and 64 the one with the least loss for its bytes at 4 bits; see LOG.md. */
const GROUP = 32
const HEAD = 5
const isMatrix = ({ shape }: Param) => shape.length === 2
const isTurned = ({ name }: Param) => name.startsWith('transformer.h.')

interface Place {
  param: Param
  /** Rows and columns as they lie in a link, of a matrix. */
  rows: number
  columns: number
}
const placesOf = (config: ModelConfig): Place[] =>
  paramTable(config).map((param) => {
    const [a = 0, b = 0] = param.shape
    return isTurned(param) ? { param, rows: b, columns: a } : { param, rows: a, columns: b }
  })

const gridOf = (bits: LinkBits): Grid => ({ bits, group: GROUP })
const codeBytes = (codes: number, bits: LinkBits) => Math.ceil((codes * bits) / 8)

/** Bytes of a model's weights, before they are packed. */
export function weightBytes(config: ModelConfig, bits: LinkBits): number {
  return placesOf(config).reduce((sum, { param, rows, columns }) => {
    const numbers = isMatrix(param) ? rows * groupsOf(columns, GROUP) : sizeOf(param.shape)
    return sum + 2 * numbers + (isMatrix(param) ? codeBytes(rows * columns, bits) : 0)
  }, HEAD)
}

function transposed(data: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(data.length)
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = data[r * columns + c]!
  return out
}

/**
 * Rounds weights by name; `moments` of the inputs of each matrix [columns, columns], where they are known, make up for it. Calls `pause`
 * between two matrices. Throws LinkError for a weight that is not finite.
 */
export async function roundWeights(
  config: ModelConfig,
  step: number,
  weights: ReadonlyMap<string, Float32Array>,
  bits: LinkBits,
  moments: ReadonlyMap<string, Float64Array> = new Map(),
  pause: () => Promise<unknown> = () => Promise.resolve(),
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(weightBytes(config, bits))
  const view = new DataView(bytes.buffer)
  bytes[0] = bits
  view.setUint32(1, step, true)
  let at = HEAD
  const half = (float16: number) => {
    view.setUint16(at, float16, true)
    at += 2
  }
  for (const { param, rows, columns } of placesOf(config)) {
    const data = weights.get(param.name)
    if (data?.length !== sizeOf(param.shape) || !data.every(Number.isFinite))
      throw new LinkError(`${param.name} is not whole: a run that blew up cannot be shared.`)
    if (!isMatrix(param)) {
      for (const x of data) half(toFloat16(Math.max(-LARGEST_FLOAT16, Math.min(LARGEST_FLOAT16, x))))
      continue
    }
    const matrix: Rows = { rows, columns, data: isTurned(param) ? transposed(data, columns, rows) : data }
    const { codes, scales } = round(matrix, gridOf(bits), moments.get(param.name) ?? null)
    for (const scale of scales) half(scale)
    if (bits === 8) bytes.set(codes, at)
    else for (let i = 0; i < codes.length; i++) bytes[at + (i >> 1)]! |= codes[i]! << (4 * (i & 1))
    at += codeBytes(codes.length, bits)
    await pause()
  }
  return bytes
}

/** What is said of the weights before they are made: nothing is allocated. Throws LinkError where they are not a model's of this config. */
export function weightHead(config: ModelConfig, bytes: Uint8Array): Pick<LinkWeights, 'bits' | 'step'> {
  const bits = LINK_BITS.find((known) => known === bytes[0])
  if (bits === undefined || bytes.length < HEAD)
    throw new LinkError('The link’s weights have a form that this page does not know.')
  const expected = weightBytes(config, bits)
  if (bytes.length !== expected)
    throw new LinkError(
      `The link’s weights are ${bytes.length} bytes, but its settings make a model of ${expected}. They do not belong together.`,
    )
  return { bits, step: new DataView(bytes.buffer, bytes.byteOffset).getUint32(1, true) }
}

/** Throws LinkError, as `weightHead` does, and for a number that is not finite. */
export function weightsFromBytes(config: ModelConfig, bytes: Uint8Array): LinkWeights {
  const { bits, step } = weightHead(config, bytes)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const values = new Map<string, Float32Array>()
  let at = HEAD
  const half = (name: string) => {
    const float16 = view.getUint16(at, true)
    at += 2
    if ((float16 & 0x7c00) === 0x7c00)
      throw new LinkError(`The link’s weights hold a number in ${name} that is not finite.`)
    return float16
  }
  for (const { param, rows, columns } of placesOf(config)) {
    const { name, shape } = param
    if (!isMatrix(param)) {
      values.set(
        name,
        Float32Array.from({ length: sizeOf(shape) }, () => fromFloat16(half(name))),
      )
      continue
    }
    const scales = Uint16Array.from({ length: rows * groupsOf(columns, GROUP) }, () => half(name))
    const count = rows * columns
    const taken = bytes.subarray(at, at + codeBytes(count, bits))
    at += taken.length
    const codes =
      bits === 8 ? taken : Uint8Array.from({ length: count }, (_, i) => (taken[i >> 1]! >> (4 * (i & 1))) & 15)
    const rounded: Rounded = { codes, scales }
    const data = restore(rounded, { rows, columns }, gridOf(bits))
    values.set(name, isTurned(param) ? transposed(data, rows, columns) : data)
  }
  return { bits, step, values }
}

/** SHA-256 of weights by name, as one row of 32-bit floats in the order of the parameter table: 64 hex digits. */
export async function weightDigest(config: ModelConfig, weights: ReadonlyMap<string, Float32Array>): Promise<string> {
  const row = weightRow(config, weights)
  // Browsers withhold `subtle` from pages on plain http.
  const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle
  if (!subtle) return sha256(row)
  return Array.from(new Uint8Array(await subtle.digest('SHA-256', row)), (x) => x.toString(16).padStart(2, '0')).join(
    '',
  )
}

function weightRow(config: ModelConfig, weights: ReadonlyMap<string, Float32Array>): Uint8Array<ArrayBuffer> {
  const params = paramTable(config)
  const row = new Float32Array(params.reduce((sum, { shape }) => sum + sizeOf(shape), 0))
  let at = 0
  for (const { name, shape } of params) {
    const data = weights.get(name) ?? new Float32Array(sizeOf(shape))
    row.set(data, at)
    at += sizeOf(shape)
  }
  return new Uint8Array(row.buffer)
}
