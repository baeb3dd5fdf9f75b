// A model as one string that stands in a file: what it is made of as JSON, then its weights in 16 or 8 bits, deflated (raw), in base64. The same
// model gives the same string anywhere: fflate compresses, not the host. Gates go along, and the model computes with them.
import { deflateSync, inflateSync } from 'fflate'
import type { ModelConfig } from '../../config/config'
import { CheckpointError } from '../../errors'
import { fromFloat16, LARGEST_FLOAT16, toFloat16 } from '../../float16'
import { paramTable, sizeOf, type Param } from '../../params'
import type { Gates } from '../../words/run'
import type { DemoForm, DemoText } from '../../words/demo'
import type { TokenizerState } from '../../words/tokens'

/** A model with the words that its author gives it. */
export interface PackedModel extends DemoText {
  config: ModelConfig
  tokenizer: TokenizerState
  /** Gates that are not 1. */
  gates: Gates
  /** By parameter name, flat in row-major order. */
  weights: ReadonlyMap<string, Float32Array>
}

const VERSION = 1
/** Numbers that share a scale, in 8 bits. */
const GROUP = 32
/** The largest step from 0 in 8 bits. */
const STEPS = 127

interface Header extends Omit<PackedModel, 'weights'> {
  version: number
  form: DemoForm
  /** Parameters with numbers past what 16 bits can hold: they are kept in 32. */
  wide: string[]
}

const SHAPE = [
  ...(['n_layer', 'n_head', 'n_kv_head', 'n_embd', 'n_inner', 'block_size', 'vocab_size', 'dropout'] as const),
  ...(['bias', 'tie', 'position', 'norm', 'mlp', 'rope_theta', 'norm_eps'] as const),
] satisfies readonly (keyof ModelConfig)[]

/** Writes a model. Throws CheckpointError where a number is not finite. */
export function pack({ weights, ...about }: PackedModel, form: DemoForm): string {
  const { config, tokenizer, gates, title, author, description, prompt } = about
  const wide: string[] = []
  const parts: Uint8Array[] = []
  for (const param of paramTable(config)) {
    const data = weights.get(param.name)!
    const largest = largestOf(data, param.name)
    // A scale of 8 bits is a 127th of the largest, so 16 bits hold it wherever they hold the numbers.
    if (largest > LARGEST_FLOAT16) {
      wide.push(param.name)
      parts.push(new Uint8Array(Float32Array.from(data).buffer))
    } else parts.push(...(inBytes(param, form) ? bytesOf(data) : [planes(Uint16Array.from(data, toFloat16))]))
  }
  const shape = Object.fromEntries(SHAPE.map((key) => [key, config[key]])) as unknown as ModelConfig
  const header: Header = {
    ...{ version: VERSION, form, config: { ...shape, dropout: 0 }, tokenizer, gates, wide },
    ...{ title, author, description, prompt },
  }
  const json = new TextEncoder().encode(JSON.stringify(header))
  const length = new Uint8Array(4)
  new DataView(length.buffer).setUint32(0, json.length, true)
  return toBase64(deflateSync(joined([length, json, ...parts]), { level: 9 }))
}

/** Reads what `pack` wrote. Throws CheckpointError for anything else. */
export function unpack(packed: string): PackedModel {
  const bytes = inflateSync(fromBase64(packed))
  const start = 4 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, start))) as Header
  if (header.version !== VERSION)
    throw new CheckpointError(`This model is packed as version ${header.version}; this file reads version ${VERSION}.`)
  const { form, wide, config, tokenizer, gates, title, author, description, prompt } = header
  const weights = new Map<string, Float32Array>()
  let at = start
  const take = (length: number) => {
    if (at + length > bytes.length)
      throw new CheckpointError('The model in this file is cut short. Save the file again.')
    return bytes.slice(at, (at += length))
  }
  for (const param of paramTable(config)) {
    const size = sizeOf(param.shape)
    if (wide.includes(param.name)) weights.set(param.name, new Float32Array(take(4 * size).buffer))
    else if (inBytes(param, form)) {
      const scales = unplaned(take(2 * Math.ceil(size / GROUP)))
      const steps = new Int8Array(take(size).buffer)
      weights.set(
        param.name,
        Float32Array.from(steps, (step, i) => step * scales[Math.floor(i / GROUP)]!),
      )
    } else weights.set(param.name, unplaned(take(2 * size)))
  }
  return { config, tokenizer, gates, title, author, description, prompt, weights }
}

/** Bytes of a model's weights before they are deflated. */
export function packedBytes(config: ModelConfig, form: DemoForm): number {
  return paramTable(config).reduce((sum, param) => {
    const size = sizeOf(param.shape)
    return sum + (inBytes(param, form) ? size + 2 * Math.ceil(size / GROUP) : 2 * size)
  }, 0)
}

/** Vectors keep 16 bits: they are few, and everything goes through them. */
const inBytes = ({ shape }: Param, form: DemoForm) => form === 'int8' && shape.length > 1

function largestOf(data: Float32Array, name: string): number {
  let largest = 0
  for (const x of data) {
    if (!Number.isFinite(x)) throw new CheckpointError(`Tensor "${name}" holds ${x}: this model cannot be given away.`)
    largest = Math.max(largest, Math.abs(x))
  }
  return largest
}

/** For each group its scale, in 16 bits, then the numbers in steps of it. */
function bytesOf(data: Float32Array): Uint8Array[] {
  const scales = new Uint16Array(Math.ceil(data.length / GROUP))
  const steps = new Int8Array(data.length)
  for (let group = 0; group < scales.length; group++) {
    const numbers = data.subarray(group * GROUP, (group + 1) * GROUP)
    scales[group] = toFloat16(numbers.reduce((largest, x) => Math.max(largest, Math.abs(x)), 0) / STEPS)
    const scale = fromFloat16(scales[group]!)
    if (scale === 0) continue
    numbers.forEach((x, i) => {
      steps[group * GROUP + i] = Math.max(-STEPS, Math.min(STEPS, Math.round(x / scale)))
    })
  }
  return [planes(scales), new Uint8Array(steps.buffer)]
}

/** All low bytes, then all high ones: sign and exponent repeat, so they compress apart from the fractions. */
function planes(words: Uint16Array): Uint8Array {
  const bytes = new Uint8Array(2 * words.length)
  words.forEach((word, i) => {
    bytes[i] = word
    bytes[words.length + i] = word >> 8
  })
  return bytes
}
function unplaned(bytes: Uint8Array): Float32Array {
  const length = bytes.length / 2
  return Float32Array.from({ length }, (_, i) => fromFloat16(bytes[i]! | (bytes[length + i]! << 8)))
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** Bytes in one turn of base64; a multiple of three. */
const TURN = 0x6000

function toBase64(bytes: Uint8Array): string {
  const parts: string[] = []
  for (let at = 0; at < bytes.length; at += TURN)
    parts.push(btoa(String.fromCharCode(...bytes.subarray(at, at + TURN))))
  return parts.join('')
}
function fromBase64(text: string): Uint8Array {
  const turn = (TURN / 3) * 4
  const parts: Uint8Array[] = []
  for (let at = 0; at < text.length; at += turn)
    parts.push(Uint8Array.from(atob(text.slice(at, at + turn)), (character) => character.charCodeAt(0)))
  return joined(parts)
}
