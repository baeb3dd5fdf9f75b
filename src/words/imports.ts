// A model of another program on its way to be a run here, in words that page and worker share.
import type { ModelConfig } from '../config/config'
import type { TokenizerState } from './tokens'

/** What models can be opened: transformers' and llama.cpp's names for the mixes of architecture that one here can be. */
export const FAMILIES = ['gpt2', 'llama', 'arcee', 'starcoder2', 'stablelm'] as const
export type Family = (typeof FAMILIES)[number]

/** How far reading a model is; of `fetch` and `read` both count bytes, 0 in all where it is not known. */
export interface Importing {
  phase: 'look' | 'fetch' | 'read' | 'keep'
  /** What is worked on: a file or an address. */
  name: string
  done: number
  total: number
}

/** What dropped files are: runs that were exported here, the files of one model, or something else. */
export type FileKind = 'run' | 'model' | 'other'

/** What is in a model's files, told from their headers before any weight is read. */
export interface ImportSummary {
  name: string
  /** A file's name, or an address. */
  from: string
  /** `safetensors`, or `GGUF, Q8_0`. */
  format: string
  family: Family
  config: ModelConfig
  params: number
  reads: TokenizerState['kind']
  /** Why it reads numbers of tokens instead of text; null where it reads text. */
  numbers: string | null
  /** What a person should know before. */
  notices: string[]
  /** Bytes that it takes of the device to write and be looked into, and to be trained with a batch of one. */
  memory: { open: number; train: number }
  /** Why this device cannot open it; null where it can. */
  problem: string | null
  /** Bytes of weights that opening it fetches first; 0 of files in hand. */
  to_fetch: number
}

/** What training an imported model on the text in hand would be. */
export interface TrainingPlan {
  text: string
  /** Tokens that its own tokenizer makes of the text. */
  train_tokens: number
  val_tokens: number
  /** Bytes of the device. */
  memory: number
  /** What keeps it from being trained so, each with a way out. */
  problems: { field: string; message: string; fix?: unknown }[]
}

/** What of a model's settings can be chosen when it is trained on a text. */
export interface TrainingChoice {
  block_size: number
  batch_size: number
  max_iters: number
  learning_rate: number
}

/**
 * Models of other programs. Of each only the newest is in hand; `cancel('importing')` ends what is under way. Each may throw ImportError,
 * naming what cannot be one of ours, and CheckpointError for damaged files.
 */
export interface ImportCalls {
  /** What each file is, from its beginning. */
  kinds(files: readonly { name: string; data: Blob }[]): Promise<FileKind[]>
  /** Keeps the runs that were exported here and lie in a file or in a zip; returns their names. */
  runs(file: { name: string; data: Blob }): Promise<string[]>
  /** What is in the files of one model, told from their headers. */
  read(files: readonly { name: string; data: Blob }[]): Promise<ImportSummary>
  /** The same of a model of the Hugging Face Hub: OWNER/NAME or an address. Of its weights no more than their headers is fetched. */
  look(address: string): Promise<ImportSummary>
  /** The model in hand as a run of weights alone, kept and opened. Nothing for training is built. Throws StorageFullError. */
  open(name: string): Promise<void>
  /** Lets go of the model in hand. */
  forget(): Promise<void>
}
