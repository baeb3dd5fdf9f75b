// The health of a model's tensors, as page and worker say it.

/** How the numbers of a tensor lie. */
export interface Spread {
  count: number
  mean: number
  /** Standard deviation. */
  std: number
  /** Edges of bins that hold equally many numbers each, from the least to the largest: `BINS` + 1 of them. */
  edges: Float32Array
}

/** A parameter. */
export interface TensorHealth extends Spread {
  name: string
  shape: readonly number[]
  /** ‖w‖. */
  norm: number
  /** ‖gradient‖ of the mean loss on the windows; null where no text is at hand. */
  gradient: number | null
  /** ‖update‖ / ‖w‖ of one step; null where it cannot be told. */
  update: number | null
}

/** An activation, over all windows. */
export interface ActivationHealth extends Spread {
  address: string
}

/** What `update` is: AdamW's last step from its moments; or how far the weights moved since the kept step before, for each step between. */
export type UpdateFrom = { from: 'moments' } | { from: 'step'; step: number } | null

export interface HealthTold {
  step: number
  /** Windows of held-out text, and tokens in each; 0 where no text is at hand. */
  windows: number
  window_tokens: number
  /** Mean loss on them, nats a token. */
  loss: number | null
  updateFrom: UpdateFrom
  tensors: TensorHealth[]
  activations: ActivationHealth[]
  /** Share of each layer's MLP neurons that said nothing on all windows, [L]. */
  dead: Float32Array
  /** Share of each head's rows with one weight above `SATURATED`, [L · NH]; the first rows, which have little choice, are left out. */
  saturated: Float32Array
}

/** A measure for each kept step and tensor, [steps · names], NaN where there is none. */
export interface HealthCourse {
  steps: number[]
  tensors: string[]
  activations: string[]
  spread: Float32Array
  gradient: Float32Array
  update: Float32Array
  activation: Float32Array
  /** [steps · L], [steps · L · NH]. */
  dead: Float32Array
  saturated: Float32Array
}

/** Bins of a histogram: each holds an equal share of the numbers. */
export const BINS = 20
/** A neuron is dead where its output is below this on every window: exactly 0 for ReLU², whose dead ones are. */
export const DEAD = 1e-3
/** A row of attention is saturated where one weight is above this. */
export const SATURATED = 0.99
/** An update of a thousandth of the weights is what goes well. */
export const GUIDE = 1e-3
