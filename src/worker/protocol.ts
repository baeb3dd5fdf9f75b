// What the page may ask of the worker, in groups, and what the worker tells the page. Types only: both sides compile against
// these. Each group is implemented by the object that does its work; lab.ts puts them together.
import type { BenchResult, BenchSize } from '../words/bench'
import type { Race } from '../words/race'
import type { CollectedSummary, Loading, ReadAs, TablePreview } from '../words/collecting'
import type { Config } from '../config/config'
import type { Problem } from '../config/validate'
import type { EngineInfo, KernelChoice } from '../engine'
import type { CleanReport, PersonalReport, Preparation, RecipeCalls } from '../words/recipe'
import type { Answer, Answers, BuiltInCorpus, CorpusInfo } from '../words/corpus'
import type { LinkChoice, LinkOffer, LinkTold, RoundedLosses } from '../words/link'
import type { LookCalls, SlotSource } from '../words/look'
import type { DemoCalls } from '../words/demo'
import type { ExportCalls } from '../words/exports'
import type { Forecast, Gates, GeneratedToken, LiveChange, RunEvent, RunStatus, SampleOptions } from '../words/run'
import type { PackedHistory } from '../words/history'
import type { ImportCalls, Importing, TrainingChoice, TrainingPlan } from '../words/imports'
import type { Curve, Origin, Space, UnreadableRun } from '../words/kept'
import type { Keyframe } from '../words/keyframes'
import type { TokenCalls, TokenizerState } from '../words/tokens'

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
  /** Gates that are not 1, with which it trains and writes; empty where all are 1. */
  gates: Gates
  /** Where its first weights came from, if another program made them. */
  imported: { from: string; format: string } | null
  /** It is weights alone, with no text to be trained on yet. */
  without_text: boolean
  starred: boolean
  /** Mean training loss of the last steps, nats a token; null where it is not known. */
  train_loss: number | null
  /** Where its first weights came from; null where they were drawn by chance, or that is not known. */
  origin: Origin | null
}

/** The run that the worker holds open. */
export interface OpenRun {
  run: RunSummary
  history: PackedHistory
  /** The newest save: its step, and when it was made, in milliseconds since 1970. Null before the first. */
  saved: { step: number; at: number } | null
  /** Set when another tab trains this run: it can be looked at and sampled, not changed. */
  readOnly: string | null
  /** Set when the run cannot be trained further as it stands (its last checkpoint is damaged, say). */
  broken: string | null
}

/** Why a run is not saved: the disk is full, the browser keeps nothing, or what `text` says. */
export interface SaveProblem {
  why: 'full' | 'refused' | 'other'
  text: string
}

/** What a run would cost, measured on this device with five steps on the run's own data. */
export interface Measurement {
  step_ms: number
  tokens_per_s: number
  compile_ms: number
  memory_bytes: number
  params: number
}

export type EnginePreference = 'auto' | 'gpu' | 'cpu'

/** Long work that can be cancelled, and what is told of how far each kind is. */
export interface Progress {
  /** A text on its way to become the current dataset. */
  loading: Loading
  /** Tokenizers learned to be looked at: the share that is done. */
  learning: number
  /** A search for leaks: the share that is done. */
  leaks: number
  /** A view that takes its time (looking inside): the share that is done. */
  looking: number
  /** A model of another program. */
  importing: Importing
  /** A measurement of the device. */
  bench: { phase: 'compile' | 'train' | 'generate'; done: number; total: number }
  /** What rounding a model for a link costs: the share that is measured. */
  rounding: number
  /** Text or answers written by the open run, which are told token by token instead. */
  writing: never
}
export type JobKind = keyof Progress

/** `at` is null once no work of this kind is under way. */
export type ProgressEvent = {
  [K in JobKind]: { type: 'progress'; job: K; at: Progress[K] | null }
}[JobKind]

