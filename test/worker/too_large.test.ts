// What the worker knows of memory: what a run will take before it is measured, and what the device has refused.
import { expect, test, vi } from 'vitest'
import { WasmEngine } from '../../src/wasm/engine'
import { OutOfMemoryError } from '../../src/errors'
import { disk, tab, TEXT, tiny } from './lab_env'

async function withText() {
  const { lab } = await tab(disk())
  const { vocab_size } = await lab.data.loadText('fox', TEXT)
  // Nothing is dropped, so that one memory serves training and validation.
  return { lab, config: { ...tiny, vocab_size, dropout: 0 } }
}

test('what is forecast is what a measurement takes', async () => {
  const { lab, config } = await withText()
  for (const recompute of ['none', 'layer'] as const) {
    const { memory } = (await lab.run.forecast({ ...config, recompute }))[recompute]
    const measured = await lab.run.measure({ ...config, recompute })
    expect(measured.memory_bytes).toBe(memory.total)
  }
})

test('once a device has refused a run, no larger one is begun, and a smaller one is offered', async () => {
  const { lab, config } = await withText()
  expect(await lab.run.check(config)).toEqual([])
  const allocate = vi.spyOn(WasmEngine.prototype, 'allocate').mockRejectedValueOnce(new OutOfMemoryError('full'))
  await expect(lab.run.measure(config)).rejects.toThrow(OutOfMemoryError)
  allocate.mockRestore()
  const [problem] = await lab.run.check(config)
  expect(problem).toMatchObject({ field: 'batch_size', fix: 3 })
  expect(problem!.message).toContain('has refused')
  await expect(lab.run.measure({ ...config, batch_size: 8 })).rejects.toThrow('has refused')
  expect(await lab.run.check({ ...config, batch_size: 3 })).toEqual([])
})
