// Opens a GPU device with the optional features and larger limits that its adapter offers. The two messages that arrive asynchronously,
// `lost` and `uncapturederror`, are wired before anything can go wrong. Knows nothing of tensors.
import { DeviceLostError, NoWebGpuError } from '../errors'

/** Behind a flag in Chromium, and not in @webgpu/types. */
export const SUBGROUP_MATRIX = 'chromium-experimental-subgroup-matrix' as GPUFeatureName

/** Optional features that kernels use; the autotuner takes such a kernel only where it agrees with the plain one and is faster. */
const FEATURES: readonly GPUFeatureName[] = ['timestamp-query', 'shader-f16', 'subgroups', SUBGROUP_MATRIX]

/** Limits that are raised to what the adapter has; WebGPU's guaranteed values suffice. */
const LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
] as const satisfies (keyof GPUSupportedLimits)[]

export interface Gpu {
  device: GPUDevice
  info: GPUAdapterInfo
  /** Resolves once, when the device is gone. */
  lost: Promise<DeviceLostError>
  /** Throws the first error that WebGPU reported outside any call since the last check. */
  check(): void
}

export interface DeviceOptions {
  /** The browser's `navigator.gpu`, or Dawn's in Node. */
  gpu: GPU | undefined
  /** Opens the device with WebGPU's guaranteed limits and no optional features, as the weakest device has them. */
  baseline?: boolean
}

/** Opens the adapter's device with all that it offers. Throws NoWebGpuError, with the reason, where there is none. */
export async function openDevice({ gpu, baseline = false }: DeviceOptions): Promise<Gpu> {
  if (!gpu) throw new NoWebGpuError('This browser has no WebGPU.')
  // Firefox rejects where it blocks WebGPU on this machine (bugzilla 2008734), others answer null.
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' }).catch((error: unknown) => {
    throw new NoWebGpuError(
      `This browser blocks WebGPU here: ${error instanceof Error ? error.message : String(error)}`,
    )
  })
  if (!adapter) throw new NoWebGpuError('This browser has WebGPU, but no adapter that it will use.')
  const device = await adapter
    .requestDevice(
      baseline
        ? { label: 'glasshouse' }
        : {
            label: 'glasshouse',
            requiredFeatures: FEATURES.filter((feature) => adapter.features.has(feature)),
            requiredLimits: Object.fromEntries(LIMITS.map((limit) => [limit, adapter.limits[limit]])),
          },
    )
    .catch((error: unknown) => {
      throw new NoWebGpuError(
        `The graphics adapter refused to open: ${error instanceof Error ? error.message : String(error)}`,
      )
    })
  let first: Error | null = null
  device.addEventListener('uncapturederror', ({ error }) => {
    first ??= new Error(`WebGPU: ${error.message}`)
  })
  return {
    device,
    info: adapter.info,
    lost: device.lost.then(
      ({ reason, message }) => new DeviceLostError(`The graphics device was lost (${reason}). ${message}`.trim()),
    ),
    check() {
      if (!first) return
      const error = first
      first = null
      throw error
    },
  }
}
