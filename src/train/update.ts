// The end of a step: the norm of all gradients, then AdamW on each arena; and how far that moved the weights. Recorded from tensors by address.
import type { Engine, Tensor, Work } from '../engine'
import type { Arena } from '../params'

/** Clips by the global norm and updates the weights; `t` finds arenas (`weights.0`, `grads.0`, …) and what is written each step. */
export function recordUpdate(engine: Engine, arenas: readonly Arena[], t: (label: string) => Tensor): Work[] {
  const common = { norm: t('norm') }
  const norms = arenas.flatMap((_, i) =>
    engine.ops.grad_norm.forward({
      name: `grads.${i}`,
      t: { ...common, grads: t(`grads.${i}`), partials: t('partials'), dice: t('dice'), ring: t('norm_ring') },
      attrs: { first: i, last: i === arenas.length - 1 },
    }),
  )
  const updates = arenas.flatMap(({ decayed }, i) =>
    engine.ops.adamw.forward({
      name: `weights.${i}`,
      t: {
        ...common,
        weights: t(`weights.${i}`),
        grads: t(`grads.${i}`),
        m: t(`m.${i}`),
        v: t(`v.${i}`),
        hyper: t('hyper'),
      },
      attrs: { decayed },
    }),
  )
  return [...norms, ...updates]
}

/** Writes ‖Δ‖ and ‖weights‖ of the last update to `update_norms`. */
export function recordRatio(engine: Engine, arenas: readonly Arena[], t: (label: string) => Tensor): Work[] {
  return arenas.flatMap(({ decayed }, i) =>
    engine.ops.update_norm.forward({
      name: `weights.${i}`,
      t: {
        weights: t(`weights.${i}`),
        m: t(`m.${i}`),
        v: t(`v.${i}`),
        hyper: t('hyper'),
        partials: t('update_partials'),
        norms: t('update_norms'),
      },
      attrs: { decayed, first: i, last: i === arenas.length - 1 },
    }),
  )
}
