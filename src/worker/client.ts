// The page's side of the worker: the only `new Worker`. A call crosses the thread under the name that it has in protocol.ts, none
// is written here; an error that comes back gets its class again by its name. Knows nothing of training.
import { proxy, transfer, wrap } from 'comlink'
import { revive } from '../errors'
import type { EventMessage, Lab, LabEvent } from './protocol'

export type { PackedHistory } from '../words/history'
export type {
  DatasetSummary,
  EnginePreference,
  JobKind,
  Lab,
  LabEvent,
  Measurement,
  OpenRun,
  Progress,
  RunSummary,
  SaveProblem,
  TextLadder,
} from './protocol'

/**
 * Starts the worker. `listen` gets every event, in order with the answers: by the same port. If the worker's script cannot be
 * loaded, or fails, the worker is ended, `died` is called, and every call is refused and says so.
 */
export function openLab(listen: (events: LabEvent[]) => void, died: (error: Error) => void = () => {}): Lab {
  // A worker does not know the page's address, which files beside the page are relative to: its name tells it.
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: document.baseURI })
  let failure: Error | null = null
  const waiting = new Set<(failure: Error) => void>()
  worker.addEventListener('error', (event) => {
    if (failure) return
    failure = new Error(
      `The worker stopped (${event.message || 'its script could not be loaded'}). Saved runs are kept.`,
    )
    // What is left of it would hold the run's lock.
    worker.terminate()
    for (const refuse of waiting) refuse(failure)
    died(failure)
  })
  worker.addEventListener('message', ({ data }: MessageEvent<Partial<EventMessage>>) => {
    if (data.events) listen(data.events)
  })

  const ask = (send: () => Promise<unknown>): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (failure) return reject(failure)
      waiting.add(reject)
      send()
        .then(resolve, (error: unknown) => reject(revive(error)))
        .finally(() => waiting.delete(reject))
    })
  const follow = (remote: Remote): unknown =>
    new Proxy(remote, {
      // A proxy with a `then` would be taken for a promise.
      get: (_, name) => (typeof name === 'symbol' || name === 'then' ? undefined : follow(remote[name]!)),
      apply: (_, __, given: unknown[]) => ask(() => remote(...given.map(carried))),
    })
  return follow(wrap(worker) as unknown as Remote) as Lab
}

/** Anything on the other side: a group of calls, or a call. */
interface Remote {
  (...given: unknown[]): Promise<unknown>
  readonly [name: string]: Remote
}

/** A callback stays here and is called from there; a buffer goes over instead of a copy. */
function carried(given: unknown): unknown {
  if (typeof given === 'function') return proxy(given)
  return given instanceof ArrayBuffer ? transfer(given, [given]) : given
}
