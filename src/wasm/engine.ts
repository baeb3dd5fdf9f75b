// The WebAssembly engine: the ops as kernels in 128-bit SIMD, on the thread that opens it. `compile` writes the kernels that a program calls into a module,
// as the GPU engine makes pipelines; all modules of an engine share its memory. The same bits in every browser: no relaxed instruction, and no
// function of the host but where a token is drawn. Programs, writes and reads take effect in the order of the calls. A long program yields to
// the event loop.
import { ALIGN, type Block, type Engine, type EngineInfo, type Stage, type Tensor, type Words } from '../engine'
import type { Threads } from '../threads'
import { invariant } from '../errors'
import { macrotask } from '../paced'
import { sizeOf } from '../params'
import { gelu, relu2 } from './activations'
import { adamw } from './adamw'
import { MEMORY } from './assembler'
import { attention, flash_attention } from './attention'
import { attention_cached } from './attention_cached'
import { cross_entropy } from './cross_entropy'
import { dropout } from './dropout'
import { embedding } from './embedding'
import { gate } from './gate'
import { grad_norm } from './grad_norm'
import { moduleWith, textOf, type AnyKernel } from './kernel'
import { layernorm } from './layernorm'
import { matmul } from './matmul'
import { mean_loss } from './mean_loss'
import { Heap, MOST_MEMORY } from './memory'
import { residual } from './residual'
import { rmsnorm } from './rmsnorm'
import { rope } from './rope'
import { sample } from './sample'
import { swiglu } from './swiglu'
import { floating, type Address, type Machine, type WasmTensor, type WasmWork } from './tensor'
import { update_norm } from './update_norm'

const ARRAYS = { f32: Float32Array, u32: Uint32Array, i32: Int32Array }

/** Longest time of computing before the engine yields to messages and timers. */
const BREATH_MS = 30

/** No other thread. */
const ALONE: Threads = {
  most: 0,
  start() {
    throw new Error('No thread can be started here.')
  },
}

/** Opens a WebAssembly engine. Throws where there is no WebAssembly, or not the memory to begin with. */
export function openWasm(limit?: number, threads?: Threads): WasmEngine {
  return new WasmEngine(limit, threads)
}

/** A module of one function that squares four floats. */
const SIMD = Uint8Array.from([
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 6, 1, 0x60, 1, 0x7b, 1, 0x7b, 3, 2, 1, 0],
  ...[10, 11, 1, 9, 0, 0x20, 0, 0x20, 0, 0xfd, 0xe6, 0x01, 0x0b],
])
/** Why kernels cannot run here, in words; null where they can. */
export function whyNoWasm(): string | null {
  if (typeof WebAssembly !== 'object') return 'This browser has no WebAssembly.'
  return WebAssembly.validate(SIMD) ? null : 'This browser’s WebAssembly has no SIMD.'
}

type Run = (...values: readonly number[]) => void

export class WasmEngine implements Engine<WasmTensor, WasmWork> {
  readonly info: EngineInfo
  readonly ops: Engine<WasmTensor, WasmWork>['ops']
  /** 1 GiB of f32: a quarter of what 32-bit addresses reach. */
  readonly maxBlock = 2 ** 28
  /** Never: there is no device to lose. */
  readonly lost = new Promise<Error>(() => undefined)
  readonly #heap: Heap
  /** Scratch memory by its size, a power of two. */
  readonly #scratch = new Map<number, number>()
  readonly #functions = new Map<AnyKernel, Run>()
  #queue: Promise<unknown> = Promise.resolve()
  #waiting = 0
  #breath = 0
  #destroyed = false

