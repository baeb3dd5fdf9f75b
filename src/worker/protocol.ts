// What the page may ask of the worker and what the worker tells the page. Types only: both sides compile against these.
import type { BenchResult, BenchSize } from '../words/bench'
import type { CollectedSummary, Loading, ReadAs, TablePreview } from '../words/collecting'
import type { Config, Problem } from '../config'
import type { EngineInfo, KernelChoice } from '../engine'
import type {
  CleanPreview,
  CleanReport,
  CleanStep,
  LeakReport,
  PersonalFound,
  PersonalQuery,
  PersonalReport,
  Preparation,
} from '../words/recipe'
import type { Answer, Answers, BuiltInCorpus, CorpusInfo } from '../words/corpus'
import type {
  CheckpointMeta,
  Forecast,
  GeneratedToken,
  RunEvent,
  PackedHistory,
  RunStatus,
  SampleOptions,
} from '../words/run'
import type { TokenizerState, TokenizerCalls } from '../words/tokens'

/** A text read and tokenized, ready to train on. */
export interface DatasetSummary {
  corpus: CorpusInfo
  lines: number
  /** The 200 most frequent tokens of `vocab_size`. */
  alphabet: { token: string; count: number }[]
  tokenizer: TokenizerState['kind']
  vocab_size: number
  train_tokens: number
  val_tokens: number
  /** The first 2,000 characters. */
  excerpt: string
  /** What a person should know: characters replaced, lone surrogates, a text too short for the block. */
  notices: string[]
  /** How the text was made ready; null for a run's own text, which stays as the run reads it. */
  preparation: Preparation | null
  /** What each cleaning step of the preparation did, and what anonymising did. */
  reports: CleanReport[]
  personal: PersonalReport | null
  /** The text is the person's own, who can say what its licence is. */
  own: boolean
  /** What a person gave and how it was read; null for a text that comes with the page, and a run's own. */
  collected: CollectedSummary | null
  /** The same as a run's where both read alike. */
  tokenizer_key: string
}

/** How well a text's held-out part is predicted by blind guessing, then by 1- to 5-grams counted in the rest of it. */
export interface TextLadder {
  /** Nats a token. */
  nats: number[]
  bits_per_byte: number[]
}

/** One run as the list shows it. */
export interface RunSummary {
  id: string
  name: string
  created: number
  updated: number
  status: RunStatus
  step: number
  config: Config
  corpus: CorpusInfo
  /** How the run reads its text. */
  tokenizer: TokenizerState['kind']
  prompt: string
  notes: string
  params: number
  last_val_loss: number | null
  best_val_loss: number | null
  size_bytes: number
  tokenizer_key: string
  /** Bytes of held-out text to a token: what losses in nats a token become bits a byte by. Null where it is not known. */
  bytes_per_token: number | null
}

/** The run that the worker holds open. */
export interface OpenRun {
  run: RunSummary
  history: PackedHistory
  /** Set when another tab trains this run: it can be looked at and sampled, not changed. */
  readOnly: string | null
  /** Set when the run cannot be trained further as it stands (its last checkpoint is damaged, say). */
  broken: string | null
}

/** What a run would cost, measured on this device with five steps on the run's own data. */
export interface Measurement {
  step_ms: number
  tokens_per_s: number
  compile_ms: number
  memory_bytes: number
  params: number
}

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

export type EnginePreference = 'auto' | 'gpu' | 'cpu'

/** What goes up, at most one message a frame, in order. `run` is the id of the run it is about. */
export type LabEvent =
  | { run: string; event: RunEvent }
  | { runs: RunSummary[] }
  | { engine: EngineInfo; fallback: string | null }
  /** Which kernels this device computes with; empty until they have been measured. */
  | { kernels: KernelChoice[] }
  /** How far a text on its way is; null once it is there, or is no more to come. */
  | { loading: Loading | null }
  /** The share of a tokenizer on trial that is learned; null once none is being learned. */
  | { learning: number | null }
  | { storage: { used_bytes: number; quota_bytes: number; problem: string | null } }

/** The worker. Every call may throw one of the errors of errors.ts. */
export interface Lab extends TokenizerCalls {
  /** First call: opens the engine and the disk. `listen` gets every later event. `fallback` says why it is the CPU, if it is. */
  open(
    preference: EnginePreference,
    listen: (events: LabEvent[]) => void,
  ): Promise<{ engine: EngineInfo; fallback: string | null; runs: RunSummary[]; corpora: BuiltInCorpus[] }>

