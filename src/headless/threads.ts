// Other threads for the WebAssembly engine in Node, as `worker_threads` starts them.
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Thread, Threads } from '../threads'

/** As many threads as there are cores beside this one's; none where `script`, shard_thread.ts as JavaScript, does not lie there. */
export function nodeThreads(script: URL, most = availableParallelism() - 1): Threads {
  return { most: existsSync(script) ? most : 0, start: () => startThread(script) }
}

function startThread(script: URL): Thread {
  const worker = new Worker(script)
  // The process may end although they wait for work.
  worker.unref()
  return {
    postMessage: (message, transfer) => worker.postMessage(message, transfer),
    listen(heard, died) {
      worker.on('message', heard)
      worker.on('error', (error) => died(error.message))
      worker.on('exit', (code) => died(`it ended with status ${code}`))
    },
    terminate: () => void worker.terminate(),
  }
}
