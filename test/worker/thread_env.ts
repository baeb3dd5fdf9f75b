// A message channel in place of the worker's thread, so that the page's side meets the real worker in one process.
import 'fake-indexeddb/auto'
import { vi } from 'vitest'
import { RunStore } from '../../src/storage/runs'
import { serve } from '../../src/worker/serve'
import { disk, noFile } from './lab_env'

export interface Thread {
  url: URL
  options: WorkerOptions | undefined
  worker: EventTarget
  store: RunStore
}

let ports: MessagePort[] = []

/** `new Worker` starts the lab on a disk of its own from now on, and says so in the list that comes back. */
export function stubWorker(): Thread[] {
  const made: Thread[] = []
  vi.stubGlobal(
    'Worker',
    class extends EventTarget {
      readonly #port: MessagePort
      constructor(url: URL, options?: WorkerOptions) {
        super()
        const { port1, port2 } = new MessageChannel()
        ports.push(port1, port2)
        this.#port = port1
        port1.onmessage = ({ data }) => this.dispatchEvent(new MessageEvent('message', { data }))
        const store = new RunStore(disk())
        serve({ gpu: undefined, fetchFile: noFile, store }, port2)
        made.push({ url, options, worker: this, store })
      }
      terminate() {
        this.#port.close()
      }
      postMessage(message: unknown, transfer: Transferable[] = []) {
        this.#port.postMessage(message, transfer)
      }
    },
  )
  return made
}

/** Hangs up: an open port keeps the process alive. */
export function closeThreads(): void {
  for (const port of ports) port.close()
  ports = []
}
