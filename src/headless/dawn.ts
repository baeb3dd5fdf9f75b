// WebGPU outside a browser: Dawn, from the npm package `webgpu`. One instance a process, kept for its life, because Dawn's
// objects do not survive their instance; its globals (GPUBufferUsage, …) stand where a browser has them.
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
  }
  return instance
}
