// `npm run kernel`: a step's dispatches, the final WGSL of its kernels, and a tensor by its address.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openCpu } from '../../src/cpu/engine'
import { NoVariantError } from '../../src/errors'
import { forced, runCommand, type Main } from '../../src/headless/command'
import { readCase } from '../../src/headless/golden'
import { main as kernel } from '../../src/headless/kernel'
import { main as parity } from '../../src/headless/parity'
import { dispatchList, kernelSources, tensorList, tensorValues } from '../../src/headless/step_views'
import { openGpu, type GpuEngine } from '../../src/ops/engine'
import { nullGpu } from '../null_gpu'
import { lavapipe } from '../vulkan.mjs'

const golden = readCase('test/fixtures/golden', 'gpt2-tiny')
const cpu = openCpu()

describe('kernels', () => {
  let engine: GpuEngine
  beforeAll(async () => {
    engine = await openGpu({ gpu: nullGpu() })
  })
  afterAll(() => engine.destroy())

  test('list names each dispatch, its kernel and its overrides, in order', async () => {
    const lines = (await dispatchList(engine, golden, '')).split('\n')
    expect(lines[0]).toMatch(/^encoded\.embedding +embedding\.forward_positions \{"B":4,"T":16,.*GFLOP +\d+\.\d\d MiB$/)
    expect(lines.at(-1)).toMatch(/^weights\.0\.adamw +adamw/)
    const some = (await dispatchList(engine, golden, 'h.1.mlp')).split('\n')
    expect(some.length).toBeGreaterThan(2)
    expect(some.every((line) => line.startsWith('h.1.'))).toBe(true)
    await expect(dispatchList(engine, golden, 'nothing')).rejects.toThrow('No dispatch of gpt2-tiny has "nothing"')
  })

  test('wgsl is what the device gets: constants, prelude and the op', async () => {
    const source = await kernelSources(engine, golden, 'adamw')
    expect(source).toMatch(/^\/\/ ---- adamw\S*\.forward \{.*"DECAYED".*\}\n\/\/ computes weights\.0\.adamw\n/)
    for (const part of ['const HYPER_GRAD_CLIP = 7u;', 'fn flat_thread(', 'const STEP = ', 'hyper[HYPER_GRAD_CLIP]'])
      expect(source).toContain(part)
    // One kernel each: what is printed is a module by itself.
    const adapter = await nullGpu().requestAdapter()
    const device = await adapter!.requestDevice()
    const messagesOf = async (code: string) =>
      (await device.createShaderModule({ code }).getCompilationInfo()).messages.map(({ message }) => message)
    expect(await messagesOf(source)).toEqual([])
    device.pushErrorScope('validation')
    expect(await messagesOf(source.replace('fn flat_thread(', 'fn flat_bread('))).not.toEqual([])
    await device.popErrorScope()
    device.destroy()
    await expect(kernelSources(cpu, golden, 'adamw')).rejects.toThrow('take --engine gpu')
  })

  test('a kernel that does not compile is printed all the same', async () => {
    const compile = engine.compile.bind(engine)
    engine.compile = () => Promise.reject(new Error('does not compile'))
    expect(await kernelSources(engine, golden, 'cross_entropy')).toContain('fn backward_in_place(')
    engine.compile = compile
  })
})

describe('a variant by force', () => {
  const sourcesBy = async (...kernels: string[]) => {
    const engine = await openGpu({ gpu: nullGpu(), ...forced(kernels) })
    try {
      return await kernelSources(engine, golden, 'qkv.matmul')
    } finally {
      engine.destroy()
    }
  }
  test('is taken where it can be', async () => {
    expect(await sourcesBy('matmul=plain')).not.toContain('var<workgroup> tile_a')
    expect(await sourcesBy('matmul=tile 32x32')).toMatch(/^\/\/ ---- matmul tile 32×32.*\.tile \{/)
  })
  test('that no call can take is refused, with those that can', async () => {
    await expect(sourcesBy('matmul=plane')).rejects.toThrow(NoVariantError)
    await expect(sourcesBy('matmul=plane')).rejects.toThrow(
      /No call of matmul can take the kernel "plane" .*: plain, tile 32×32/,
    )
    await expect(sourcesBy('gelu=plain')).rejects.toThrow(/Ops with variants in this program: matmul/)
    expect(() => forced(['matmul'])).toThrow('--kernel takes OP=VARIANT, such as matmul=plain, not "matmul".')
  })
})

describe('tensors', () => {
  test('are listed with shape and type', () => {
    expect(tensorList(golden, '')).toMatch(/^tokens \[4, 16\] u32$/m)
    expect(tensorList(golden, 'h.1.attn.').split('\n')).toContain('h.1.attn.qkv [4, 16, 96] f32')
    expect(() => tensorList(golden, 'h.2.')).toThrow('No tensor of gpt2-tiny has "h.2." in its address.')
  })

  test('are read by address after the first step, activations and gradients too', async () => {
    const [head, statistics, first] = (await tensorValues(cpu, golden, 'logits')).split('\n')
    const { data } = golden.logits
    expect(head).toBe('logits [4, 16, 65] f32')
    const [least, most] = statistics!.match(/-?\d[\d.e-]*/g)!.map(Number)
    expect(least).toBeCloseTo(Math.min(...data), 4)
    expect(most).toBeCloseTo(Math.max(...data), 4)
    expect(statistics).toMatch(/not finite 0 of 4160$/)
    const numbers = first!.trim().split(' ')
    expect(numbers).toHaveLength(9)
    numbers.slice(0, 8).forEach((number, i) => expect(Number(number)).toBeCloseTo(data[i]!, 4))
    expect(await tensorValues(cpu, golden, 'h.1.mlp.dfch')).toMatch(/^h\.1\.mlp\.dfch \[4, 16, 128\] f32\nmin -/)
    expect(await tensorValues(cpu, golden, 'h.0.attn.lse')).toMatch(/rms \d/)
  })

  test('an address that the tape does not have is answered with those near it', async () => {
    await expect(tensorValues(cpu, golden, 'h.7.attn.qkv')).rejects.toThrow(/no tensor at .*; near it: h\.0\.attn\.qkv/)
    await expect(tensorValues(cpu, golden, 'nowhere')).rejects.toThrow(/npm run kernel -- tensors/)
  })
})

test('the command tells how it is called, prints a view, and says in one line why it does not', async () => {
  Object.assign(process.env, lavapipe())
  const run = async (main: Main, ...args: string[]) => {
    let [out, err] = ['', '']
    const io = { out: (line: string) => (out += `${line}\n`), err: (line: string) => (err += `${line}\n`), write: null }
    return { status: await runCommand(main, args, io), out, err }
  }
  expect((await run(kernel, '--help')).out).toMatch(/kernel -- wgsl WORD[\s\S]*--kernel OP=VARIANT/)
  const values = await run(kernel, 'tensor', 'logits', '--engine', 'cpu')
  expect(values).toMatchObject({ status: 0 })
  expect(values.out).toMatch(/^logits \[4, 16, 65\] f32\nmin /)
  const wrong = await run(kernel, 'wgls', 'adamw')
  expect(wrong).toMatchObject({ status: 2, out: '' })
  expect(wrong.err).toMatch(/^There is no "wgls"; there are list, wgsl, tensors, tensor\./)
  const unknown = await run(parity, 'test/fixtures/golden', '--case', 'gpt2-tiny', '--kernel', 'matmul=plane')
  expect(unknown).toMatchObject({ status: 2 })
  expect(unknown.err).toMatch(/could not be run: No call of matmul can take the kernel "plane"/)
})
