// Which engine computes: the GPU where there is one, else the processor, or the one asked for. On the processor that is WebAssembly where it
// runs and agrees with the reference, and plain JavaScript where it does not. A GPU that is a program on the processor is none, and one
// of which nothing is known is measured.
import type { Engine, EngineInfo } from '../engine'
import type { Threads } from '../threads'
import { NoWebGpuError } from '../errors'
import type { TuneOptions } from '../gpu/autotune'
import type { DeviceOptions } from '../gpu/device'
import { raceInWords, type Race } from '../words/race'
import { race } from './race'

export interface Opened {
  engine: Engine
  /** Why it is not the engine that one would rather have, in a sentence or two. */
  fallback: string | null
}

export interface EngineOptions extends TuneOptions {
  /** `auto` takes a software adapter too: it is slower than WebAssembly, but it runs the kernels of the GPU. */
  software?: boolean
  /** Other threads that WebAssembly may compute on. */
  threads?: Threads
}

/**
 * Opens an engine. `auto` falls back to the processor and says why in `fallback`; `gpu` throws NoWebGpuError instead. `cpu` is the fastest
 * on the processor, `javascript` the reference. `gpu` is the browser's `navigator.gpu` or Dawn's in Node;
 */
export async function openEngine(
  preference: 'auto' | 'gpu' | 'cpu' | 'javascript',
  gpu: GPU | undefined = globalThis.navigator?.gpu,
  { software = false, threads, ...options }: EngineOptions = {},
): Promise<Opened> {
  if (preference === 'javascript') return { engine: await openJavaScript(), fallback: null }
  if (preference === 'cpu') return onProcessor(threads)
  try {
    const engine = await openGpu({ gpu, ...options })
    return preference === 'auto' && !software && !isKnown(engine.info)
      ? await faster(engine, threads)
      : { engine, fallback: null }
  } catch (error) {
    if (preference === 'gpu' || !(error instanceof NoWebGpuError)) throw error
    const { engine, fallback } = await onProcessor(threads)
    return { engine, fallback: `${error.message} ${fallback ?? 'WebAssembly computes on the processor instead.'}` }
  }
}

/** Makers of GPUs, as browsers name them. Whoever says another name, or none, is measured; programs on the processor say what they are. */
const MAKERS = /nvidia|amd|\bati\b|intel|apple|\barm\b|qualcomm|img|imagination|samsung|broadcom/i
const isKnown = ({ software, vendor, name }: EngineInfo) => !software && MAKERS.test(`${vendor} ${name}`)

/** WebAssembly in place of a software adapter, and of one that is slower here; the adapter where WebAssembly does not run. */
async function faster(gpu: Engine, threads: Threads | undefined): Promise<Opened> {
  const processor = await onProcessor(threads)
  const why = processor.fallback === null ? await whySlower(gpu, processor.engine) : null
  if (why === null) {
    processor.engine.destroy()
    return { engine: gpu, fallback: null }
  }
  gpu.destroy()
  return { engine: processor.engine, fallback: `${why} With “WebGPU only” the adapter is used all the same.` }
}

/** Why WebAssembly should compute in place of an adapter; null where the adapter is faster. */
async function whySlower(gpu: Engine, processor: Engine): Promise<string | null> {
  const { name, software } = gpu.info
  if (software)
    return `The graphics adapter here, ${name}, is no GPU but a program on the processor. WebAssembly computes there several times faster, so it does.`
  try {
    const measured = await race(gpu, processor)
    if (measured.gpu_ms <= measured.processor_ms) return null
    return `The graphics adapter here, ${name}, is slower than the processor, so WebAssembly computes. ${raceInWords(measured, 'the adapter')}`
  } catch (error) {
    return `The graphics adapter here, ${name}, failed at its first product (${messageOf(error)}), so WebAssembly computes.`
  }
}

/** The adapter against WebAssembly, both opened for it; null where either is missing. */
export async function compare(gpu: GPU | undefined): Promise<{ adapter: string; race: Race } | null> {
  const processor = await onProcessor(undefined)
  try {
    if (processor.fallback !== null) return null
    const engine = await openGpu({ gpu })
    try {
      return { adapter: engine.info.name, race: await race(engine, processor.engine) }
    } finally {
      engine.destroy()
    }
  } catch (error) {
    if (error instanceof NoWebGpuError) return null
    throw error
  } finally {
    processor.engine.destroy()
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error)).replace(/\.$/, '')

/** The comparison is made once in a worker's life. */
let compared = false

/** The GPU's kernels are loaded where there may be a GPU. Throws NoWebGpuError. */
async function openGpu(options: DeviceOptions & TuneOptions): Promise<Engine> {
  if (!options.gpu) throw new NoWebGpuError('This browser has no WebGPU.')
  return (await import('../ops/engine')).openGpu(options)
}

const openJavaScript = async () => (await import('../cpu/engine')).openCpu()

/** WebAssembly, or plain JavaScript and why. */
async function onProcessor(threads: Threads | undefined): Promise<Opened> {
  const instead = async (why: string) => ({
    engine: await openJavaScript(),
    fallback: `${why} Plain JavaScript computes instead: slower, the same mathematics.`,
  })
  try {
    // Loaded when it is needed: a page with a GPU never asks for it.
    const [{ openWasm, whyNoWasm }, { disagreement }] = await Promise.all([
      import('../wasm/engine'),
      import('./agrees'),
    ])
    const missing = whyNoWasm()
    if (missing !== null) return await instead(missing)
    const engine = openWasm(undefined, threads)
    const wrong = compared ? null : await disagreement(engine, await openJavaScript())
    compared ||= wrong === null
    if (wrong === null) return { engine, fallback: null }
    engine.destroy()
    return await instead(`WebAssembly computes wrong numbers here: ${wrong}.`)
  } catch (error) {
    return instead(`WebAssembly does not run here: ${messageOf(error)}.`)
  }
}
