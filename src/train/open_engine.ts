// Which engine computes: the GPU where there is one, plain JavaScript where there is not, or the one asked for.
import { openCpu } from '../cpu/engine'
import type { Engine } from '../engine'
import { NoWebGpuError } from '../errors'
import type { TuneOptions } from '../gpu/autotune'
import { openGpu } from '../ops/engine'

/**
 * Opens an engine. `auto` falls back to the CPU and says why in `fallback`; `gpu` throws NoWebGpuError instead. `gpu` is the
 * browser's `navigator.gpu` or Dawn's in Node; `options` say how kernels are chosen.
 */
export async function openEngine(
  preference: 'auto' | 'gpu' | 'cpu',
  gpu: GPU | undefined = globalThis.navigator?.gpu,
  options: TuneOptions = {},
): Promise<{ engine: Engine; fallback: string | null }> {
  if (preference === 'cpu') return { engine: openCpu(), fallback: null }
  try {
    return { engine: await openGpu({ gpu, ...options }), fallback: null }
  } catch (error) {
    if (preference === 'gpu' || !(error instanceof NoWebGpuError)) throw error
    return { engine: openCpu(), fallback: error.message }
  }
}