/** What goes up, at most one message a frame. Events and answers reach the page in the order in which the worker gave them. */
export type LabEvent =
  /** The run that is open from now on, or none. What is told of a run comes after this. */
  | { type: 'open'; open: OpenRun | null }
  /** `run` is the id of the run it is about; compiling for a measurement is told of no run, ''. */
  | { type: 'run'; run: string; event: RunEvent }
  /** A run that is new in the list, or has changed. */
  | { type: 'kept'; run: RunSummary }
  /** The steps of a run that are kept to look back at, in order. */
  | { type: 'keyframes'; run: string; frames: readonly Keyframe[] }
  /** A run that is no longer in the list. */
  | { type: 'removed'; run: string }
  /** The runs that are kept and cannot be read. */
  | { type: 'unreadable'; runs: UnreadableRun[] }
  | { type: 'engine'; engine: EngineInfo; fallback: string | null }
  /** Which kernels this device computes with; empty until they have been measured. */
  | { type: 'kernels'; kernels: KernelChoice[] }
  /** How much is kept; `problem`: why the open run is not saved; `list_problem`: why kept runs cannot be read. */
  | {
      type: 'storage'
      used_bytes: number
      quota_bytes: number
      /** Whether the browser has promised not to clear it by itself. */
      persisted: boolean
      problem: SaveProblem | null
      list_problem: string | null
    }
  | ProgressEvent

/** How events cross the thread: by the port that answers take. */
export interface EventMessage {
  events: LabEvent[]
}

/**
 * The text that the next run is made of. Each call that returns a dataset makes it the current one, unless a newer such call or
 * `cancel('loading')` ends it with a CancelledError. What fails leaves the dataset that is there.
 */
export interface DataCalls {
  /** A built-in corpus; a generated one with settings and a seed of its own. */
  loadBuiltIn(
    id: string,
    made?: { settings?: Readonly<Record<string, number>>; seed?: number },
  ): Promise<DatasetSummary>
  /** Text that was typed or pasted. Throws CorpusError: empty, one character, binary, too large. */
  loadText(name: string, text: string): Promise<DatasetSummary>
  /** Files by their paths within what was dropped. Throws CorpusError where none can be read, or they are too many or too large. */
  loadFiles(files: readonly { name: string; data: Blob }[]): Promise<DatasetSummary>
  /** What stands at an http(s) address. Throws CorpusError: not reached, not allowed by the site, too large, nothing to read. */
  loadUrl(address: string): Promise<DatasetSummary>
  /** The dataset of a run, so that a new run can be grown from the same text. Throws CorpusError where its text is lost. */
  loadOfRun(id: string): Promise<DatasetSummary>
  /** The files in hand read as something else, and someone else of a chat made the assistant. Throws CorpusError. */
  readAs(as: ReadAs, assistant: string | null): Promise<DatasetSummary>
  /** Other columns of a table in hand. Throws CorpusError. */
  chooseColumns(part: string, columns: readonly string[]): Promise<DatasetSummary>
  /** Makes the current dataset anew from its text as it was collected. Throws CorpusError. */
  prepare(preparation: Preparation): Promise<DatasetSummary>
  /** Says under which licence one's own text stands. Throws CorpusError for a text that brought its licence along. */
  setLicence(licence: string): Promise<DatasetSummary>
  /** The first rows of a table in hand. Throws CorpusError. */
  previewTable(part: string): Promise<TablePreview>
  /**
   * The ladder of the current text with so much held out; null where nothing is. Throws SupersededError where the dataset changes
   * meanwhile.
   */
  ladder(val_fraction: number): Promise<TextLadder | null>
}

/**
 * The open run, and the settings of the next one. The calls that open a run are answered after the `open` event. They and `close`
 * throw StorageFullError where the run that is open cannot be saved; it stays open then.
 */
