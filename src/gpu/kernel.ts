// Kernels bind their tensors by name. The bindings of an entry point are parsed from the WGSL: their names, their access modes, and
// whether the entry point reaches them through the functions it calls. TypeScript therefore has no binding numbers and no layouts.
// Pipelines compile asynchronously; dispatches with the same entry point and overrides share one.
import type { Work } from '../engine'
import { invariant } from '../errors'
import { SUBGROUP_MATRIX, type Gpu } from './device'
import type { GpuTensor } from './tensor'

/** The text of a WGSL module; compile errors carry its name and its own line numbers. */
export interface Shader {
  readonly name: string
  readonly source: string
  /** Directives, which WGSL wants before everything else: `enable subgroups;`. */
  readonly enable?: string
}

/** A matrix product [M, K]·[K, N] that a subgroup computes as one operation, from 16-bit factors to 32-bit sums. */
export interface SubgroupMatrix {
  M: number
  N: number
  K: number
}
/** The products that a subgroup of an adapter computes. An experiment in Chromium, not in @webgpu/types. */
interface SubgroupMatrixInfo {
  subgroupMatrixConfigs?: Iterable<SubgroupMatrix & { componentType: string; resultComponentType: string }>
}

/** One labelled dispatch of a program. Between two runs another kernel may take its place that gives the same bits (autotune.ts). */
export interface Dispatch extends Work {
  kernel: Kernel
  bindGroup: GPUBindGroup
  workgroups: readonly [number, number, number]
}

interface Binding {
  name: string
  binding: number
  access: 'read' | 'read_write' | 'uniform'
}
const LAYOUT = { read: 'read-only-storage', read_write: 'storage', uniform: 'uniform' } as const
interface Kernel {
  /** Shader, entry point and overrides: `matmul plain.plain {"BIAS":1}`. */
  readonly name: string
  /** The final WGSL. */
  readonly code: () => string
  /** Null until `compile` has resolved. */
  pipeline: GPUComputePipeline | null
  readonly layout: GPUBindGroupLayout
  readonly bindings: Binding[]
  /** Compiles the pipeline, once; resolves when it is there. */
  readonly compile: () => Promise<void>
}

/** The bindings that a WGSL source declares, in its order. */
export function parseBindings(source: string): Binding[] {
  const declaration = /@group\(0\)\s*@binding\((\d+)\)\s*var<(?:storage,\s*)?(read_write|read|uniform)>\s*(\w+)\s*:/g
  return [...source.matchAll(declaration)].map(([, binding, access, name]) => ({
    name: name!,
    binding: Number(binding),
    access: access as Binding['access'],
  }))
}

/** The members of a WGSL struct of u32, in order. */
export function parseSizes(source: string, struct: string): string[] {
  const body = new RegExp(`struct\\s+${struct}\\s*{([^}]*)}`).exec(source.replace(/\/\/.*$/gm, ''))?.[1] ?? ''
  return [...body.matchAll(/(\w+)\s*:\s*u32/g)].map(([, name]) => name!)
}

/** The bindings that an entry point reaches, itself or through the functions it calls. Throws where there is no such entry point. */
export function reachable(source: string, entry: string): Binding[] {
  const code = source.replace(/\/\/.*$/gm, '')
  const bodies = new Map<string, Set<string>>()
  for (const match of code.matchAll(/\bfn\s+(\w+)/g)) {
    let depth = 0
    let end = code.indexOf('{', match.index)
    do {
      if (code[end] === '{') depth++
      if (code[end] === '}') depth--
      end++
    } while (depth > 0)
    // A word after a dot is a member (`turn.x`), not a binding.
    bodies.set(match[1]!, new Set(code.slice(match.index, end).match(/(?<![.\w])[a-z_]\w*/gi)))
  }
  invariant(bodies.has(entry), () => `no entry point ${entry}`)
  const seen = new Set([entry])
  for (const name of seen) for (const word of bodies.get(name)!) if (bodies.has(word)) seen.add(word)
  return parseBindings(code).filter(({ name }) => [...seen].some((f) => bodies.get(f)!.has(name)))
}

/** Whole numbers by name, alone or in groups of them. */
type Constants = Readonly<Record<string, number | Readonly<Record<string, number>>>>

