// Models of other programs on their way in: what dropped files are, what is in a model's, and the model as a run of weights alone. What
// reads the files is loaded when the first come.
import { CheckpointError, ImportError } from '../errors'
import { countParams } from '../params'
import type { NamedFile } from '../share/formats/file_like'
import type { HubOptions, HubPlace, Looked } from '../share/formats/hub'
import type { OpenedModel } from '../share/formats/read_model'
import { newRecord } from '../storage/run_record'
import { bytesOf, decoderPlan, meansOf, predictMemory, stateBlocks } from '../train/plan'
import { RunHistory } from '../words/history'
import type { FileKind, ImportCalls, Importing, ImportSummary } from '../words/imports'
import { bytes } from '../words/sizes'
import type { Desk, Job } from './desk'
import { unpack } from './transfer'
import type { Workbench } from './workbench'

/** Where a model is, until it is opened or forgotten. */
interface InHand {
  model: OpenedModel
  summary: ImportSummary
  /** Of the Hub: its weights are not here yet. */
  there: { place: HubPlace; looked: Looked } | null
}

export class Imports implements ImportCalls {
  readonly #workbench: Workbench
  readonly #desk: Desk<Importing>
  readonly #hub: { base: string | undefined; fetch: typeof fetch }
  #inHand: InHand | null = null

  constructor(workbench: Workbench, desk: Desk<Importing>, hub: { base?: string; fetch?: typeof fetch } = {}) {
    this.#workbench = workbench
    this.#desk = desk
    this.#hub = { base: hub.base, fetch: hub.fetch ?? ((...args) => fetch(...args)) }
  }

  async kinds(files: readonly { name: string; data: Blob }[]): Promise<FileKind[]> {
    const { verdictOf } = await import('../share/formats/named_files')
    const kinds: FileKind[] = []
    for (const file of files) kinds.push(await verdictOf(file))
    return kinds
  }

  async runs(file: { name: string; data: Blob }): Promise<string[]> {
    const { runsIn } = await import('../share/formats/named_files')
    const { store } = this.#workbench
    const added: string[] = []
    for (const data of await runsIn(file)) {
      const { record, text, progress } = await unpack(data)
      added.push((await this.#workbench.tellAdded(await store.save(record, text, progress))).name)
    }
    return added
  }

  read(files: readonly { name: string; data: Blob }[]): Promise<ImportSummary> {
    return this.#desk.begin(async (job) => {
      await this.#forget()
      await job.pause()
      const from = files.length === 1 ? files[0]!.name : folderOf(files)
      job.tell({ phase: 'look', name: from, done: 0, total: 0 })
      const { openModel } = await import('../share/formats/read_model')
      const model = await openModel(files)
      return this.#take(model, from, 0, null, job)
    })
  }

