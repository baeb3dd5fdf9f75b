// A keyframe: the weights of one step in 16 bits (binary16), to look back at and not to train on from the same bit. A number is off by
// at most 2⁻¹¹ of itself, or 2⁻²⁵. A tensor with numbers too large for that stays in 32 bits. One sealed safetensors file, with the
// parameters under their GPT-2 names, and the gates that the model had then.
import { CheckpointError } from '../errors'
import { LARGEST_FLOAT16, toFloat16 } from '../float16'
import { paramTable } from '../params'
import * as v from 'valibot'
import type { Gates } from '../words/run'
import { GatesSchema } from './schema'
import type { ModelConfig } from '../config/config'
import type { StoredTensor } from './safetensors'
import { seal, unseal } from './sealed'

const FORMAT = 'glasshouse-keyframe'

/** Tensors by name; the moments of a checkpoint are left out. */
export type NamedTensors = ReadonlyMap<string, { shape: readonly number[]; data: Float32Array }>

/** Writes the weights after `step` updates, and the gates that are not 1. Throws CheckpointError where a number is not finite. */
export function encodeKeyframe(
  step: number,
  config: ModelConfig,
  tensors: NamedTensors,
  gates?: Gates,
): Uint8Array<ArrayBuffer> {
  const stored = new Map<string, StoredTensor>()
  for (const { name } of paramTable(config)) {
    const { shape, data } = tensors.get(name)!
    let largest = 0
    for (const x of data) {
      if (!Number.isFinite(x)) throw new CheckpointError(`Tensor "${name}" holds ${x}: step ${step} is not kept.`)
      largest = Math.max(largest, Math.abs(x))
    }
    stored.set(
      name,
      largest > LARGEST_FLOAT16
        ? { dtype: 'F32', shape, data }
        : { dtype: 'F16', shape, data: Uint16Array.from(data, toFloat16) },
    )
  }
  return seal(
    stored,
    new Map([
      ['format', FORMAT],
      ['step', String(step)],
      ...(gates ? ([['gates', JSON.stringify(gates)]] as const) : []),
    ]),
  )
}

/** What a keyframe holds: weights by name, and the gates that are not 1, where any are. */
export interface KeptStep {
  weights: Map<string, Float32Array>
  gates: Gates | undefined
}

/**
 * Reads the weights of `step` for a model of this config. Throws CheckpointError where the file is damaged, of another step or of
 * another model.
 */
export function decodeKeyframe(bytes: Uint8Array, step: number, config: ModelConfig): KeptStep {
  const { metadata, tensors, sealed } = unseal(bytes)
  if (metadata.get('format') !== FORMAT || !sealed)
    throw new CheckpointError(`The kept step ${step} is damaged, or no kept step. Choose another step.`)
  if (metadata.get('step') !== String(step))
    throw new CheckpointError(
      `The kept step ${step} says that it is step ${metadata.get('step')}. Choose another step.`,
    )
  const weights = new Map<string, Float32Array>()
  for (const { name, shape } of paramTable(config)) {
    const tensor = tensors.get(name)
    if (tensor?.dtype !== 'F32' || String(tensor.shape) !== String(shape))
      throw new CheckpointError(
        `The kept step ${step} is of another model: ${name} is ${tensor ? `[${tensor.shape.join(', ')}]` : 'missing'}, not [${shape.join(', ')}]. Choose another step.`,
      )
    if (!tensor.data.every(Number.isFinite))
      throw new CheckpointError(
        `The kept step ${step} is damaged: ${name} holds what is no number. Choose another step.`,
      )
    weights.set(name, tensor.data)
  }
  const gates = metadata.get('gates')
  return { weights, gates: gates === undefined ? undefined : v.parse(GatesSchema, JSON.parse(gates)) }
}