/** A table of whole numbers as WGSL, a line each: `{ DICE: { seed: 0 } }` is `const DICE_SEED = 0u;`. */
export function constantsOf(table: Constants): string {
  return Object.entries(table)
    .flatMap(([name, value]) =>
      typeof value === 'number'
        ? [[name, value] as const]
        : Object.entries(value).map(([member, number]) => [`${name}_${member.toUpperCase()}`, number] as const),
    )
    .map(([name, number]) => `const ${name} = ${number}u;\n`)
    .join('')
}

/** Spreads `count` workgroups over two dimensions where one is too short (65,535); WGSL undoes it with `flat_group`. */
export function grid(count: number): [number, number, number] {
  const x = Math.min(Math.max(count, 1), 65535)
  return [x, Math.ceil(count / x) || 1, 1]
}

export class Kernels {
  readonly #gpu: Gpu
  readonly #prelude: string
  readonly #modules = new Map<string, GPUShaderModule>()
  readonly #kernels = new Map<string, Kernel>()
  readonly #sizeBuffers = new Map<string, GPUBuffer>()
  /** Milliseconds spent so far on the text of kernels: reading it for bindings, and handing it to the device. */
  text_ms = 0

  /** Smallest number of lanes of a subgroup on this device; 0 where shaders cannot use subgroups. */
  readonly subgroup: number
  /** Whether shaders can use f16. */
  readonly half: boolean
  /** The product that a subgroup computes as one operation; null without f16, subgroup matrices or subgroups of one size. */
  readonly matrix: SubgroupMatrix | null
  /** Whether the driver computes on the CPU (llvmpipe, SwiftShader). */
  readonly software: boolean

  /** `prelude` is WGSL that comes before every shader. */
  constructor(gpu: Gpu, prelude: string) {
    this.#gpu = gpu
    this.subgroup = gpu.device.features.has('subgroups') ? (gpu.info.subgroupMinSize ?? 0) : 0
    this.half = gpu.device.features.has('shader-f16')
    this.matrix = this.half && this.subgroup === gpu.info.subgroupMaxSize ? matrixOf(gpu) : null
    this.software = gpu.info.isFallbackAdapter
    this.#prelude = prelude
  }

  /**
   * Records one dispatch. `tensors` may hold more than the entry point binds; it throws where one that is bound is missing.
   * `constants` are the shader's overrides, compiled into the kernel. `size` gives members of its `struct Size`, a uniform, so that calls
   * of any size share one kernel; members left out are 0. `flops` counts the call's arithmetic.
   */
  dispatch(
    shader: Shader,
    entry: string,
    d: {
      label: string
      tensors: Readonly<Record<string, GpuTensor | undefined>>
      constants?: Record<string, number>
      size?: Readonly<Record<string, number>>
      workgroups: readonly [number, number, number]
      flops?: number
    },
  ): Dispatch {
    const { device } = this.#gpu
    const kernel = this.#kernel(shader, entry, d.constants ?? {})
    let bytes = 0
    const entries = kernel.bindings.map(({ name, binding, access }) => {
      if (access === 'uniform') return { binding, resource: { buffer: this.#sizes(shader, d.size ?? {}) } }
      const tensor = d.tensors[name]
      invariant(tensor, () => `${d.label}: ${shader.name}.${entry} binds "${name}", which was not given`)
      bytes += tensor.size * (access === 'read' ? 1 : 2)
      return { binding, resource: { buffer: tensor.buffer, offset: tensor.offset, size: tensor.size } }
    })
    const most = device.limits.maxComputeWorkgroupsPerDimension
    invariant(
      d.workgroups.every((n) => n >= 1 && n <= most),
      () => `${d.label}: ${d.workgroups.join('×')} workgroups, at most ${most} a dimension`,
    )
    const bindGroup = device.createBindGroup({ label: d.label, layout: kernel.layout, entries })
    return { label: d.label, kernel, bindGroup, workgroups: d.workgroups, flops: d.flops ?? 0, bytes }
  }

  /** Compiles all pipelines of a program in parallel, in its order; resolves when it can run. Throws compile errors with the shader's own lines. */
  async compile(program: readonly Dispatch[], progress?: (done: number, total: number) => void): Promise<void> {
    const kernels = new Set(program.map(({ kernel }) => kernel))
    let done = 0
    progress?.(done, kernels.size)
    await Promise.all(
      [...kernels].map(async (kernel) => {
        await kernel.compile()
        progress?.(++done, kernels.size)
      }),
    )
  }

  /** The WGSL of a shader as the device gets it: directives, shared constants and prelude included. */
  #code(shader: Shader): string {
    return (shader.enable ?? '') + this.#prelude + shader.source
  }

  /** The uniform buffer of a call's `size`; calls with equal numbers share one. */
  #sizes(shader: Shader, size: Readonly<Record<string, number>>): GPUBuffer {
    const values = parseSizes(shader.source, 'Size').map((name) => size[name] ?? 0)
    const key = values.join(' ')
    const known = this.#sizeBuffers.get(key)
    if (known) return known
    const { device } = this.#gpu
    const buffer = device.createBuffer({
      label: `sizes ${key}`,
      size: Math.ceil(values.length / 4) * 16,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
      mappedAtCreation: true,
    })
    new Uint32Array(buffer.getMappedRange()).set(values)
    buffer.unmap()
    this.#sizeBuffers.set(key, buffer)
    return buffer
  }

