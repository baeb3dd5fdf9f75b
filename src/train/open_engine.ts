// Which engine computes: the GPU where there is one, else the processor, or the one asked for. On the processor that is WebAssembly where it
// runs and agrees with the reference, and plain JavaScript where it does not.
import { openCpu } from '../cpu/engine'
import type { Engine } from '../engine'
import { NoWebGpuError } from '../errors'
import type { TuneOptions } from '../gpu/autotune'
import { openGpu } from '../ops/engine'

export interface Opened {
  engine: Engine
  /** Why it is not the engine that one would rather have, in a sentence or two. */
  fallback: string | null
}

/**
 * Opens an engine. `auto` falls back to the processor and says why in `fallback`; `gpu` throws NoWebGpuError instead. `cpu` is the fastest
 * on the processor, `javascript` the reference. `gpu` is the browser's `navigator.gpu` or Dawn's in Node; `options` say how kernels are chosen.
 */
export async function openEngine(
  preference: 'auto' | 'gpu' | 'cpu' | 'javascript',
  gpu: GPU | undefined = globalThis.navigator?.gpu,
  options: TuneOptions = {},
): Promise<Opened> {
  if (preference === 'javascript') return { engine: openCpu(), fallback: null }
  if (preference === 'cpu') return onProcessor()
  try {
    return { engine: await openGpu({ gpu, ...options }), fallback: null }
  } catch (error) {
    if (preference === 'gpu' || !(error instanceof NoWebGpuError)) throw error
    const { engine, fallback } = await onProcessor()
    return { engine, fallback: `${error.message} ${fallback ?? 'WebAssembly computes on the processor instead.'}` }
  }
}

/** The comparison is made once in a worker's life. */
let compared = false

/** WebAssembly, or plain JavaScript and why. */
async function onProcessor(): Promise<Opened> {
  const instead = (why: string) => ({
    engine: openCpu(),
    fallback: `${why} Plain JavaScript computes instead: slower, the same mathematics.`,
  })
  try {
    // Loaded when it is needed: a page with a GPU never asks for it.
    const [{ openWasm, whyNoWasm }, { disagreement }] = await Promise.all([
      import('../wasm/engine'),
      import('./agrees'),
    ])
    const missing = whyNoWasm()
    if (missing !== null) return instead(missing)
    const engine = openWasm()
    const wrong = compared ? null : await disagreement(engine, openCpu())
    compared ||= wrong === null
    if (wrong === null) return { engine, fallback: null }
    engine.destroy()
    return instead(`WebAssembly computes wrong numbers here: ${wrong}.`)
  } catch (error) {
    return instead(
      `WebAssembly does not run here: ${(error instanceof Error ? error.message : String(error)).replace(/\.$/, '')}.`,
    )
  }
}
