// Other threads for the WebAssembly engine in a browser: workers of the worker, of which no header of the host is asked. One core stays with the
// page. While nobody looks, or the battery runs low, the worker computes alone.
import type { Thread, Threads } from '../threads'

/** More workers than this save nothing: no step has more shards. */
const MOST = 7

export class BrowserThreads implements Threads {
  /** Nobody looks at the page, or its power is to be saved. */
  resting = false

  /** The cores that the browser tells of, without the page's and the worker's own. */
  get most(): number {
    if (this.resting || typeof Worker === 'undefined') return 0
    return Math.max(0, Math.min(MOST, navigator.hardwareConcurrency - 2))
  }

  start(): Thread {
    const worker = new Worker(new URL('./shard_thread.ts', import.meta.url), { type: 'module' })
    return {
      postMessage: (message, transfer) => worker.postMessage(message, transfer),
      listen(heard, died) {
        worker.addEventListener('message', ({ data }) => heard(data))
        worker.addEventListener('error', ({ message }) => died(message || 'its script could not be loaded'))
      },
      terminate: () => worker.terminate(),
    }
  }
}
