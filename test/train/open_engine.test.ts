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

test('the GPU where there is one, the CPU where it is asked for', async () => {
  const opened = await openEngine('auto', await gpu())
  expect([opened.engine.info.kind, opened.fallback]).toEqual(['gpu', null])
  expect((await openEngine('cpu', await gpu())).engine.info.kind).toBe('cpu')
  opened.engine.destroy()
})
