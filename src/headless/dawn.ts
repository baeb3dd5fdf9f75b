// WebGPU outside a browser: Dawn, from the npm package `webgpu`. One instance a process, kept for its life, because Dawn's
// objects do not survive their instance; its globals (GPUBufferUsage, …) stand where a browser has them.
import { setTimeout } from 'node:timers'
import { create, globals } from 'webgpu'

/**
 * What browsers keep behind flags: subgroup matrices; 16-bit floats on NVIDIA, which Dawn leaves out for failed conformance tests there
 * (every kernel of ours is held against the plain one anyway); and timestamps that are not rounded.
 */
const FLAGS = [
  'enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia',
  'disable-dawn-features=timestamp_quantization',
]

let instance: GPU | null = null

/** What `navigator.gpu` is in a browser. It may have no adapter. */
export function dawn(): GPU {
  if (!instance) {
    Object.assign(globalThis, globals)
    instance = create(FLAGS)
    restBetweenPolls(instance)
  }
  return instance
}

/**
 * Dawn's binding asks by `setImmediate`, turn after turn of the event loop, whether something that it promised is done. That keeps one core
 * busy for as long as it waits. Where the kernels run on these same cores, it asks once a millisecond instead.
 */
function restBetweenPolls(gpu: GPU): void {
  const request = gpu.requestAdapter.bind(gpu)
  gpu.requestAdapter = async (options) => {
    const adapter = await request(options)
    if (adapter?.info.isFallbackAdapter) Object.assign(globalThis, { setImmediate: rest })
    return adapter
  }
}
/** By Node's own timer: tests may stop the global one. */
const rest = (callback: () => void) => setTimeout(callback, 1)