export interface RunCalls {
  /** What is wrong with this config for the current dataset (a block longer than the text, too big for the device, …). */
  check(config: Config): Promise<Problem[]>
  /** What this config would take of this device's memory, and compute, worked out and not tried. The config is valid. */
  forecast(config: Config): Promise<Forecast>
  /** Five real steps of this config on the current dataset, thrown away. */
  measure(config: Config): Promise<Measurement>
  /** A new run on the current dataset, opened and paused at step 0. Throws ConfigError. */
  create(spec: { name: string; config: Config; prompt: string; gates?: Gates | undefined }): Promise<void>
  /** Opens a kept run from its last checkpoint. Where another tab has it open, it can only be looked at until that tab lets go of it. */
  open(id: string): Promise<void>
  /** The same, unless another tab has it open: then nothing is opened. */
  openIfFree(id: string): Promise<void>
  /** The open run as it was when it validated best, as a run of its own that goes on from there. Throws CheckpointError. */
  openBest(name: string): Promise<void>
  /** A copy of the open run's weights (or fresh ones from another seed) at step 0, as a new run. */
  restart(how: { weights: 'same' | 'new'; config: Config; name: string }): Promise<void>
  /**
   * A kept step of a run (null: of the run that comes with the page) as a new run that goes on from there, with its curve up to there.
   * The moments of AdamW begin at zero. Throws CheckpointError.
   */
  fork(from: { run: string | null; step: number }, name: string): Promise<void>
  /** What training the open run's weights on the current text would be, read with the run's own tokenizer. Throws CorpusError. */
  planTuning(choice: TrainingChoice): Promise<TrainingPlan>
  /**
   * The open run's weights on the current text, read with the run's own tokenizer, as a new run at step 0. A context shorter than the
   * model's cuts its learned positions. Throws ConfigError, CorpusError.
   */
  tune(choice: TrainingChoice, name: string): Promise<void>
  close(): Promise<void>
  start(): Promise<void>
  /** Takes effect at the end of the step under way, then writes a checkpoint. */
  pause(): Promise<void>
  /** One update, then paused. */
  step(): Promise<void>
  /** Pauses and ends the run for good: status `finished`. */
  stop(): Promise<void>
  /** Saves what has come since the last save: the page is about to go. Training goes on. Nothing where no run is open. */
  save(): Promise<void>
  change(change: LiveChange): Promise<void>
  /**
   * Trains, writes and measures with these gates from the next step on, and marks that on the curve; none turns everything on again.
   * Throws ConfigError for gates that the model lacks; nothing changes then.
   */
  turn(gates: Gates): Promise<void>
  /** Sets the prompt of the live samples. */
  setPrompt(prompt: string): Promise<void>
  /**
   * How well the open run's held-out text is predicted by counting in the rest of it, nats a token: by blind guessing, then from
   * the last 0 to 4 tokens. Null where nothing is held out or the text is not here. Takes about a second for a book.
   */
  ladder(): Promise<number[] | null>
}

/** Runs on this device's disk. The list follows by `kept` and `removed` events, which come before the answer. */
export interface KeptCalls {
  rename(id: string, name: string): Promise<void>
  note(id: string, notes: string): Promise<void>
  star(id: string, starred: boolean): Promise<void>
  /** A run's curve, of at most 600 rows and 300 measurements; of the open run as it is now. Throws CheckpointError where it is not kept. */
  curve(id: string): Promise<Curve>
  duplicate(id: string): Promise<RunSummary>
  delete(id: string): Promise<void>
  /** Undo of a delete, until the tab closes. */
  restore(id: string): Promise<void>
  /** A .safetensors file with everything in it: weights, moments, text, history. */
  export(id: string): Promise<{ name: string; bytes: Uint8Array<ArrayBuffer> }>
  /** Throws CheckpointError. */
  import(bytes: ArrayBuffer): Promise<RunSummary>
  /** Everything of a run as it lies on the disk, in a .zip file: of one that cannot be read too. */
  exportRaw(id: string): Promise<Uint8Array<ArrayBuffer>>
  /** What takes how much of the disk, the largest first. Reads everything once. */
  space(): Promise<Space[]>
  /** Takes off the disk what no run needs. */
  free(): Promise<void>
}

