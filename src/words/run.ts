// The words of one experiment, shared by every room: what a run is, what a step reports, what a checkpoint holds. Data only.
import type { Config } from '../config/config'
import type { KernelChoice, SamplingOptions } from '../engine'
import type { StepMetrics } from './columns'
import type { CorpusInfo } from './corpus'
import type { TokenizerState } from './tokens'

/** A measurement on held-out text. `step` counts the updates made before it. */
export interface EvalMetrics {
  step: number
  val_loss: number
  /** Mean training loss of the steps since the measurement before; null before the first step. */
  train_loss: number | null
  /** How far the last update moved the weights, as a share of their length; absent before the first, and in older runs. */
  update_ratio?: number | undefined
}

/** Text that the model wrote at `step`, with the probability of each token when it was chosen. */
export interface Sample {
  step: number
  prompt: string
  tokens: string[]
  probabilities: number[]
}

/** Something that happened to a run at `step`, as its curve shows it. No two marks of a run have one `id`; later ones have higher ones. */
export interface Mark {
  id: number
  step: number
  text: string
}

/**
 * Multipliers of a model's parts by the address of their set (src/model/gates.ts), each as long as the set; an absent set is 1
 * throughout.
 */
export type Gates = Readonly<Record<string, readonly number[]>>

/** Everything needed to build a session, and nothing about how far it got. */
export interface RunSpec {
  name: string
  config: Config
  corpus: CorpusInfo
  tokenizer: TokenizerState
  /** What samples start from. */
  prompt: string
  /** Bytes of text to a token, of what is held out, or of all where nothing is; absent in older runs. */
  bytes_per_token?: number | undefined
  /** Gates that are not 1: the model trains, writes and is measured with them; absent where all are 1. */
  gates?: Gates | undefined
  /** Where its first weights came from, if another program made them: a file's name or an address, and the format. */
  imported?: { from: string; format: string } | undefined
}

/** A model that was brought here as weights alone: there is no text that it could be trained on as it stands. */
export const isWithoutText = ({ imported, corpus }: Pick<RunSpec, 'imported' | 'corpus'>) =>
  imported !== undefined && corpus.characters === 0

/** The numbers beside the weights of a checkpoint. `step` counts the updates made. */
export interface CheckpointMeta {
  format: 'glasshouse-checkpoint'
  /** 3: weights alone, without AdamW's moments. Nothing trains from it before it is given some. */
  version: 2 | 3
  step: number
  tokens: number
  /** Seconds spent training so far. */
  elapsed_s: number
  best_val_loss: number | null
  /** The training losses since the last evaluation, added up, and how many; absent in older checkpoints. */
  recent?: { sum: number; count: number } | undefined
  spec: RunSpec
  /** Which kernels computed, on which adapter: to go on from the same bit there, the same must. */
  kernels?: { adapter: string; choices: KernelChoice[] } | undefined
}

/**
 * A model in the middle of training: weights under their names, AdamW's moments under `m.` + name and `v.` + name. Of version 3, the
 * weights alone.
 */
export interface Checkpoint {
  meta: CheckpointMeta
  tensors: Map<string, { shape: readonly number[]; data: Float32Array }>
}

/** What a run takes of a device's memory, in bytes. `evaluation` is 0 where the step's activations serve it too. */
export interface MemoryUse {
  weights: number
  gradients: number
  /** AdamW's two. */
  moments: number
  /** The batch, and the tables and numbers that go with it. */
  inputs: number
  /** With their gradients. */
  activations: number
  evaluation: number
  /** Caches and activations of whoever writes the samples. */
  decoder: number
  /** What other threads take, where they compute shards of a batch. */
  threads: number
  total: number
}

/** What a run would take and compute with each way of computing again; `flops` are those of one step. */
export type Forecast = Record<Config['recompute'], { memory: MemoryUse; flops: number }>

/** Fields of a running config that take hold at the next step. */
export type LiveChange = Partial<
  Pick<
    Config,
    | 'learning_rate'
    | 'min_lr'
    | 'schedule'
    | 'warmup_iters'
    | 'max_iters'
    | 'decay_fraction'
    | 'weight_decay'
    | 'beta1'
    | 'beta2'
    | 'eps'
    | 'grad_clip'
    | 'dropout'
    | 'recompute'
    | 'precision'
    | 'eval_interval'
    | 'eval_iters'
  >
>

/** What the run strip shows. `finished`: max_iters reached. `failed`: stopped by an error, which `reason` tells. */
export type RunStatus = 'paused' | 'running' | 'finished' | 'failed'

/** How many cores compute a step from now on; and why a thread that computed beside the others is gone, which cost the run nothing. */
export type ThreadEvent = { type: 'cores'; cores: number } | { type: 'thread_lost'; text: string }

/** What happens during a run, in order; goes up from the session to the page. */
export type RunEvent =
  | { type: 'step'; metrics: StepMetrics }
  | { type: 'eval'; metrics: EvalMetrics }
  | { type: 'sample'; sample: Sample }
  | { type: 'compile'; done: number; total: number }
  /** The first step since the run was opened: time from opening it, waiting for the start not counted, to the step computed. */
  | { type: 'first_step'; ms: number; compile_ms: number }
  | ThreadEvent
  | { type: 'checkpoint'; step: number; size_bytes: number }
  | { type: 'status'; status: RunStatus; step: number; reason?: string }
  /** Something a person should read: the run goes on. */
  | { type: 'notice'; level: 'info' | 'warning' | 'error'; mark: Mark }

/** How to write text. Probabilities are taken after temperature, before top-k and top-p cut. */
export interface SampleOptions extends SamplingOptions {
  prompt: string
  max_tokens: number
  seed: number
  /** Ends the text when it appears; it is not part of the text. */
  stop: string[]
}

/** One token as it is written. */
export interface GeneratedToken {
  text: string
  id: number
  probability: number
}
