// Real threads for tests of steps in shards: src/headless/shard_thread.ts, bundled as launch.mjs does it.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import type { Thread, Threads } from '../../src/threads'
import { nodeThreads } from '../../src/headless/threads'

let script: Promise<URL> | null = null
async function bundled(): Promise<URL> {
  const outfile = join(mkdtempSync(join(tmpdir(), 'shards-')), 'shard_thread.mjs')
  await build({
    entryPoints: ['src/headless/shard_thread.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'warning',
  })
  return pathToFileURL(outfile)
}

export interface Watched extends Threads {
  /** Shards that threads were asked for, and those that came back. */
  asked: number
  answered: number
  running: number
  /** Resolves when every thread that was started can compute. */
  ready(): Promise<unknown>
}

/** `most` threads beside the test's own; `touch` sees each as it is asked for shards. */
export async function realThreads(most: number, touch: (thread: Thread) => void = () => undefined): Promise<Watched> {
  const threads = nodeThreads(await (script ??= bundled()), most)
  const opening: Promise<void>[] = []
  const watched: Watched = {
    most,
    asked: 0,
    answered: 0,
    running: 0,
    ready: () => Promise.all(opening),
    start() {
      const thread = threads.start()
      watched.running++
      let opened = () => {}
      opening.push(new Promise((resolve) => (opened = resolve)))
      return {
        postMessage(message, transfer) {
          thread.postMessage(message, transfer)
          if (!('shards' in (message as object))) return
          watched.asked += (message as { shards: unknown[] }).shards.length
          touch(thread)
        },
        listen: (heard, died) =>
          thread.listen((message) => {
            heard(message)
            opened()
            if ('loss' in (message as object)) watched.answered++
          }, died),
        terminate() {
          watched.running--
          thread.terminate()
        },
      }
    },
  }
  return watched
}