  // -- data
  // Each makes a text the current dataset, unless a newer call or `cancelLoading` ends it with a CancelledError. What fails
  // leaves the dataset that is there.
  /** A built-in corpus; a generated one with settings and a seed of its own. */
  loadCorpus(id: string, made?: { settings?: Readonly<Record<string, number>>; seed?: number }): Promise<DatasetSummary>
  /** Text that was typed or pasted. Throws CorpusError: empty, one character, binary, too large. */
  loadText(name: string, text: string): Promise<DatasetSummary>
  /** Files by their paths within what was dropped. Throws CorpusError where none can be read, or they are too many or too large. */
  loadFiles(files: readonly { name: string; file: Blob }[]): Promise<DatasetSummary>
  /** What stands at an http(s) address. Throws CorpusError: not reached, not allowed by the site, too large, nothing to read. */
  loadUrl(address: string): Promise<DatasetSummary>
  /** The files in hand read as something else, and someone else of a chat made the assistant. Throws CorpusError. */
  readAs(as: ReadAs, assistant: string | null): Promise<DatasetSummary>
  /** Other columns of a table in hand. Throws CorpusError. */
  chooseColumns(part: string, columns: readonly string[]): Promise<DatasetSummary>
  /** The first rows of a table in hand. Throws CorpusError. */
  previewTable(part: string): Promise<TablePreview>
  cancelLoading(): Promise<void>
  /** Makes the current dataset anew from its text as it was collected. Throws CorpusError, and keeps the dataset that is there. */
  prepare(preparation: Preparation): Promise<DatasetSummary>
  /** The dataset of a run, made current, so that a new run can be grown from the same text. */
  loadRunCorpus(id: string): Promise<DatasetSummary>
  /** The ladder of the current text with so much held out; null where nothing is, or another text is chosen meanwhile. */
  ladderOfText(val_fraction: number): Promise<TextLadder | null>
  /** Tries cleaning steps on the beginning of the collected text; null where a newer question came. Throws CorpusError. */
  previewClean(steps: readonly CleanStep[]): Promise<CleanPreview | null>
  /** Personal data in the collected text, up to 50 hits an answer; null where a newer question came. Throws CorpusError. */
  findPersonal(query: PersonalQuery): Promise<PersonalFound | null>
  /**
   * What of the current dataset's held-out part stands in its training part, with this share held out; null where a newer
   * question came, the text changed or `stopLeaks` ended it. `onProgress` is told the share that is done.
   */
  leaks(val_fraction: number, onProgress: (share: number) => void): Promise<LeakReport | null>
  stopLeaks(): Promise<void>
  /** Says under which licence one's own text stands. Throws CorpusError for a text that brought its licence along. */
  setLicence(licence: string): Promise<DatasetSummary>

  // -- a run
  /** What is wrong with this config for the current dataset (a block longer than the text, too big for the device, …). */
  check(config: Config): Promise<Problem[]>
  /** What this config would take of this device's memory, and compute, worked out and not tried. The config is valid. */
  forecast(config: Config): Promise<Forecast>
  /** Five real steps of this config on the current dataset, thrown away. */
  measure(config: Config): Promise<Measurement>
  /** A new run on the current dataset, opened and paused at step 0. */
  createRun(spec: { name: string; config: Config; prompt: string }): Promise<OpenRun>
  /** Opens a kept run from its last checkpoint. */
  openRun(id: string): Promise<OpenRun>
  start(): Promise<void>
  /** Takes effect at the end of the step under way, then writes a checkpoint. */
  pause(): Promise<void>
  /** One update, then paused. */
  step(): Promise<void>
  /** Pauses and ends the run for good: status `finished`. */
  stop(): Promise<void>
  change(change: LiveChange): Promise<void>
  /** A copy of the open run's weights (or fresh ones from another seed) at step 0, as a new run. */
  restart(how: { weights: 'same' | 'new'; config: Config; name: string }): Promise<OpenRun>
  /** The open run as it was when it validated best, as a run of its own that goes on from there. Throws CheckpointError. */
  openBest(name: string): Promise<OpenRun>
  /** Throws StorageFullError where the run cannot be saved; it stays open then. So do the calls that open another. */
  closeRun(): Promise<void>
  /**
   * How well the open run's held-out text is predicted by counting in the rest of it, nats a token: by blind guessing, then from
   * the last 0 to 4 tokens. Null where nothing is held out or the text is not here. Takes about a second for a book.
   */
  ladder(): Promise<number[] | null>

  // -- kept runs
  renameRun(id: string, name: string): Promise<void>
  noteRun(id: string, notes: string): Promise<void>
  duplicateRun(id: string): Promise<RunSummary>
  deleteRun(id: string): Promise<void>
  /** Undo of a delete, until the tab closes. */
  restoreRun(id: string): Promise<void>
  /** A .safetensors file with everything in it: weights, moments, text, history. */
  exportRun(id: string): Promise<{ name: string; bytes: Uint8Array<ArrayBuffer> }>
  /** Throws CheckpointError. */
  importRun(bytes: ArrayBuffer): Promise<RunSummary>

  // -- chat
  /** Streams tokens; resolves when done or stopped. Training, if under way, goes on between tokens. */
  generate(
    options: SampleOptions,
    onTokens: (tokens: GeneratedToken[]) => void,
  ): Promise<{ reason: 'length' | 'stop' | 'cancelled'; unknown: string[] }>
  stopGenerating(): Promise<void>
  /**
   * Up to `count` questions from the held-out part of the open run's generated text, answered greedily and checked exactly; null
   * where the text is not a generated one. `stopGenerating` ends it early, with the answers so far.
   */
  checkAnswers(count: number, onAnswer: (answer: Answer, done: number, total: number) => void): Promise<Answers | null>
  /** Sets the prompt of the live samples. */
  setPrompt(prompt: string): Promise<void>

  // -- device
  /** Milliseconds by dispatch label over one step of the open run, from timestamps; empty where the device has none. */
  profile(): Promise<{ label: string; ms: number; flops: number; bytes: number }[]>
  /** Measures training steps of one of the bench's sizes; null where `stopBench` came first. A run that trains waits meanwhile. */
  bench(
    size: BenchSize,
    steps: number,
    onProgress: (what: 'compile' | 'train' | 'generate', done: number, total: number) => void,
  ): Promise<BenchResult | null>
  stopBench(): Promise<void>
  /** Destroys the device as a driver reset would, to show that the run survives. */
  loseDevice(): Promise<void>
  /** Meta of the newest checkpoint of the open run. */
  checkpointMeta(): Promise<CheckpointMeta | null>
}
