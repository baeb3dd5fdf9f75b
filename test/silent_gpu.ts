// A GPU that accepts everything and computes nothing: enough to record a program on, in no time and on every machine alike.
import { globals } from 'webgpu'

/** An object that has what is given, and answers any other call with another such object. */
function silent<T extends object>(known: T): T {
  return new Proxy(known, {
    get: (target, key) => (key in target ? Reflect.get(target, key) : key === 'then' ? undefined : () => silent({})),
  })
}

/** Limits of WebGPU that every device has, but for what a desktop GPU takes in one buffer. */
const LIMITS = {
  maxBufferSize: 2 ** 31,
  maxStorageBufferBindingSize: 2 ** 31 - 4,
  maxStorageBuffersPerShaderStage: 8,
  maxComputeWorkgroupStorageSize: 16384,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
  maxComputeWorkgroupsPerDimension: 65535,
  minStorageBufferOffsetAlignment: 256,
}

/** What `navigator.gpu` is in a browser. The device has no optional feature, so that kernels come in their plain form. */
export function silentGpu(): GPU {
  Object.assign(globalThis, globals)
  const device = silent({
    limits: LIMITS,
    features: new Set(),
    lost: new Promise(() => undefined),
    popErrorScope: () => Promise.resolve(null),
    createComputePipelineAsync: () => Promise.resolve(silent({})),
    createBuffer: ({ size }: { size: number }) => silent({ size, getMappedRange: () => new ArrayBuffer(size) }),
    queue: silent({}),
  })
  const info = { vendor: 'nobody', architecture: '', device: '', description: 'a GPU that computes nothing' }
  const adapter = { limits: LIMITS, features: new Set(), info, requestDevice: () => Promise.resolve(device) }
  return { requestAdapter: () => Promise.resolve(adapter) } as unknown as GPU
}
