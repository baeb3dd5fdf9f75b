// Which engine computes: the CPU takes over wherever the browser gives no GPU, however it says so.
import { expect, test } from 'vitest'
import { NoWebGpuError } from '../../src/errors'
import { openEngine } from '../../src/train/open_engine'
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
async function adapterThatIs(software: boolean): Promise<GPU> {
  const real = await gpu()
  const requestAdapter = async (options?: GPURequestAdapterOptions) => {
    const adapter = await real.requestAdapter(options)
    if (!adapter) return null
    const info = {
      vendor: 'maker',
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
