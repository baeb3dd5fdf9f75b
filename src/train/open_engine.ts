// Which engine computes: the GPU where there is one, plain JavaScript where there is not, or the one asked for.
import { openCpu } from '../cpu/engine'
import type { Engine } from '../engine'
import { NoWebGpuError } from '../errors'
import { openGpu } from '../ops/engine'

/**
 * Opens an engine. `auto` falls back to the CPU and says why in `fallback`; `gpu` throws NoWebGpuError instead. `gpu` is the
 * browser's `navigator.gpu` or Dawn's in Node.
 */
export async function openEngine(
  preference: 'auto' | 'gpu' | 'cpu',
  gpu: GPU | undefined = globalThis.navigator?.gpu,
): Promise<{ engine: Engine; fallback: string | null }> {
  if (preference === 'cpu') return { engine: openCpu(), fallback: null }
  try {
    return { engine: await openGpu({ gpu }), fallback: null }
  } catch (error) {
    if (preference === 'gpu' || !(error instanceof NoWebGpuError)) throw error
    return { engine: openCpu(), fallback: error.message }
  }
}
