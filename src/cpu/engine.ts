// The CPU engine: the same ops over plain typed arrays, on one thread. It computes where there is no WebGPU, and is the reference for the
// GPU engine. Floats are stored in f32, or in f64 for tests of small differences. Programs, writes and reads take effect in the order of
// the calls. A long program yields to the event loop.
import { macrotask } from '../paced'
import { ALIGN, type Block, type Engine, type EngineInfo, type Stage, type Tensor } from '../engine'
import { invariant, OutOfMemoryError } from '../errors'
import { bytes } from '../words/sizes'
import { sizeOf } from '../params'
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
import { swiglu } from './swiglu'
import { update_norm } from './update_norm'
import { floats, type CpuTensor, type CpuWork } from './tensor'

const OPS = {
  embedding,
  layernorm,
  rmsnorm,
  matmul,
  rope,
  attention,
  flash_attention,
  attention_cached,
  gate,
  gelu,
  swiglu,
  relu2,
  residual,
  dropout,
  cross_entropy,
  mean_loss,
  sample,
  grad_norm,
  adamw,
  update_norm,
}

const ARRAYS = { f32: Float32Array, u32: Uint32Array, i32: Int32Array }

/** Longest time of computing before the engine yields to messages and timers. */
const BREATH_MS = 30

export class CpuEngine implements Engine<CpuTensor, CpuWork> {
  readonly ops = OPS
  readonly info: EngineInfo = {
    kind: 'cpu',
    name: 'plain JavaScript',
    vendor: '',
    software: false,
    architecture: '',
    features: [],
    limits: {},
  }
  /** 1 GiB of f32: a quarter of what JavaScript engines allow for one array. */
  readonly maxBlock = 2 ** 28
  /** Never: there is no device to lose. */
  readonly lost = new Promise<Error>(() => undefined)
  readonly #precision: 'f32' | 'f64'
  #queue: Promise<unknown> = Promise.resolve()
  #waiting = 0
  #breath = 0
  #destroyed = false

  constructor(precision: 'f32' | 'f64') {
    this.#precision = precision
  }

  async allocate(blocks: readonly Block[]): Promise<Map<string, CpuTensor>> {
    const tensors = new Map<string, CpuTensor>()
    for (const { label, size, windows } of blocks) {
      const memory = this.#memory(label, size)
      for (const { tensor, offset } of windows) {
        invariant(!tensors.has(tensor.label), () => `two tensors with the label ${tensor.label}`)
        const length = sizeOf(tensor.shape)
        invariant(offset + length <= size, () => `${tensor.label} [${offset}, +${length}] leaves ${label} of ${size}`)
        tensors.set(tensor.label, { ...tensor, data: this.#window(memory, tensor.dtype, offset, length) })
      }
    }
    return tensors
  }
  get #elementBytes(): number {
    return this.#precision === 'f64' ? 8 : 4
  }
  #memory(label: string, size: number): ArrayBuffer {
    const length = size * this.#elementBytes
    try {
      return new ArrayBuffer(length)
    } catch (cause) {
      const message = `No memory for ${label} of ${bytes(length)}. Try a smaller batch, context or width.`
      throw new OutOfMemoryError(message, { cause })
    }
  }
  #window(memory: ArrayBuffer, dtype: CpuTensor['dtype'], offset: number, length: number): CpuTensor['data'] {
    const start = offset * this.#elementBytes
    if (dtype === 'u32') return new Uint32Array(memory, start, length)
    if (dtype === 'i32') return new Int32Array(memory, start, length)
    return this.#precision === 'f64' ? new Float64Array(memory, start, length) : new Float32Array(memory, start, length)
  }

  window(of: CpuTensor, tensor: Tensor, offset: number): CpuTensor {
    const end = offset + sizeOf(tensor.shape)
    invariant(
      offset % ALIGN === 0 && end <= of.data.length,
      () => `${tensor.label} [${offset}, ${end}] is no window on ${of.label} of ${of.data.length}`,
    )
    return { ...tensor, data: of.data.subarray(offset, end) }
  }

  /** Does nothing: the garbage collector frees arrays that no program holds. */
  free(): void {}

  /** Empty: each op has one implementation here. */
  readonly choices = []
  tune(): Promise<boolean> {
    return Promise.resolve(false)
  }
  recall(): void {}

  /** Does nothing: functions need no compiling. */
  compile(_program: readonly CpuWork[], progress?: (done: number, total: number) => void): Promise<void> {
    progress?.(0, 0)
    return Promise.resolve()
  }

  run(program: readonly CpuWork[], times = 1): Promise<void> {
    return this.#inOrder(async () => {
      for (let round = 0; round < times; round++)
        for (const work of program) {
          invariant(!this.#destroyed, () => `${work.label} on a destroyed engine`)
          work.run()
          if (performance.now() - this.#breath > BREATH_MS) await this.#breathe()
        }
    })
  }

  write(tensor: CpuTensor, data: Float32Array | Float64Array | Uint32Array | Int32Array): void {
    const { label, data: memory } = tensor
    invariant(data.length <= memory.length, () => `${data.length} numbers written to ${label} of ${memory.length}`)
    if (this.#waiting === 0) return memory.set(data)
    const copy = data.slice()
    void this.#inOrder(() => {
      memory.set(copy)
    })
  }

  stage(tensors: readonly CpuTensor[]): Stage {
    const arrays = new Map(tensors.map(({ label, dtype, shape }) => [label, new ARRAYS[dtype](sizeOf(shape))]))
    return { arrays, write: () => tensors.forEach((tensor) => this.write(tensor, arrays.get(tensor.label)!)) }
  }

  read(tensors: readonly CpuTensor[]): Promise<Float32Array[]> {
    return this.#inOrder(() => tensors.map((tensor) => Float32Array.from(floats(tensor))))
  }
  /** Reads as `read` does, without rounding to f32. */
  readExact(tensors: readonly CpuTensor[]): Promise<Float64Array[]> {
    return this.#inOrder(() => tensors.map((tensor) => Float64Array.from(floats(tensor))))
  }

  destroy(): void {
    this.#destroyed = true
  }

  /** Runs a task after all earlier ones; a failure rejects only its own promise. */
  #inOrder<R>(task: () => R | Promise<R>): Promise<R> {
    this.#waiting++
    const done = this.#queue.then(task).finally(() => this.#waiting--)
    this.#queue = done.catch(() => undefined)
    return done
  }

  async #breathe(): Promise<void> {
    await macrotask()
    this.#breath = performance.now()
  }
}

/** Opens a CPU engine; `f64` stores floats in double precision, for tests. */
export function openCpu(precision: 'f32' | 'f64' = 'f32'): CpuEngine {
  return new CpuEngine(precision)
}
