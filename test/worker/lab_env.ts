// A worker without a thread, on an IndexedDB made of plain objects: `kill` is what closing the tab does to it.
import 'fake-indexeddb/auto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { defaultConfig } from '../../src/config/fields'
import type { Config } from '../../src/config/config'
import type { RunEvent } from '../../src/words/run'
import { decodeCheckpoint } from '../../src/storage/checkpoint'
import { RunStore } from '../../src/storage/runs'
import { LocalLab } from '../../src/worker/lab'
import type { EnginePreference, JobKind, LabEvent, OpenRun, Progress, RunCalls } from '../../src/worker/protocol'

export const TEXT = 'the quick brown fox jumps over the lazy dog. '.repeat(30)

export const tiny: Config = {
  ...defaultConfig(28),
  n_layer: 1,
  n_head: 2,
  n_kv_head: 2,
  n_embd: 16,
  n_inner: 32,
  block_size: 8,
  batch_size: 4,
  learning_rate: 1e-2,
  min_lr: 1e-3,
  warmup_iters: 5,
  max_iters: 40,
  eval_interval: 10,
  eval_iters: 2,
}

export interface Tab {
  lab: LocalLab
  store: RunStore
  events: LabEvent[]
  /** Resolves when an event of the open run satisfies `is`. */
  heard(is: (event: RunEvent) => boolean): Promise<RunEvent>
  /** From now on nothing of this tab reaches the disk. */
  kill(): Promise<void>
}

/** A file beside the page, from public/. */
export const fromPage = async (path: string) => new Uint8Array(await readFile(join('public', path)))
/** There is no file beside the page. */
export const noFile = () => Promise.reject(new Error('no network'))

const eventsOf = new WeakMap<LocalLab, LabEvent[]>()

/** A tab of the page on the disk `name`. */
export async function tab(
  name: string,
  preference: EnginePreference = 'cpu',
  gpu?: GPU,
  fetchFile: (path: string) => Promise<Uint8Array> = noFile,
): Promise<Tab> {
  const store = new RunStore(name)
  const events: LabEvent[] = []
  const waiting = new Set<() => void>()
  const listen = (more: LabEvent[]) => {
    events.push(...more)
    for (const look of waiting) look()
  }
  const lab = new LocalLab({ gpu, store, fetchFile, listen })
  eventsOf.set(lab, events)
  await lab.open(preference)
  const heard = (is: (event: RunEvent) => boolean) => {
    const from = events.length
    return new Promise<RunEvent>((resolve) => {
      const look = () => {
        for (const e of events.slice(from))
          if (e.type === 'run' && is(e.event)) {
            waiting.delete(look)
            resolve(e.event)
          }
      }
      waiting.add(look)
    })
  }
  const kill = async () => {
    store.save = () => Promise.reject(new Error('This tab is gone.'))
    await lab.device.lose()
  }
  return { lab, store, events, heard, kill }
}

let disks = 0
/** A disk that no other test has. */
export const disk = () => `disk-${process.pid}-${disks++}`

/** How far work of one kind was told to be. */
export function progressOf<K extends JobKind>(lab: LocalLab, job: K): (Progress[K] | null)[] {
  lab.flush()
  const told = eventsOf.get(lab)?.flatMap((event) => (event.type === 'progress' && event.job === job ? [event.at] : []))
  return (told ?? []) as (Progress[K] | null)[]
}

/** What the page was told last of the run that is open. */
function openIn(lab: LocalLab): OpenRun {
  lab.flush()
  const last = eventsOf.get(lab)?.findLast((event) => event.type === 'open')
  if (!last?.open) throw new Error('no run is open')
  return last.open
}
export async function openRun(lab: LocalLab, id: string): Promise<OpenRun> {
  await lab.run.open(id)
  return openIn(lab)
}
export async function createRun(lab: LocalLab, spec: Parameters<RunCalls['create']>[0]): Promise<OpenRun> {
  await lab.run.create(spec)
  return openIn(lab)
}
export async function restart(lab: LocalLab, how: Parameters<RunCalls['restart']>[0]): Promise<OpenRun> {
  await lab.run.restart(how)
  return openIn(lab)
}
export async function openBest(lab: LocalLab, name: string): Promise<OpenRun> {
  await lab.run.openBest(name)
  return openIn(lab)
}

/** A tab with a new run, open and paused at step 0. */
export async function withRun(name: string, change: Partial<Config> = {}, preference?: EnginePreference, gpu?: GPU) {
  const opened = await tab(name, preference, gpu)
  const { vocab_size } = await opened.lab.data.loadText('fox', TEXT)
  const config = { ...tiny, vocab_size, ...change }
  const { run } = await createRun(opened.lab, { name: 'fox', config, prompt: 'the ' })
  return { ...opened, id: run.id }
}

/** The same, trained to its end of `max_iters` steps. */
export async function withTrainedRun(name: string, change: Partial<Config> = {}, preference?: EnginePreference) {
  const opened = await withRun(name, change, preference)
  const ended = opened.heard(status('finished'))
  await opened.lab.run.start()
  await ended
  return opened
}

export const status = (wanted: string) => (event: RunEvent) => event.type === 'status' && event.status === wanted

/** Everything that must be the same bit for bit: weights, moments, losses. */
export async function bitsOf(lab: LocalLab, id: string) {
  const { checkpoint, extra } = decodeCheckpoint((await lab.kept.export(id)).bytes)
  // Times differ from run to run.
  const steps = Array.from(extra.history?.steps.rows() ?? [], (row) => ({ ...row, step_ms: 0 }))
  const meta = { ...checkpoint.meta, elapsed_s: 0 }
  return {
    meta,
    tensors: checkpoint.tensors,
    steps,
    evals: extra.history?.evals,
    samples: extra.history?.samples,
  }
}