/** Text that the open run writes, or without one the model that comes with the page, one at a time: a newer call or `cancel('writing')` ends an older one early, with what it has. */
export interface ChatCalls {
  /** Streams tokens; resolves when done or ended. Training, if under way, goes on between tokens. */
  generate(
    options: SampleOptions,
    onTokens: (tokens: GeneratedToken[]) => void,
  ): Promise<{ reason: Ending; unknown: string[] }>
  /**
   * Up to `count` questions from the held-out part of the open run's generated text, answered greedily and checked exactly; null
   * where the text is not a generated one.
   */
  checkAnswers(count: number, onAnswer: (answer: Answer, done: number, total: number) => void): Promise<Answers | null>
}

/** Why a text ended: long enough, a stop sequence, or a newer call or `cancel`. */
export type Ending = 'length' | 'stop' | 'cancelled'

/** Links made of a model, and opened. What a link says is believed only once it was read whole. */
export interface LinkCalls {
  /** What can go into a link of a model, and how long that is. The calls after it speak of the model as it was then. */
  describe(source: SlotSource): Promise<LinkOffer>
  /** What rounding its weights costs; null where its text is not at hand. Takes seconds; `cancel('rounding')` ends it. */
  losses(source: SlotSource): Promise<RoundedLosses | null>
  /** The fragment of a link. Throws LinkError where it would be too long. */
  make(source: SlotSource, choice: LinkChoice): Promise<string>
  /** SHA-256 of the open run's weights as they stand. */
  fingerprint(): Promise<{ step: number; sha256: string }>
  /** What a link carries. Nothing is fetched, kept or trained. Throws LinkError. */
  read(fragment: string): Promise<LinkTold>
  /** Keeps the model of a link as a run, and opens it. Throws LinkError. */
  openModel(fragment: string): Promise<RunSummary>
  /** Makes the link's text the current one, or the built-in one that it names; null where it has neither. Throws LinkError, CorpusError. */
  openText(fragment: string): Promise<DatasetSummary | null>
}

export interface DeviceCalls {
  /** Measures training steps of one of the bench's sizes; `cancel('bench')` ends it. A run that trains waits meanwhile. */
  bench(size: BenchSize, steps: number): Promise<BenchResult>
  /** About how many milliseconds a step of each valid config would take here, from a few small ones that are timed the first time. */
  stepTimes(configs: readonly Config[]): Promise<number[]>
  /** Times the same product on this device's adapter and on WebAssembly; null where either is missing. A run that trains waits meanwhile. */
  compare(): Promise<{ adapter: string; race: Race } | null>
  /** Nobody looks at the page, or its power is low: steps take one core from now on. False: as many as help. */
  rest(resting: boolean): Promise<void>
  /** Destroys the device as a driver reset would, to show that the run survives. */
  lose(): Promise<void>
}

/** What the page begins with. `fallback` says why it is the CPU, if it is. */
export interface Opened {
  engine: EngineInfo
  fallback: string | null
  runs: RunSummary[]
  unreadable: UnreadableRun[]
  corpora: BuiltInCorpus[]
}

/** The worker. Every call may throw one of the errors of errors.ts. */
export interface Lab {
  /** First call: opens the engine and the disk. */
  open(preference: EnginePreference): Promise<Opened>
  /** Ends long work of one kind: whoever waits for it gets a CancelledError, or what there is. Resolves when it has ended. */
  cancel(job: JobKind): Promise<void>
  /** Loads the files of all calls that nobody has made yet. What cannot be had now is loaded with its first call. */
  loadAll(): Promise<void>
  readonly data: DataCalls
  readonly recipe: RecipeCalls
  readonly tokens: TokenCalls
  readonly run: RunCalls
  readonly kept: KeptCalls
  readonly imports: ImportCalls
  readonly chat: ChatCalls
  readonly look: LookCalls
  readonly links: LinkCalls
  readonly demos: DemoCalls
  readonly exports: ExportCalls
  readonly device: DeviceCalls
}
