// Where on the tape the parts of a model are found: the residual stream after each of its steps, what each part adds to it, and what
// attention computes on the way. Addresses are those of gpt.ts, unfused.
import type { ModelConfig } from '../config/config'
import { gateLabels } from '../words/gates'

/** The residual stream at every depth, [T, C] each, 2L + 1 of them: the embedding, then after each attention and each MLP. */
export function streamAddresses(c: ModelConfig): string[] {
  return ['encoded', ...layers(c).flatMap((l) => [`h.${l}.residual2`, `h.${l}.residual3`])]
}

/**
 * What each part writes to the stream, [T, C] each, 2L + 1 of them: the embedding, then each attention and each MLP. `turned` are the
 * sets of gates that are not 1: what a part adds is then taken behind its gate.
 */
export function partAddresses(c: ModelConfig, turned: ReadonlySet<string>): string[] {
  const behind = (address: string, set: string) => (turned.has(set) ? `${address}_gated` : address)
  return [
    'encoded',
    ...layers(c).flatMap((l) => {
      const { attn, mlp } = gateLabels(l)
      return [behind(`h.${l}.attn.attproj`, attn), behind(`h.${l}.mlp.fcproj`, mlp)]
    }),
  ]
}

/** What the heads of a layer gathered, side by side, [T, NH·HS], before the output projection; `turned` as above. */
export function gatheredAddress(layer: number, turned: ReadonlySet<string>): string {
  return turned.has(gateLabels(layer).heads) ? `h.${layer}.attn.atty_gated` : `h.${layer}.attn.atty`
}

/** The attention of a layer after softmax, [NH, T, T]. */
export const attentionAddress = (layer: number): string => `h.${layer}.attn.att`

/** The queries, keys and values that attention reads, [T, (NH + 2 NKV)·HS]: turned by their position where the model has RoPE. */
export const qkvAddress = (c: ModelConfig, layer: number): string =>
  c.position === 'rope' ? `h.${layer}.attn.qkvr` : `h.${layer}.attn.qkv`

/** The numbers of the layers. */
export function layers({ n_layer }: ModelConfig): number[] {
  return Array.from({ length: n_layer }, (_, l) => l)
}
