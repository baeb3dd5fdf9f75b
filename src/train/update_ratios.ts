// How far AdamW's last step moved each parameter, from the moments that it left; as update_norm computes it for all of them together.
import type { TrainConfig } from '../config/config'
import { HYPER } from '../engine'
import { fillHyper } from './schedule'

type State = ReadonlyMap<string, { readonly data: Float32Array }>

/** ‖Δ‖ / ‖w‖ of update `step` by parameter, weight decay left out. `state` has weights and moments, as a checkpoint does. */
export function updateRatios(state: State, config: TrainConfig, step: number): Map<string, number> {
  const hyper = new Float32Array(HYPER.size)
  fillHyper(hyper, config, step)
  const [rate, eps] = [hyper[HYPER.learning_rate]!, hyper[HYPER.eps]!]
  const [bias1, bias2] = [hyper[HYPER.bias1]!, hyper[HYPER.bias2]!]
  const ratios = new Map<string, number>()
  for (const [name, { data: weights }] of state) {
    const [m, v] = [state.get(`m.${name}`)?.data, state.get(`v.${name}`)?.data]
    if (!m || !v) continue
    let [moved, length] = [0, 0]
    for (let i = 0; i < weights.length; i++) {
      moved += ((rate * m[i]!) / bias1 / (Math.sqrt(v[i]! / bias2) + eps)) ** 2
      length += weights[i]! ** 2
    }
    ratios.set(name, Math.sqrt(moved) / (Math.sqrt(length) || 1))
  }
  return ratios
}
