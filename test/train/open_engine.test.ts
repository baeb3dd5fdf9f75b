// Which engine computes: the CPU takes over wherever the browser gives no GPU, however it says so.
import { expect, test, vi } from 'vitest'
import { NoWebGpuError } from '../../src/errors'
import { compare, openEngine } from '../../src/train/open_engine'
import { WasmEngine } from '../../src/wasm/engine'
import { gpu } from '../gpu_env'

const answering = (requestAdapter: () => Promise<GPUAdapter | null>) => ({ requestAdapter }) as unknown as GPU
const blocked = answering(() => Promise.reject(new DOMException('WebGPU is blocklisted.', 'OperationError')))

test.each([
  ['no WebGPU', undefined, /no WebGPU/],
  ['no adapter', answering(() => Promise.resolve(null)), /no adapter/],
  ['an adapter that is refused', blocked, /blocks WebGPU here: WebGPU is blocklisted/],
])('%s: the CPU, and why', async (_, none, why) => {
  const { engine, fallback } = await openEngine('auto', none)
  expect(engine.info.kind).toBe('cpu')
  expect(fallback).toMatch(why)
  expect(fallback).toMatch(/WebAssembly computes on the processor instead\.$/)
  await expect(openEngine('gpu', none)).rejects.toThrow(NoWebGpuError)
})

/** The adapter of this machine, as one that is or is not software. */
async function adapterThatIs(software: boolean, vendor = 'nvidia'): Promise<GPU> {
  const real = await gpu()
  const requestAdapter = async (options?: GPURequestAdapterOptions) => {
    const adapter = await real.requestAdapter(options)
    if (!adapter) return null
    const info = {
      vendor,
      architecture: '',
      device: '',
      description: software ? 'llvmpipe (LLVM 15.0.6, 256 bits)' : 'A real one',
      isFallbackAdapter: false,
    }
    return new Proxy(adapter, {
      get: (target, name) => {
        if (name === 'info') return info
        const value: unknown = Reflect.get(target, name, target)
        return typeof value === 'function' ? (value as () => unknown).bind(target) : value
      },
    })
  }
  return { requestAdapter } as unknown as GPU
}

test('the GPU where there is one, the CPU where it is asked for', async () => {
  const real = await adapterThatIs(false)
  const opened = await openEngine('auto', real)
  expect([opened.engine.info.kind, opened.fallback]).toEqual(['gpu', null])
  expect((await openEngine('cpu', real)).engine.info.kind).toBe('cpu')
  opened.engine.destroy()
})

test('an adapter that is a program on the processor: WebAssembly, and why; the adapter where it is asked for', async () => {
  const software = await adapterThatIs(true)
  const { engine, fallback } = await openEngine('auto', software)
  expect(engine.info.name).toMatch(/WebAssembly/)
  expect(fallback).toMatch(/llvmpipe .*is no GPU but a program on the processor.*“WebGPU only”/)
  for (const opened of [await openEngine('gpu', software), await openEngine('auto', software, { software: true })]) {
    expect([opened.engine.info.kind, opened.fallback]).toEqual(['gpu', null])
    opened.engine.destroy()
  }
})

test('an adapter of no known maker is measured: WebAssembly where it is slower, with both figures, and the adapter where it is not', async () => {
  // It is Mesa's software, some hundred times slower.
  const unknown = await adapterThatIs(false, '')
  const { engine, fallback } = await openEngine('auto', unknown)
  expect(engine.info.name).toMatch(/WebAssembly/)
  expect(fallback).toMatch(
    /^The graphics adapter here, A real one, is slower than the processor, so WebAssembly computes\. For the same product of 256 × 256 numbers the adapter takes [\d.e+]+ ms, WebAssembly [\d.]+ ms\. With “WebGPU only”/,
  )
  // As if WebAssembly took an hour for everything.
  let late = 0
  const [now, run] = [performance.now.bind(performance), WasmEngine.prototype.run]
  vi.spyOn(performance, 'now').mockImplementation(() => now() + late)
  vi.spyOn(WasmEngine.prototype, 'run').mockImplementation(async function (this: WasmEngine, ...given) {
    await run.apply(this, given)
    late += 3_600_000
  })
  const opened = await openEngine('auto', unknown)
  vi.restoreAllMocks()
  expect([opened.engine.info.kind, opened.fallback]).toEqual(['gpu', null])
  opened.engine.destroy()
})

test('the comparison has both figures, and there is none without an adapter', async () => {
  expect(await compare(undefined)).toBe(null)
  const { adapter, race } = (await compare(await adapterThatIs(true)))!
  expect(adapter).toMatch(/llvmpipe/)
  expect(race.gpu_ms).toBeGreaterThan(race.processor_ms)
})
