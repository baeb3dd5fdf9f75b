// Direct logit attribution: what each part wrote onto the logit of one token at one position. The final norm is linear once its scale is
// frozen at what it was there, so the logit is a sum over everything that was added to the stream (Elhage et al. 2021, "A Mathematical
// Framework for Transformer Circuits"). What a part does by way of later parts is not in it.
import { turnedSets } from '../model/gates'
import { gateLabels } from '../words/gates'
import { gatheredAddress, layers, partAddresses, streamAddresses } from './addresses'
import { dot } from './numbers'
import type { Probe, Question } from './probe'

export interface Attribution {
  /** [2L + 1]: embedding, attention 0, MLP 0, …; in logits. */
  parts: Float32Array
  /** [L, NH]: each head's share of its attention; the bias of the output projection is no head's. */
  heads: Float32Array
  /** What the final norm's bias adds. All parts and this make the logit. */
  bias: number
  logit: number
}

/** The head's matrix [V, C]: the embedding where they are tied. */
export const headParameter = ({ tie }: { tie: boolean }): string => (tie ? 'transformer.wte.weight' : 'lm_head.weight')

/** Attributes the logit of `token` at `position`. Throws as `Probe.ask` does. */
export async function attribute(
  probe: Probe,
  question: Question,
  { position, token }: { position: number; token: number },
): Promise<Attribution> {
  const { config: c, weights } = probe
  const { n_embd: C, n_head } = c
  const gates = { ...weights.gates, ...question.gates }
  const turned = turnedSets(gates)
  const parts = partAddresses(c, turned)
  const gathered = layers(c).map((l) => gatheredAddress(l, turned))
  const last = streamAddresses(c).at(-1)!
  const { tensors } = await probe.ask({ ...question, keep: [...parts, ...gathered, last] })
  const unembedding = await probe.row(headParameter(c), token)
  const [gain, ...projections] = await weights.engine.read(
    ['transformer.ln_f.weight', ...layers(c).map((l) => `transformer.h.${l}.attn.c_proj.weight`)].map((name) =>
      weights.param(name),
    ),
  )
  const centred = c.norm === 'layernorm'
  const row = (address: string) => tensors.get(address)!.data.subarray(position * C, (position + 1) * C)
  const scale = frozenScale(row(last), centred, c.norm_eps)
  // A vector x becomes (x − mean) · scale · gain · unembedding: one direction for all of them.
  const direction = Float64Array.from(unembedding, (u, i) => u * gain![i]! * scale)
  const mean = direction.reduce((a, b) => a + b, 0) / C
  if (centred) for (let i = 0; i < C; i++) direction[i]! -= mean
  const logitOf = (x: ArrayLike<number>) => dot(x, 0, direction, 0, C)
  const HS = C / n_head
  const heads = layers(c).flatMap((l) => {
    const z = row(gathered[l]!)
    const outer = gates[gateLabels(l).attn]?.[0] ?? 1
    return Array.from({ length: n_head }, (_, h) => {
      let sum = 0
      for (let s = h * HS; s < (h + 1) * HS; s++) sum += z[s]! * dot(projections[l]!, s * C, direction, 0, C)
      return outer * sum
    })
  })
  const shift = weights.params.some(({ name }) => name === 'transformer.ln_f.bias')
    ? (await weights.engine.read([weights.param('transformer.ln_f.bias')]))[0]!
    : null
  const bias = shift ? dot(shift, 0, unembedding, 0, C) : 0
  return {
    parts: Float32Array.from(parts, (address) => logitOf(row(address))),
    heads: Float32Array.from(heads),
    bias,
    logit: logitOf(row(last)) + bias,
  }
}

/** 1/√(mean square + eps) of a row, around its mean where the norm centres it. */
function frozenScale(x: Float32Array, centred: boolean, eps: number): number {
  const mean = centred ? x.reduce((a, b) => a + b, 0) / x.length : 0
  const square = x.reduce((sum, v) => sum + (v - mean) ** 2, 0) / x.length
  return 1 / Math.sqrt(square + eps)
}