  #kernel(shader: Shader, entry: string, constants: Record<string, number>): Kernel {
    const key = `${shader.name}.${entry} ${JSON.stringify(constants)}`
    const known = this.#kernels.get(key)
    if (known) return known
    const { device } = this.#gpu
    const from = performance.now()
    const bindings = reachable(shader.source, entry)
    const layout = device.createBindGroupLayout({
      label: key,
      entries: bindings.map(({ binding, access }) => ({
        binding,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: LAYOUT[access] },
      })),
    })
    const module = this.#module(shader)
    this.text_ms += performance.now() - from
    let compiled: Promise<void> | null = null
    const start = () =>
      device
        .createComputePipelineAsync({
          label: key,
          layout: device.createPipelineLayout({ label: key, bindGroupLayouts: [layout] }),
          compute: { module, entryPoint: entry, constants },
        })
        .then(
          (pipeline) => void (kernel.pipeline = pipeline),
          async (error: unknown) => {
            throw new Error(`${key}: ${await this.#explain(module, shader, error)}`)
          },
        )
    const kernel: Kernel = {
      name: key,
      code: () => this.#code(shader),
      pipeline: null,
      layout,
      bindings,
      compile: () => (compiled ??= start()),
    }
    this.#kernels.set(key, kernel)
    return kernel
  }

  #module(shader: Shader): GPUShaderModule {
    const known = this.#modules.get(shader.name)
    if (known) return known
    const { device } = this.#gpu
    // `compile` reports the errors of a module; the scope keeps them from `uncapturederror`.
    device.pushErrorScope('validation')
    const module = device.createShaderModule({ label: shader.name, code: this.#code(shader) })
    void device.popErrorScope().catch(() => null)
    this.#modules.set(shader.name, module)
    return module
  }

  async #explain(module: GPUShaderModule, shader: Shader, error: unknown): Promise<string> {
    const shift = ((shader.enable ?? '') + this.#prelude).split('\n').length - 1
    const { messages } = await module.getCompilationInfo()
    const lines = messages
      .filter((m) => m.type === 'error')
      .map((m) => `${shader.name}.wgsl:${m.lineNum - shift}:${m.linePos} ${m.message}`)
    return lines.length > 0 ? lines.join('\n') : error instanceof Error ? error.message : String(error)
  }
}

/** A subgroup's product with the most equal M and N, then the largest K; null where its tiles do not fit into workgroup memory. */
function matrixOf({ device, info }: Gpu): SubgroupMatrix | null {
  if (!device.features.has(SUBGROUP_MATRIX)) return null
  const found = [...((info as SubgroupMatrixInfo).subgroupMatrixConfigs ?? [])].filter(
    (config) => config.componentType === 'f16' && config.resultComponentType === 'f32',
  )
  const [best] = found.sort((x, y) => Math.abs(x.M - x.N) - Math.abs(y.M - y.N) || y.K - x.K)
  // The tiles of a and b and the `bounce` buffer of matmul.matrix.wgsl.
  const bytes = best ? 8 * (best.M + best.N) * (2 * best.K + 8) + 16 * best.M * best.N : 0
  return best && bytes <= device.limits.maxComputeWorkgroupStorageSize ? { M: best.M, N: best.N, K: best.K } : null
}
