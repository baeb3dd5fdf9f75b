// How long a run takes, from the time that a step was measured to take.
import type { Config } from '../../config/config'
import type { Measurement } from '../../worker/client'

/** What a forward pass costs of a whole step: one of three equal matrix products. */
const FORWARD_SHARE = 1 / 3

/** Seconds that `steps` steps take, validations included. */
export function secondsFor(config: Config, measured: Pick<Measurement, 'step_ms'>, steps = config.max_iters): number {
  const perStep =
    1 + (2 * FORWARD_SHARE * config.eval_iters) / Math.max(1, config.eval_interval) / config.gradient_accumulation_steps
  return (steps * measured.step_ms * perStep) / 1000
}
