// The worker's side of protocol.ts: which object implements which group of calls, and what each is built with. Knows no thread:
// serve.ts puts it behind one.
import type { Threads } from '../threads'
import { RunStore } from '../storage/runs'
import { Chat } from './chat'
import { CorpusShelf } from './corpus_shelf'
import { Demos } from './demos'
import { Desk } from './desk'
import { Exports } from './exports'
import { KeptRuns } from './kept_runs'
import { Links } from './links'
import { Look } from './look/look'
import { Shipped } from './look/shipped'
import { Slots } from './look/slots'
import { ModelShelf } from './models'
import { Outbox } from './outbox'
import type { EnginePreference, JobKind, Lab, LabEvent, Opened, Progress, ProgressEvent } from './protocol'
import { RecipeBench } from './recipe_bench'
import { RunControl } from './run_control'
import { SpeedBench } from './speed_bench'
import { TokenizerBench } from './tokenizer_bench'
import { Workbench } from './workbench'

export interface LabOptions {
  /** The browser's `navigator.gpu`, or Dawn's in Node. */
  gpu: GPU | undefined
  /** Reads a file beside the page. */
  fetchFile: (path: string) => Promise<Uint8Array>
  /** Hears every event, in order. */
  listen: (events: LabEvent[]) => void
  store?: RunStore
  /** Where the host has other threads. */
  threads?: Threads & { resting: boolean }
}

export class LocalLab implements Lab {
  readonly data: CorpusShelf
  readonly recipe: RecipeBench
  readonly tokens: TokenizerBench
  readonly run: RunControl
  readonly kept: KeptRuns
  readonly chat: Chat
  readonly look: Look
  readonly links: Links
  readonly demos: Demos
  readonly exports: Exports
  readonly device: SpeedBench
  readonly #outbox: Outbox
  readonly #desks: { [K in JobKind]: Desk<Progress[K]> }
  readonly #workbench: Workbench

  constructor({ gpu, fetchFile, listen, store = new RunStore(), threads }: LabOptions) {
    this.#outbox = new Outbox(listen)
    const desk = <K extends JobKind>(job: K, calledOff?: string) =>
      new Desk<Progress[K]>(calledOff, (at) => this.#outbox.push({ type: 'progress', job, at } as ProgressEvent))
    const desks = (this.#desks = {
      loading: desk('loading'),
      learning: desk('learning', 'Learning was called off: what it would show is not known.'),
      leaks: desk('leaks'),
      looking: desk('looking', 'It was called off: what it would show is not known.'),
      bench: desk('bench'),
      rounding: desk('rounding', 'It was called off: what rounding costs is not known.'),
      writing: new Desk(),
    })
    const workbench = (this.#workbench = new Workbench(store, { gpu, threads }, this.#outbox, desks.writing))
    this.data = new CorpusShelf({
      fetchText: async (path) => new TextDecoder().decode(await fetchFile(path)),
      textOfRun: (id) => workbench.textOf(id),
      loading: desks.loading,
      changed: (isOtherText) => {
        desks.leaks.supersede()
        if (isOtherText) desks.learning.supersede()
      },
    })
    this.recipe = new RecipeBench(this.data, desks.leaks)
    this.tokens = new TokenizerBench(this.data, desks.learning)
    const shipped = new Shipped(fetchFile)
    const models = new ModelShelf(workbench, shipped)
    const slots = new Slots(workbench, shipped, models)
    this.run = new RunControl(workbench, this.data, shipped)
    this.kept = new KeptRuns(workbench)
    this.chat = new Chat(workbench, slots, desks.writing)
    this.demos = new Demos(models, workbench, fetchFile)
    this.look = new Look(workbench, shipped, slots, desks.looking)
    this.links = new Links(workbench, { models, shipped, shelf: this.data }, desks.rounding)
    this.exports = new Exports(workbench, models)
    this.device = new SpeedBench(workbench, desks.bench, threads)
  }

  async open(preference: EnginePreference): Promise<Opened> {
    // Side by side: a disk that does not answer is waited for once.
    const [opened, kept] = await Promise.all([this.#workbench.openEngine(preference), this.#workbench.list.read()])
    await this.#workbench.tellStorage()
    return { ...opened, ...kept, corpora: this.data.corpora }
  }

  cancel(job: JobKind): Promise<void> {
    return this.#desks[job].cancel()
  }

  /** Sends the events that wait for their frame. */
  flush(): void {
    this.#outbox.flush()
  }
}
