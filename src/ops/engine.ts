// The GPU engine: the Engine interface on one device. The only file here that imports all ops.
import prelude from '../../shaders/prelude.wgsl?raw'
import type { Block, Engine, EngineInfo, Head, KernelChoice, KernelClass, Stage, Tensor, Timing } from '../engine'
import { Autotuner, type TuneOptions } from '../gpu/autotune'
import { openDevice, type DeviceOptions, type Gpu } from '../gpu/device'
import { constantsOf, Kernels, type Dispatch } from '../gpu/kernel'
import { profile } from '../gpu/profile'
import { Queue } from '../gpu/queue'
import { allocate, windowOn, type GpuTensor } from '../gpu/tensor'
import { invariant } from '../errors'
import { adamw } from './adamw'
import { attention } from './attention'
import { attention_cached } from './attention_cached'
import { cross_entropy } from './cross_entropy'
import { dropout } from './dropout'
import { embedding } from './embedding'
import { flash_attention } from './flash_attention'
import { gate } from './gate'
import { gelu } from './gelu'
import { grad_norm } from './grad_norm'
import { layernorm } from './layernorm'
import { matmul } from './matmul'
import { mean_loss } from './mean_loss'
import { relu2 } from './relu2'
import { residual } from './residual'
import { rmsnorm } from './rmsnorm'
import { rope } from './rope'
import { sample } from './sample'
import { SHARED } from './shared'
import { swiglu } from './swiglu'
import { update_norm } from './update_norm'

/** Opens a device and an engine on it. Throws NoWebGpuError where there is no device. */
export async function openGpu(options: DeviceOptions & TuneOptions): Promise<GpuEngine> {
  return new GpuEngine(await openDevice(options), options)
}

/** Longest wait, after an error, for `device.lost` to resolve: the loss that caused the error is reported later than the error. */
const NEWS_MS = 1000

/** Adapters that are software without saying so: Chromium's, Mesa's, Microsoft's. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|basic render|\bwarp\b/i

/**
 * The most logits at a time: 512 MiB. Fewer chunks read and add to the head's weight less often; beyond this many rows there is nothing to
 * win.
 */
const MOST_LOGITS = 2 ** 27
/** Rows of chunked logits are padded to whole tiles, so that products read and store them by fours: 50,257 words to 50,304. */
const LOGITS_MULTIPLE = 64

export class GpuEngine implements Engine<GpuTensor, Dispatch> {
  readonly info: EngineInfo
  readonly ops: Engine<GpuTensor, Dispatch>['ops']
  readonly maxBlock: number
  readonly head: Head
  readonly lost: Promise<Error>
  readonly #gpu: Gpu
  readonly #kernels: Kernels
  readonly #queue: Queue
  readonly #tuner: Autotuner
  #lost: Error | null = null

  constructor(gpu: Gpu, options: TuneOptions = {}) {
    const { device, info } = gpu
    this.#gpu = gpu
    this.#kernels = new Kernels(gpu, constantsOf(SHARED) + prelude)
    this.#queue = new Queue(gpu)
    const compile = (program: readonly Dispatch[]) => this.#kernels.compile(program)
    this.#tuner = new Autotuner({ gpu, queue: this.#queue, compile }, options)
    this.lost = gpu.lost
    void gpu.lost.then((error) => (this.#lost = error))
    this.maxBlock = Math.floor(Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize) / 4)
    this.head = { most: Math.min(this.maxBlock, MOST_LOGITS), multiple: LOGITS_MULTIPLE }
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
      software: info.isFallbackAdapter || SOFTWARE.test(`${info.vendor} ${info.architecture} ${info.description}`),
      features: [...device.features].sort(),
      limits,
    }
    const on = [this.#kernels, this.#tuner] as const
    this.ops = {
      embedding: embedding(...on),
      layernorm: layernorm(...on),
      rmsnorm: rmsnorm(...on),
      matmul: matmul(...on),
      rope: rope(...on),
      attention: attention(...on),
      flash_attention: flash_attention(...on),
      attention_cached: attention_cached(...on),
      gate: gate(...on),
      gelu: gelu(...on),
      swiglu: swiglu(...on),
      relu2: relu2(...on),
      residual: residual(...on),
      dropout: dropout(...on),
      cross_entropy: cross_entropy(...on),
      mean_loss: mean_loss(...on),
      sample: sample(...on),
      grad_norm: grad_norm(...on),
      adamw: adamw(...on),
      update_norm: update_norm(...on),
    }
  }

  allocate(blocks: readonly Block[]): Promise<Map<string, GpuTensor>> {
    return allocate(this.#gpu, blocks)
  }
  window(of: GpuTensor, tensor: Tensor, offset: number): GpuTensor {
    return windowOn(of, tensor, offset)
  }
  free(tensors: Iterable<GpuTensor>): void {
    for (const buffer of new Set([...tensors].map((tensor) => tensor.buffer))) buffer.destroy()
  }
  tune(): Promise<boolean> {
    return this.#orLost(this.#tuner.settle())
  }
  improve(all?: boolean): Promise<void> | null {
    const work = this.#tuner.improve(all)
    return work && this.#orLost(work)
  }
  get text_ms(): number {
    return this.#kernels.text_ms
  }
  get trying(): boolean {
    return this.#tuner.trying
  }
  get choices(): readonly KernelChoice[] {
    return this.#tuner.choices
  }
  recall(choices: readonly KernelChoice[]): void {
    this.#tuner.recall(choices)
  }
  compile(program: readonly Dispatch[], progress?: (done: number, total: number) => void): Promise<void> {
    return this.#orLost(this.#kernels.compile(program, progress))
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
  /** Milliseconds of each dispatch of a program, averaged over `repeat` runs; see gpu/profile.ts. */
  profile(program: readonly Dispatch[], repeat?: number): Promise<Timing[]> {
    return this.#orLost(profile(this.#gpu, this.#queue, program, repeat))
  }
  /** A dispatch's kernel by shader, entry point and overrides, and its WGSL as the device gets it. */
  kernelOf({ kernel, workgroups }: Dispatch): { name: string; source: string; workgroups: readonly number[] } {
    return { name: kernel.name, source: kernel.code(), workgroups }
  }
  recordAs<R>(variants: Readonly<Record<string, string>>, record: () => R): { recorded: R; asked: KernelClass[] } {
    return this.#tuner.recordAs(variants, record)
  }
  destroy(): void {
    this.#gpu.device.destroy()
  }

  /** Throws DeviceLostError for work that fails because the device is lost, and for work that seems to succeed on a lost device. */
  async #orLost<R>(work: Promise<R>): Promise<R> {
    try {
      const result = await work
      if (!this.#lost) return result
    } catch (error) {
      // `device.lost` resolves after the error that the loss causes, on a busy machine long after.
      await Promise.race([this.lost, new Promise((resolve) => setTimeout(resolve, NEWS_MS))])
      if (!this.#lost) throw error
    }
    throw this.#lost
  }
}
