// The parts of a model as its map has them, and which of them a parameter or a kernel call belongs to.
import type { ModelConfig } from '../../config/config'
import { paramTable, sizeOf } from '../../params'

/** `attn 0`, `mlp 0`, … for each layer, and what stands before and after the layers. */
export type PartId = 'embedding' | 'positions' | 'final' | 'head' | `attn ${number}` | `mlp ${number}`

/** The part of a parameter by its name; a norm belongs to what reads it. Null for a name that is no parameter's. */
export function partOfParam(name: string): PartId | null {
  const [, layer, rest = ''] = /^transformer\.h\.(\d+)\.(.*)$/.exec(name) ?? []
  if (layer !== undefined) return /^(attn|ln_1)\b/.test(rest) ? `attn ${Number(layer)}` : `mlp ${Number(layer)}`
  if (name.startsWith('transformer.wte')) return 'embedding'
  if (name.startsWith('transformer.wpe')) return 'positions'
  if (name.startsWith('transformer.ln_f')) return 'final'
  return name.startsWith('lm_head') ? 'head' : null
}

/** The part of a kernel call by its label; null for what belongs to none: the update. */
export function partOfCall(label: string): PartId | null {
  const [, layer, rest = ''] = /^h\.(\d+)\.(.*)$/.exec(label) ?? []
  if (layer !== undefined) return /^(attn|ln1|residual2)/.test(rest) ? `attn ${Number(layer)}` : `mlp ${Number(layer)}`
  if (label.startsWith('encoded')) return 'embedding'
  if (label.startsWith('lnf')) return 'final'
  return /^(logits|losses|rows|loss|mean)/.test(label) ? 'head' : null
}

/** The sum of a number over what belongs to each part; what belongs to none is left out. */
export function sumByPart(numbers: Iterable<readonly [PartId | null, number]>): Map<PartId, number> {
  const sums = new Map<PartId, number>()
  for (const [part, number] of numbers) if (part) sums.set(part, (sums.get(part) ?? 0) + number)
  return sums
}

/** Learned numbers of each part. */
export function paramsByPart(config: ModelConfig): Map<PartId, number> {
  return sumByPart(paramTable(config).map(({ name, shape }) => [partOfParam(name), sizeOf(shape)] as const))
}

/** The length of the gradient of each part, from those of its parameters. */
export function gradientByPart(tensors: readonly { name: string; gradient: number | null }[]): Map<PartId, number> {
  const squares = sumByPart(tensors.map(({ name, gradient }) => [partOfParam(name), (gradient ?? NaN) ** 2] as const))
  return new Map([...squares].map(([part, sum]) => [part, Math.sqrt(sum)]))
}