  constructor(
    limit = MOST_MEMORY,
    readonly threads: Threads = ALONE,
  ) {
    this.#heap = new Heap(limit)
    this.info = {
      kind: 'cpu',
      name: 'WebAssembly SIMD',
      vendor: '',
      software: false,
      architecture: '',
      features: ['simd128'],
      limits: { maxMemory: limit },
    }
    const machine: Machine = {
      scratch: (...elements) => this.#space(elements),
      words: ({ pointer, shape }) => new Uint32Array(this.#buffer, pointer, sizeOf(shape)),
      floats: ({ pointer, shape }) => new Float32Array(this.#buffer, pointer, sizeOf(shape)),
    }
    this.ops = {
      ...{ embedding, layernorm, rmsnorm, rope, gate, gelu, swiglu, relu2, residual, dropout },
      ...{ cross_entropy, mean_loss, grad_norm, adamw, update_norm },
      matmul: matmul(machine),
      attention: attention(machine),
      flash_attention: flash_attention(machine),
      attention_cached: attention_cached(machine),
      sample: sample(machine),
    }
  }
  get #buffer(): ArrayBuffer {
    return this.#heap.memory.buffer
  }

  allocate(blocks: readonly Block[]): Promise<Map<string, WasmTensor>> {
    // In its turn: what was freed before may still be in use by a program that runs.
    return this.#inOrder(() => {
      const tensors = new Map<string, WasmTensor>()
      const made: number[] = []
      try {
        for (const { label, size, windows } of blocks) {
          const block = this.#heap.allocate(4 * size, label)
          made.push(block)
          for (const { tensor, offset } of windows) {
            invariant(!tensors.has(tensor.label), () => `two tensors with the label ${tensor.label}`)
            const length = sizeOf(tensor.shape)
            invariant(
              offset + length <= size,
              () => `${tensor.label} [${offset}, +${length}] leaves ${label} of ${size}`,
            )
            tensors.set(tensor.label, { ...tensor, pointer: block + 4 * offset, block })
          }
        }
      } catch (error) {
        for (const block of made) this.#heap.free(block)
        throw error
      }
      return tensors
    })
  }

  window(of: WasmTensor, tensor: Tensor, offset: number): WasmTensor {
    const end = offset + sizeOf(tensor.shape)
    invariant(
      offset % ALIGN === 0 && end <= sizeOf(of.shape),
      () => `${tensor.label} [${offset}, ${end}] is no window on ${of.label} of ${sizeOf(of.shape)}`,
    )
    return { ...tensor, pointer: of.pointer + 4 * offset, block: of.block }
  }

  free(tensors: Iterable<WasmTensor>): void {
    const blocks = new Set([...tensors].map(({ block }) => block))
    const release = () => blocks.forEach((block) => this.#heap.free(block))
    if (this.#waiting === 0) release()
    else void this.#inOrder(release)
  }

  /** Scratch memory for stretches of so many elements. It is kept until the engine goes: sizes are powers of two, so there are few. */
  #space(elements: readonly number[]): Address[] {
    const sizes = elements.map((count) => ALIGN * Math.ceil(count / ALIGN))
    const size = 2 ** Math.ceil(Math.log2(4 * sizes.reduce((a, b) => a + b, 0)))
    let pointer = this.#scratch.get(size) ?? this.#heap.allocate(size, 'what a kernel works in')
    this.#scratch.set(size, pointer)
    return sizes.map((size) => {
      const address = { pointer }
      pointer += 4 * size
      return address
    })
  }

  /** Empty: each op has one implementation here. */
  readonly choices = []
  text_ms = 0
  tune(): Promise<boolean> {
    return Promise.resolve(false)
  }
  recall(): void {}

  async compile(program: readonly WasmWork[], progress?: (done: number, total: number) => void): Promise<void> {
    const kernels = new Set(
      program.flatMap(({ steps }) => steps.flatMap((step) => ('kernel' in step ? step.kernel : []))),
    )
    const missing = [...kernels].filter((kernel) => !this.#functions.has(kernel))
    progress?.(0, missing.length)
    if (missing.length === 0) return
    const imports = { [MEMORY.module]: { [MEMORY.name]: this.#heap.memory } }
    const from = performance.now()
    const module = moduleWith(missing)
    this.text_ms += performance.now() - from
    const { instance } = await WebAssembly.instantiate(module, imports)
    for (const kernel of missing) this.#functions.set(kernel, instance.exports[kernel.name] as Run)
    progress?.(missing.length, missing.length)
  }

  run(program: readonly WasmWork[], times = 1): Promise<void> {
    return this.#inOrder(async () => {
      await this.compile(program)
      for (let round = 0; round < times; round++)
        for (const { label, steps } of program) {
          invariant(!this.#destroyed, () => `${label} on a destroyed engine`)
          for (const step of steps)
            if ('kernel' in step) this.#functions.get(step.kernel)!(...step.values)
            else step()
          if (performance.now() - this.#breath > BREATH_MS) await this.#breathe()
        }
    })
  }

  write(tensor: WasmTensor, data: Float32Array | Float64Array | Uint32Array | Int32Array): void {
    const { label, shape } = tensor
    invariant(data.length <= sizeOf(shape), () => `${data.length} numbers written to ${label} of ${sizeOf(shape)}`)
    invariant(!(data instanceof Float64Array), () => `${label}: WebAssembly SIMD computes in single precision`)
    if (this.#waiting === 0) return this.#view(tensor).set(data)
    const copy = data.slice()
    void this.#inOrder(() => this.#view(tensor).set(copy))
  }
  /** A tensor's memory as it lies now: growing it detaches the view, so none is kept. */
  #view({ dtype, pointer, shape }: WasmTensor): Words {
    return new ARRAYS[dtype](this.#buffer, pointer, sizeOf(shape))
  }

  stage(tensors: readonly WasmTensor[]): Stage {
    const arrays = new Map(tensors.map(({ label, dtype, shape }) => [label, new ARRAYS[dtype](sizeOf(shape))]))
    return { arrays, write: () => tensors.forEach((tensor) => this.write(tensor, arrays.get(tensor.label)!)) }
  }

  read(tensors: readonly WasmTensor[]): Promise<Float32Array[]> {
    return this.#inOrder(() =>
      tensors.map((tensor) => this.#view(floating(tensor, tensor.label)).slice() as Float32Array),
    )
  }

  /** The kernels of a piece of work by their names, and their text as WebAssembly's text format has it. */
  kernelOf({ label, steps }: WasmWork): { name: string; source: string } {
    const kernels = [...new Set(steps.flatMap((step) => ('kernel' in step ? [step.kernel] : [])))]
    // What draws a token runs in the host.
    if (kernels.length === 0) return { name: label, source: '' }
    return {
      name: kernels.map(({ name }) => name).join(' + '),
      get source() {
        return textOf(kernels)
      },
    }
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
