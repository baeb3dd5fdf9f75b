// Dawn's null backend: a GPU that validates everything (WGSL, bindings, limits) and computes nothing. It has every optional feature,
// WebGPU's guaranteed limits and 512 MiB.
import { create, globals } from 'webgpu'

let instance: GPU | null = null

/** What `navigator.gpu` is in a browser. Buffers keep what was written; no dispatch changes them. */
export function nullGpu(): GPU {
  Object.assign(globalThis, globals)
  return (instance ??= create(['backend=null', 'enable-dawn-features=allow_unsafe_apis']))
}
