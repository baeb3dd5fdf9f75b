// The learning rate of a step, and the numbers that AdamW needs for it. Warm-up as in the golden runs and in nanoGPT:
// lr·(i + 1)/(warmup + 1) while i < warmup; then the schedule runs from the learning rate to its lowest over what is left.
import type { TrainConfig } from '../config/config'
import { HYPER, type Words } from '../engine'

/** Learning rate of step `i`, counted from 0. */
export function learningRate(c: TrainConfig, i: number): number {
  if (i < c.warmup_iters) return (c.learning_rate * (i + 1)) / (c.warmup_iters + 1)
  const fall = (share: number) => c.min_lr + share * (c.learning_rate - c.min_lr)
  const done = Math.min(1, (i - c.warmup_iters) / Math.max(1, c.max_iters - c.warmup_iters))
  switch (c.schedule) {
    case 'constant':
      return c.learning_rate
    case 'linear':
      return fall(1 - done)
    case 'cosine':
      return fall(0.5 * (1 + Math.cos(Math.PI * done)))
    case 'wsd': {
      const decay = c.decay_fraction * c.max_iters
      return fall(decay > 0 ? Math.min(1, Math.max(0, (c.max_iters - i) / decay)) : 1)
    }
  }
}

/** Fills the words of `hyper` for step `i`, counted from 0. Corrections are taken in double precision. */
export function fillHyper(hyper: Words, c: TrainConfig, i: number): void {
  hyper[HYPER.learning_rate] = learningRate(c, i)
  hyper[HYPER.weight_decay] = c.weight_decay
  hyper[HYPER.beta1] = c.beta1
  hyper[HYPER.beta2] = c.beta2
  hyper[HYPER.eps] = c.eps
  hyper[HYPER.bias1] = 1 - Math.pow(c.beta1, i + 1)
  hyper[HYPER.bias2] = 1 - Math.pow(c.beta2, i + 1)
  hyper[HYPER.grad_clip] = c.grad_clip
  hyper[HYPER.rest1] = 1 - c.beta1
  hyper[HYPER.rest2] = 1 - c.beta2
}
