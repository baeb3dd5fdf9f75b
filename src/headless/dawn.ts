// WebGPU outside a browser: Dawn, from the npm package `webgpu`. One instance a process, kept for its life, because Dawn's
// objects do not survive their instance; its globals (GPUBufferUsage, …) stand where a browser has them.
import { create, globals } from 'webgpu'

let instance: GPU | null = null

/** What `navigator.gpu` is in a browser. It may have no adapter. */
export function dawn(): GPU {
  if (!instance) {
    Object.assign(globalThis, globals)
    instance = create([])
  }
  return instance
}
