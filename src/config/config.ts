// What a run is made of, in nanoGPT's words: the shape of a model, and how it is trained. fields.ts describes each field.

export const POSITIONS = ['learned', 'rope', 'none'] as const
export const NORMS = ['layernorm', 'rmsnorm'] as const
export const MLPS = ['gelu', 'swiglu', 'relu2'] as const
export const RECOMPUTES = ['none', 'mlp', 'layer'] as const
export const PRECISIONS = ['f32', 'fast'] as const
export const SCHEDULES = ['constant', 'linear', 'cosine', 'wsd'] as const

/** The shape of a model. Sizes are counts; `vocab_size` comes from the tokenizer. */
export interface ModelConfig {
  n_layer: number
  n_head: number
  /** Key/value heads; equal to `n_head` for full attention, a divisor of it for grouped queries. */
  n_kv_head: number
  n_embd: number
  /** Width of the MLP's hidden layer. */
  n_inner: number
  block_size: number
  vocab_size: number
  dropout: number
  bias: boolean
  /** The output head shares the token embedding's weight. */
  tie: boolean
  position: (typeof POSITIONS)[number]
  norm: (typeof NORMS)[number]
  mlp: (typeof MLPS)[number]
  rope_theta: number
  norm_eps: number
}

/** How it is trained. Rates per step, intervals in steps. */
export interface TrainConfig {
  batch_size: number
  gradient_accumulation_steps: number
  learning_rate: number
  min_lr: number
  schedule: (typeof SCHEDULES)[number]
  warmup_iters: number
  max_iters: number
  /** WSD only: the share of `max_iters` at the end over which the rate falls to `min_lr`. */
  decay_fraction: number
  weight_decay: number
  beta1: number
  beta2: number
  eps: number
  /** Largest global gradient norm; 0 switches clipping off. */
  grad_clip: number
  label_smoothing: number
  /** What the backward computes again instead of keeping: nothing, the MLP of each layer, or the whole layer. */
  recompute: (typeof RECOMPUTES)[number]
  /** `fast`: products and attention may be made of 16-bit numbers, where the device has proved that it is right and faster. Weights and sums keep 32. */
  precision: (typeof PRECISIONS)[number]
  eval_interval: number
  eval_iters: number
  /** Share of the text, from its end, that is held out for validation. */
  val_fraction: number
  seed: number
}

export type Config = ModelConfig & TrainConfig
