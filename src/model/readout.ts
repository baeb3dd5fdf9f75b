// The end of a model by itself: final norm and head, on any rows of its residual stream. It is how the logit lens reads depths before
// the last (nostalgebraist 2020, "interpreting GPT: the logit lens").
import type { ModelConfig } from '../config/config'
import { paramTable } from '../params'
import { Recorder } from './recorder'
import { Tape } from './tape'

/** The input `stream` [1, R, C] → `logits` [1, R, V]. */
export function readout(c: ModelConfig, R: number): Tape {
  const record = new Recorder()
  const head = c.tie ? 'transformer.wte.weight' : 'lm_head.weight'
  const read = new Set(['transformer.ln_f.weight', 'transformer.ln_f.bias', head])
  const w = new Map(
    paramTable(c)
      .filter(({ name }) => read.has(name))
      .map(({ name, shape }) => [name, record.param(name, shape)]),
  )
  const weight = w.get('transformer.ln_f.weight')!
  const stream = record.input('stream', [1, R, c.n_embd], 'f32') //                       [1, R, C]
  const lnf =
    c.norm === 'layernorm'
      ? record.layernorm('lnf', stream, weight, w.get('transformer.ln_f.bias'), c.norm_eps)
      : record.rmsnorm('lnf', stream, weight, c.norm_eps)
  record.matmul('logits', lnf, w.get(head)!, undefined, true) //                          [1, R, V]
  return new Tape(record, { training: false })
}