  look(address: string): Promise<ImportSummary> {
    return this.#desk.begin(async (job) => {
      await this.#forget()
      await job.pause()
      const [{ addressOf, hubPlace, HUB, lookAtHub }, { openModel }] = await Promise.all([
        import('../share/formats/hub'),
        import('../share/formats/read_model'),
      ])
      const base = this.#hub.base ?? HUB
      const place = hubPlace(address, base)
      job.tell({ phase: 'look', name: `${place.owner}/${place.name}`, done: 0, total: 0 })
      const looked = await lookAtHub(place, this.#hubOptions(base, job))
      try {
        const model = { ...(await openModel(looked.files)), name: place.name }
        const from = place.file === null ? `${base}/${place.owner}/${place.name}` : addressOf(place, place.file, base)
        return await this.#take(model, from, looked.size_bytes, { place, looked }, job)
      } finally {
        await looked.close()
      }
    })
  }

  async open(name: string): Promise<void> {
    const id = await this.#desk.begin(async (job) => {
      const inHand = this.#inHand
      if (!inHand) throw new ImportError('There is no model in hand any more. Choose its files again.')
      if (inHand.summary.problem !== null) throw new ImportError(inHand.summary.problem)
      const { importedCheckpoint, importedSpec } = await import('../share/formats/imported')
      const model = await this.#whole(inHand, job)
      const { from } = inHand.summary
      const spec = importedSpec({ ...model, name: name.trim() || model.name }, from)
      const tell = (done: number, total: number) => job.tell({ phase: 'read', name: from, done, total })
      const weights = await model.weights({ tell, pause: job.pause })
      const checkpoint = importedCheckpoint(spec, weights)
      job.tell({ phase: 'keep', name: spec.name, done: 0, total: 0 })
      await job.pause()
      const notes = [...model.notices, ...(model.numbers === null ? [] : [model.numbers])].join('\n')
      const record = { ...newRecord(spec, countParams(spec.config)), notes }
      const saved = await this.#workbench.store.save(record, null, {
        status: 'paused',
        reason: null,
        latest: checkpoint,
        best: null,
        last_val_loss: null,
        best_val_loss: null,
        history: new RunHistory(),
      })
      this.#inHand = null
      await this.#workbench.tellAdded(saved)
      return saved.id
    })
    await this.#workbench.openKept(id)
  }

  forget(): Promise<void> {
    return this.#forget()
  }

  async #forget(): Promise<void> {
    await this.#inHand?.there?.looked.close()
    this.#inHand = null
  }

  /** The model with its weights at hand: of the Hub they are fetched, and looked at anew as the files that they are. */
  async #whole({ model, summary, there }: InHand, job: Job<Importing>): Promise<OpenedModel> {
    if (!there) return model
    const [{ fetchFromHub, HUB }, { openModel }] = await Promise.all([
      import('../share/formats/hub'),
      import('../share/formats/read_model'),
    ])
    const files: NamedFile[] = await fetchFromHub(
      there.place,
      there.looked,
      this.#hubOptions(this.#hub.base ?? HUB, job),
    )
    const whole = await openModel(files)
    if (String(Object.values(whole.config)) !== String(Object.values(model.config)))
      throw new CheckpointError(`${summary.from} has changed since it was looked at. Look at it again.`)
    return { ...whole, name: model.name }
  }

  #hubOptions(base: string, job: Job<Importing>): HubOptions {
    return {
      fetch: this.#hub.fetch,
      base,
      signal: job.signal,
      tell: (at) => job.tell({ phase: 'fetch', ...at }),
    }
  }

  async #take(
    model: OpenedModel,
    from: string,
    to_fetch: number,
    there: InHand['there'],
    job: Job<Importing>,
  ): Promise<ImportSummary> {
    const { name, format, family, config, params, tokenizer, numbers, notices } = model
    const { importedSpec } = await import('../share/formats/imported')
    const spec = importedSpec(model, from)
    const means = meansOf(await this.#workbench.engines.engine())
    const state = stateBlocks(spec.config, means.maxBlock).blocks.weights
    const { shared, pass, next } = decoderPlan(spec.config)
    const blocks = [...state, ...shared, ...pass.blocks, ...next.blocks]
    const largest = blocks.reduce((a, b) => (b.size > a.size ? b : a))
    const problem =
      largest.size > means.maxBlock
        ? `Its ${largest.label} takes ${bytes(4 * largest.size)}, and this device holds ${bytes(4 * means.maxBlock)} in one piece.`
        : null
    const train = predictMemory({ ...spec.config, batch_size: 1 }, means).memory.total
    const summary: ImportSummary = {
      name,
      from,
      format,
      family,
      config,
      params,
      reads: tokenizer.kind,
      numbers,
      notices,
      memory: { open: bytesOf(blocks), train },
      problem,
      to_fetch,
    }
    await job.pause()
    this.#inHand = { model, summary, there }
    return summary
  }
}

/** The folder that files lie in, or the name of the first. */
function folderOf(files: readonly { name: string }[]): string {
  const first = files[0]?.name ?? ''
  const [folder] = first.split('/')
  return first.includes('/') && folder ? folder : first
}
