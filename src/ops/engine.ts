// The GPU engine: the ops gathered behind the Engine interface, on one device. The one file here that knows other ops.
import prelude from '../../shaders/prelude.wgsl?raw'
import type { Block, Engine, EngineInfo, Stage, Timing } from '../engine'
import { openDevice, type DeviceOptions, type Gpu } from '../gpu/device'
import { Kernels, type Dispatch } from '../gpu/kernel'
import { profile } from '../gpu/profile'
import { Queue } from '../gpu/queue'
import { allocate, type GpuTensor } from '../gpu/tensor'
import { invariant } from '../errors'
import { adamw } from './adamw'
import { attention } from './attention'
import { attention_cached } from './attention_cached'
import { cross_entropy } from './cross_entropy'
import { dropout } from './dropout'
import { embedding } from './embedding'
import { flash_attention } from './flash_attention'
import { gelu } from './gelu'
import { grad_norm } from './grad_norm'
import { layernorm } from './layernorm'
import { matmul } from './matmul'
import { mean_loss } from './mean_loss'
import { relu2 } from './relu2'
import { residual } from './residual'
import { rmsnorm } from './rmsnorm'
import { rope } from './rope'
import { swiglu } from './swiglu'

/** Opens a device and makes it an engine. Throws NoWebGpuError where there is none. */
export async function openGpu(options: DeviceOptions): Promise<GpuEngine> {
  return new GpuEngine(await openDevice(options))
}

export class GpuEngine implements Engine<GpuTensor, Dispatch> {
  readonly info: EngineInfo
  readonly ops: Engine<GpuTensor, Dispatch>['ops']
  readonly maxBlock: number
  readonly lost: Promise<Error>
  readonly #gpu: Gpu
  readonly #kernels: Kernels
  readonly #queue: Queue
  #lost: Error | null = null

  constructor(gpu: Gpu) {
    const { device, info } = gpu
    this.#gpu = gpu
    this.#kernels = new Kernels(gpu, prelude)
    this.#queue = new Queue(gpu)
    this.lost = gpu.lost
    void gpu.lost.then((error) => (this.#lost = error))
    this.maxBlock = Math.floor(Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize) / 4)
    const limits: Record<string, number> = {}
    for (const name in device.limits) limits[name] = Number(device.limits[name as keyof GPUSupportedLimits])
    this.info = {
      kind: 'gpu',
      name:
        info.description ||
        info.device ||
        [info.vendor, info.architecture].filter(Boolean).join(' ') ||
        'WebGPU adapter',
      vendor: info.vendor,
      architecture: info.architecture,
      features: [...device.features].sort(),
      limits,
    }
    const k = this.#kernels
    this.ops = {
      embedding: embedding(k),
      layernorm: layernorm(k),
      rmsnorm: rmsnorm(k),
      matmul: matmul(k),
      rope: rope(k),
      attention: attention(k),
      flash_attention: flash_attention(k),
      attention_cached: attention_cached(k),
      gelu: gelu(k),
      swiglu: swiglu(k),
      relu2: relu2(k),
      residual: residual(k),
      dropout: dropout(k),
      cross_entropy: cross_entropy(k),
      mean_loss: mean_loss(k),
      grad_norm: grad_norm(k),
      adamw: adamw(k),
    }
  }

  allocate(blocks: readonly Block[]): Promise<Map<string, GpuTensor>> {
    return allocate(this.#gpu, blocks)
  }
  free(tensors: Iterable<GpuTensor>): void {
    for (const buffer of new Set([...tensors].map((tensor) => tensor.buffer))) buffer.destroy()
  }
  compile(progress?: (done: number, total: number) => void): Promise<void> {
    return this.#orLost(this.#kernels.compile(progress))
  }
  run(program: readonly Dispatch[], times?: number): Promise<void> {
    return this.#orLost(this.#queue.run(program, times))
  }
  write(tensor: GpuTensor, data: Float32Array | Float64Array | Uint32Array | Int32Array): void {
    invariant(!(data instanceof Float64Array), () => `${tensor.label}: the GPU has no double precision`)
    this.#queue.write(tensor, data)
  }
  stage(tensors: readonly GpuTensor[]): Stage {
    return this.#queue.stage(tensors)
  }
  read(tensors: readonly GpuTensor[]): Promise<Float32Array[]> {
    return this.#orLost(this.#queue.read(tensors))
  }
  /** Times each dispatch of a program; see gpu/profile.ts. */
  profile(program: readonly Dispatch[], repeat?: number): Promise<Timing[]> {
    return this.#orLost(profile(this.#gpu, this.#queue, program, repeat))
  }
  destroy(): void {
    this.#gpu.device.destroy()
  }

  /** A lost device answers with riddles, or with silence that looks like success: say what happened instead. */
  async #orLost<R>(work: Promise<R>): Promise<R> {
    try {
      const result = await work
      if (!this.#lost) return result
    } catch (error) {
      // The news of the loss may be one turn behind the error it caused.
      await new Promise((resolve) => setTimeout(resolve))
      if (!this.#lost) throw error
    }
    throw this.#lost
  }
}
