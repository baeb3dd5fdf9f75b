// The runs on the disk under a person's hands: named, noted, copied, deleted, taken away as files and brought back.
import { transfer } from 'comlink'
import { CheckpointError } from '../errors'
import type { RunRecord } from '../storage/schema'
import type { Curve, Space } from '../words/kept'
import { curveOf } from './curve'
import type { KeptCalls, RunSummary } from './protocol'
import { summaryOf } from './summary'
import { pack, unpack } from './transfer'
import type { Workbench } from './workbench'

export class KeptRuns implements KeptCalls {
  readonly #workbench: Workbench

  constructor(workbench: Workbench) {
    this.#workbench = workbench
  }

  async rename(id: string, name: string): Promise<void> {
    const open = this.#workbench.openAs(id)
    open?.rename(name)
    const saved = (open?.isKept ?? true) ? await this.#workbench.store.rename(id, name) : null
    this.#edited(id, saved)
  }
  async note(id: string, notes: string): Promise<void> {
    const open = this.#workbench.openAs(id)
    open?.note(notes)
    const saved = (open?.isKept ?? true) ? await this.#workbench.store.note(id, notes) : null
    this.#edited(id, saved)
  }
  async star(id: string, starred: boolean): Promise<void> {
    const open = this.#workbench.openAs(id)
    open?.star(starred)
    const saved = (open?.isKept ?? true) ? await this.#workbench.store.star(id, starred) : null
    this.#edited(id, saved)
  }

  async curve(id: string): Promise<Curve> {
    return curveOf(this.#workbench.openAs(id)?.history ?? (await this.#workbench.store.history(id)))
  }

  async duplicate(id: string): Promise<RunSummary> {
    const { store } = this.#workbench
    const open = this.#workbench.openAs(id)
    if (open?.isUsable) await open.save()
    const { record } = open ?? (await store.load(id))
    return this.#workbench.tellAdded(await store.duplicate(id, `${record.spec.name} (copy)`))
  }

  async delete(id: string): Promise<void> {
    await this.#workbench.delete(id)
  }
  async restore(id: string): Promise<void> {
    const record = await this.#workbench.store.restore(id)
    if (record) await this.#workbench.tellAdded(record)
    else await this.#workbench.list.tellUnreadable()
  }

  /** Exports the newest state of the open run, so that a full disk keeps nobody from taking it away. */
  async export(id: string): Promise<{ name: string; bytes: Uint8Array<ArrayBuffer> }> {
    const open = this.#workbench.openAs(id)
    const { record, text, history, checkpoint } = await (open?.newest() ?? this.#workbench.store.load(id))
    if (!checkpoint)
      throw new CheckpointError('None of this run’s checkpoints can be read, so there is nothing to export.')
    const file = pack(checkpoint, record, text, history)
    return transfer(file, [file.bytes.buffer])
  }
  async import(bytes: ArrayBuffer): Promise<RunSummary> {
    const { record, text, progress } = await unpack(new Uint8Array(bytes))
    return this.#workbench.tellAdded(await this.#workbench.store.save(record, text, progress))
  }

  async exportRaw(id: string): Promise<Uint8Array<ArrayBuffer>> {
    const zip = await this.#workbench.store.exportRaw(id)
    return transfer(zip, [zip.buffer])
  }

  space(): Promise<Space[]> {
    return this.#workbench.store.space()
  }
  async free(): Promise<void> {
    await this.#workbench.store.free()
    await this.#workbench.tellStorage()
  }

  /** Tells the page of a run that has another name or other notes: as it is in memory where this tab trains it. */
  #edited(id: string, record: RunRecord | null): void {
    const open = this.#workbench.openAs(id)
    const summary = open?.readOnly === null ? open.summary : record && summaryOf(record)
    if (summary) this.#workbench.list.changed(summary)
  }
}
