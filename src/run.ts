// The words of one experiment, shared by every room: what a run is, what a step reports, what a checkpoint holds. Data only.
import type { Config } from './config'
import type { KernelChoice, SamplingOptions } from './engine'
import type { Anonymise, CleanStep, PiiKind } from './recipe'

/** One update's numbers. Losses in nats a token. */
export interface StepMetrics {
  step: number
  loss: number
  /** Global gradient norm before clipping. */
  grad_norm: number
  learning_rate: number
  /** Wall time of this step, averaged over the steps since the last report. */
  step_ms: number
  /** Tokens trained on so far. */
  tokens: number
}
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
/** What a run went through, oldest first. */
export interface RunHistory {
  steps: StepMetrics[]
  evals: EvalMetrics[]
  samples: Sample[]
  events: { step: number; text: string }[]
}

export const TOKENIZER_KINDS = ['char', 'byte', 'word', 'bpe'] as const

/** How a text was read. Saved with the run so that a resumed run reads it the same way. */
export interface TokenizerState {
  kind: (typeof TOKENIZER_KINDS)[number]
  /**
   * Every token by id, special ones too. Of `char`, one code point each; of `byte` and `bpe`, bytes in GPT-2's alphabet (a space is
   * Ġ), as tokenizer.json has them; of `word`, words and what stands between them.
   */
  vocab: string[]
  /** Of `bpe`: what was joined to what, in the order learned. */
  merges?: [string, string][] | undefined
  /** The tokens that stand for themselves wherever they are written (`SPECIAL`); ids are their places in `vocab`. */
  special?: string[] | undefined
}

/** Special tokens: where a document ends, who speaks next, and where a turn ends. Text from outside never makes one (src/data/chat_format.ts). */
export const SPECIAL = {
  end_of_text: '<|endoftext|>',
  system: '<|system|>',
  user: '<|user|>',
  assistant: '<|assistant|>',
  end: '<|end|>',
} as const

/** One turn of a conversation. */
export interface Message {
  role: 'system' | 'user' | 'assistant'
  content: string
}
/** A piece of collected text with a beginning and an end: a file, a row of a table, a conversation. */
export type Document = { text: string } | { messages: Message[] }

/** How a text is to be read: by a tokenizer made from it, of so many tokens, or by a given one. */
export type TokenizerChoice =
  { kind: 'char' | 'byte' } | { kind: 'word' | 'bpe'; vocab_size: number } | { kind: 'given'; state: TokenizerState }

/** What is done to a collected text before a model sees it, in this order. */
export interface Preparation {
  clean: readonly CleanStep[]
  anonymise: Anonymise | null
  split: Split
  tokenizer: TokenizerChoice
}

/** Where a run's text came from. The text itself is stored once, under its fingerprint. */
export interface CorpusInfo {
  name: string
  /** SHA-256 of the UTF-8 text, hex. */
  fingerprint: string
  characters: number
  licence: string
  /** By position where it is not said. */
  split?: Split | undefined
  card?: DatasetCard | undefined
}

/** What is held out: the end of the text, or whole documents, drawn by a seed. How much of it, `val_fraction` says. */
export type Split = { by: 'position' } | { by: 'document'; seed: number }

/** What a text is like, beside its CorpusInfo. Special tokens are no part of lines, words and characters here. */
export interface DatasetCard {
  /** What stands between white space, as wc counts. */
  words: number
  lines: number
  /** Code points of the longest line. */
  longest_line: number
  /** Of the lines that are not empty, the share that stood before. */
  duplicate_share: number
  /** Pieces with an end; 0 in plain text. */
  documents: number
  /** Documents that are conversations, and what is said in them. */
  conversations: number
  turns: number
  alphabet: {
    size: number
    /** Up to ten each: the most frequent first, and the rarest first. */
    frequent: CharacterCount[]
    rare: CharacterCount[]
  }
  /** ISO 639-3; null where it cannot be told. */
  language: string | null
  /** What was done to the text before, in order, and in how many places. */
  recipe: { step: CleanStep; count: number }[]
  /** How the text was made anonymous after that; not said where nobody looked for personal data. */
  anonymise?: Anonymise | undefined
  personal?: PersonalSummary | undefined
  /** Of a generated text. */
  generated?: GeneratedBy | undefined
}
/** How much personal data was found, and how much of it is still in the text, refused or kept. */
export interface PersonalSummary {
  kinds: { kind: PiiKind; found: number; went_through: number }[]
  dropped_lines: number
}
export interface CharacterCount {
  character: string
  count: number
}

/** A corpus that can be had without a network. */
export interface BuiltInCorpus {
  id: string
  name: string
  /** One sentence: what it is and what a model learns from it. */
  about: string
  licence: string
  /** Roughly, before it is loaded; of a generated one, with its settings at their defaults. */
  characters: number
  /** How a generated one can be made easier or harder. */
  settings?: readonly TaskSetting[]
}

/** What a generated text is made from, and made again. */
export interface GeneratedBy {
  task: string
  settings: Readonly<Record<string, number>>
  seed: number
}

/** A number that a generated corpus depends on; a switch goes from 0 to 1. */
export interface TaskSetting {
  name: string
  label: string
  min: number
  max: number
  step: number
  default: number
  about: string
}

/** A question from a generated text, what a model wrote to it, and what would have been right; null where nothing can be. */
export interface Answer {
  question: string
  written: string
  correct: boolean
  expected: string | null
}
/** How a model did on questions from its text. `held`: they stand in the part that it was not trained on. */
export interface Answers {
  step: number
  held: boolean
  answers: Answer[]
}

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
}

/** The numbers beside the weights of a checkpoint. `step` counts the updates made. */
export interface CheckpointMeta {
  format: 'glasshouse-checkpoint'
  version: 1
  step: number
  tokens: number
  /** Seconds spent training so far. */
  elapsed_s: number
  best_val_loss: number | null
  spec: RunSpec
  /** Which kernels computed, on which adapter: to go on from the same bit there, the same must. */
  kernels?: { adapter: string; choices: KernelChoice[] } | undefined
}
/** A model in the middle of training: weights under their names, AdamW's moments under `m.` + name and `v.` + name. */
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
  total: number
}

/** What a run would take and compute with each way of computing again; `flops` are those of one step. */
export type Forecast = Record<Config['recompute'], { memory: MemoryUse; flops: number }>

/** What the run strip shows. `finished`: max_iters reached. `failed`: stopped by an error, which `reason` tells. */
export type RunStatus = 'paused' | 'running' | 'finished' | 'failed'

/** What happens during a run, in order; goes up from the session to the page. */
export type RunEvent =
  | { type: 'step'; metrics: StepMetrics }
  | { type: 'eval'; metrics: EvalMetrics }
  | { type: 'sample'; sample: Sample }
  | { type: 'compile'; done: number; total: number }
  /** The first step since the run was opened: time from opening it, waiting for the start not counted, to the step computed. */
  | { type: 'first_step'; ms: number; compile_ms: number }
  | { type: 'checkpoint'; step: number; size_bytes: number }
  | { type: 'status'; status: RunStatus; step: number; reason?: string }
  /** Something a person should read: the run goes on. */
  | { type: 'notice'; level: 'info' | 'warning' | 'error'; message: string }

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
