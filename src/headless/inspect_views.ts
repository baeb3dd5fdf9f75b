// The numbers of each view under the names and in the shapes of the golden cases of kind `inspect`.
import { ablate, gateGradients } from '../inspect/ablations'
import { attention } from '../inspect/attention'
import { attribute } from '../inspect/attribution'
import { lens, streamOf } from '../inspect/lens'
import { patch, type Pair } from '../inspect/patching'
import { logits, tokenLosses } from '../inspect/predictions'
import type { Probe } from '../inspect/probe'
import type { NamedArray } from './golden'

export const VIEWS = ['attention', 'lens', 'losses', 'ablate', 'patch', 'attribution'] as const
export type View = (typeof VIEWS)[number]

/** What is looked at: a text with its targets, and for patches and attribution a second one and two tokens. */
export interface Subject extends Pair {
  targets: ArrayLike<number>
  position: number
}

export interface Seen {
  tensors: Map<string, NamedArray>
  /** Mean loss of the text, nats a token, where losses or ablations were asked for. */
  loss?: number
  /** logit(answer) − logit(instead) of the clean and the corrupted text, where patches were. */
  clean?: number
  corrupted?: number
}

/** Computes views one after the other. Throws as the probe does. */
export async function look(probe: Probe, subject: Subject, views: readonly View[]): Promise<Seen> {
  const { n_layer: L, n_head: H, n_embd: C, vocab_size: V } = probe.config
  const question = { tokens: subject.clean, targets: subject.targets }
  const T = subject.clean.length
  const depths = 2 * L + 1
  const seen: Seen = { tensors: new Map() }
  const put = (name: string, shape: number[], data: Float32Array) => seen.tensors.set(name, { shape, data })
  const parts = { head: [L, H], attn: [L], mlp: [L] }
  const has = (view: View) => views.includes(view)
  if (has('losses')) {
    put('logits', [T, V], await logits(probe, question))
    put('token_losses', [T], await tokenLosses(probe, question))
    seen.loss = (await probe.ask(question)).loss
  }
  if (has('attention')) {
    const { pattern, scores, weighted } = await attention(probe, question)
    put('attention', [L, H, T, T], pattern)
    put('attention_scores', [L, H, T, T], scores)
    put('attention_weighted', [L, H, T, T], weighted)
  }
  if (has('lens')) {
    put('residual', [depths, T, C], await streamOf(probe, question))
    put('lens', [depths, T, V], await lens(probe, question))
  }
  if (has('ablate')) {
    const gradients = await gateGradients(probe, question)
    const off = await ablate(probe, question)
    seen.loss = off.clean
    for (const [part, shape] of Object.entries(parts) as [keyof typeof parts, number[]][]) {
      put(`gate_grad.${part}`, shape, gradients[part])
      put(`ablate.${part}`, shape, off[part])
    }
    if (off.positions !== null) put('ablate.positions', [1], Float32Array.of(off.positions))
  }
  if (has('patch')) {
    const map = await patch(probe, subject)
    put('patch.resid', [depths, T], map.resid)
    put('patch.head', [L, H], map.head)
    seen.clean = map.clean
    seen.corrupted = map.corrupted
  }
  if (has('attribution')) {
    const { parts: written, heads } = await attribute(probe, question, {
      position: subject.position,
      token: subject.answer,
    })
    put('attribution', [depths], written)
    put('attribution.head', [L, H], heads)
  }
  return seen
}
