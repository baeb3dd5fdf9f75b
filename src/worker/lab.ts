// The worker's side of protocol.ts: which object implements which group of calls, and what each is built with. Knows no thread:
// serve.ts puts it behind one.
import type { Threads } from '../threads'
import { RunStore } from '../storage/runs'
import { CorpusShelf } from './corpus_shelf'
import { Desk } from './desk'
import { KeptRuns } from './kept_runs'
import { LaterGroups } from './later'
import { Shipped } from './look/shipped'
import type { Slots } from './look/slots'
import { ModelShelf } from './models'
import { Outbox } from './outbox'
import type { EnginePreference, JobKind, Lab, LabEvent, Opened, Progress, ProgressEvent } from './protocol'
import { RunControl } from './run_control'
import { Workbench } from './workbench'

export interface LabOptions {
  /** The browser's `navigator.gpu`, or Dawn's in Node. */
  gpu: GPU | undefined
  /** Reads a file beside the page. */
  fetchFile: (path: string) => Promise<Uint8Array>
  /** Hears every event, in order. */
  listen: (events: LabEvent[]) => void
  store?: RunStore
  /** Where the Hugging Face Hub is, and how it is asked; the Hub itself, unless told. */
  hub?: { base?: string; fetch?: typeof fetch }
  /** Where the host has other threads. */
  threads?: Threads & { resting: boolean }
}

export class LocalLab implements Lab {
  readonly data: CorpusShelf
  readonly recipe: Lab['recipe']
  readonly tokens: Lab['tokens']
  readonly run: RunControl
  readonly kept: KeptRuns
  readonly imports: Lab['imports']
  readonly chat: Lab['chat']
  readonly look: Lab['look']
  readonly links: Lab['links']
  readonly demos: Lab['demos']
  readonly exports: Lab['exports']
  readonly device: Lab['device']
  readonly #later = new LaterGroups()
  readonly #outbox: Outbox
  readonly #desks: { [K in JobKind]: Desk<Progress[K]> }
  readonly #workbench: Workbench

  constructor({ gpu, fetchFile, listen, store = new RunStore(), hub, threads }: LabOptions) {
    this.#outbox = new Outbox(listen)
    const desk = <K extends JobKind>(job: K, calledOff?: string) =>
      new Desk<Progress[K]>(calledOff, (at) => this.#outbox.push({ type: 'progress', job, at } as ProgressEvent))
    const desks = (this.#desks = {
      loading: desk('loading'),
      learning: desk('learning', 'Learning was called off: what it would show is not known.'),
      leaks: desk('leaks'),
      looking: desk('looking', 'It was called off: what it would show is not known.'),
      importing: desk('importing'),
      bench: desk('bench'),
      rounding: desk('rounding', 'It was called off: what rounding costs is not known.'),
      writing: new Desk(),
    })
    const later = this.#later
    const begun = () => later.begun()
    const workbench = (this.#workbench = new Workbench(store, { gpu, threads }, this.#outbox, desks.writing, begun))
    this.data = new CorpusShelf({
      fetchText: async (path) => new TextDecoder().decode(await fetchFile(path)),
      textOfRun: (id) => workbench.textOf(id),
      loading: desks.loading,
      changed: (isOtherText) => {
        desks.leaks.supersede()
        if (isOtherText) desks.learning.supersede()
      },
    })
    this.recipe = later.group(async () => new (await import('./recipe_bench')).RecipeBench(this.data, desks.leaks))
    this.tokens = later.group(
      async () => new (await import('./tokenizer_bench')).TokenizerBench(this.data, desks.learning),
    )
    const shipped = new Shipped(fetchFile)
    const models = new ModelShelf(workbench, shipped)
    let made: Slots | null = null
    const slots = async () => {
      const { Slots } = await import('./look/slots')
      return (made ??= new Slots(workbench, shipped, models))
    }
    this.run = new RunControl(workbench, this.data, shipped)
    this.kept = new KeptRuns(workbench)
    this.imports = later.group(async () => new (await import('./imports')).Imports(workbench, desks.importing, hub))
    this.chat = later.group(async () => new (await import('./chat')).Chat(workbench, await slots(), desks.writing))
    this.demos = later.group(async () => new (await import('./demos')).Demos(models, workbench, fetchFile))
    this.look = later.group(
      async () => new (await import('./look/look')).Look(workbench, shipped, await slots(), desks.looking),
    )
    this.links = later.group(async () => {
      const { Links } = await import('./links')
      return new Links(workbench, { models, shipped, shelf: this.data }, desks.rounding)
    })
    this.exports = later.group(async () => new (await import('./exports')).Exports(workbench, models))
    this.device = later.group(
      async () => new (await import('./speed_bench')).SpeedBench(workbench, desks.bench, threads),
    )
  }

  async open(preference: EnginePreference): Promise<Opened> {
    // Side by side: a disk that does not answer is waited for once.
    const [opened, kept] = await Promise.all([this.#workbench.openEngine(preference), this.#workbench.list.read()])
    await this.#workbench.tellStorage()
    return { ...opened, ...kept, corpora: this.data.corpora }
  }

  loadAll(): Promise<void> {
    return this.#later.loadAll()
  }

  async cancel(job: JobKind): Promise<void> {
    await this.#later.begun()
    return this.#desks[job].cancel()
  }

  /** Sends the events that wait for their frame. */
  flush(): void {
    this.#outbox.flush()
  }
}
