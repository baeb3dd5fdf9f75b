// Dawn's null backend: a GPU that validates everything (WGSL, bindings, limits) and computes nothing. Its device has WebGPU's guaranteed
// limits and no more than 512 MiB.
import { create, globals } from 'webgpu'

let instance: GPU | null = null

/** What `navigator.gpu` is in a browser. Buffers keep what was written; no dispatch changes them. */
export function nullGpu(): GPU {
  Object.assign(globalThis, globals)
  return (instance ??= create(['backend=null']))
}
