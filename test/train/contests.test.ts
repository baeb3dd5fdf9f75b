// Contests among products while a model trains: no bit of the run depends on when a faster kernel takes over, or on whether one does.
// Tiles are slower than the plain kernel on a software driver, so here they win by decree.
import { expect, test, vi } from 'vitest'
import { openDevice } from '../../src/gpu/device'
import type { Dispatch } from '../../src/gpu/kernel'
import { initWeights } from '../../src/model/init'
import { GpuEngine } from '../../src/ops/engine'
import { Trainer } from '../../src/train/trainer'
import { gpu } from '../gpu_env'
import { loaderOf, tinyRun } from './tiny'

vi.mock(import('../../src/gpu/profile'), async (original) => ({
  ...(await original()),
  timeOf: (_gpu, _queue, program: readonly Dispatch[]) => Promise.resolve(/plain/.test(program[0]!.label) ? 2 : 1),
}))

/** Products of 4 MFLOP in all three forms, and heads of 8, for which attention has one kernel. */
const SIZES = { n_embd: 64, n_head: 8, n_kv_head: 8, n_inner: 128, n_layer: 1, batch_size: 16, block_size: 16 }

/** The device as one that is not known to compute on the processor: contests are held there. */
async function engineLikeAGpu(tune: boolean): Promise<GpuEngine> {
  const opened = await openDevice({ gpu: await gpu() })
  const { vendor, architecture, device, description } = opened.info
  const info = { vendor, architecture, device, description, isFallbackAdapter: false }
  return new GpuEngine({ ...opened, info: info as GPUAdapterInfo }, { tune })
}

test('a kernel that takes over in mid-run changes no bit', async () => {
  const { spec, dataset } = await tinyRun({ ...SIZES, bias: true, mlp: 'gelu' })
  const loader = loaderOf(dataset, spec.config)
  const run = async (engine: GpuEngine, between?: (trainer: Trainer) => Promise<void>) => {
    const trainer = await Trainer.open(engine, spec.config, initWeights(spec.config, 1))
    for (let step = 0; step < 4; step++) {
      if (step === 2) await between?.(trainer)
      await trainer.train(step, () => loader.batch(step))
    }
    const state = await trainer.state()
    engine.destroy()
    return new Map([...state].map(([name, { data }]) => [name, data]))
  }
  const kernelsOf = (engine: GpuEngine, trainer: Trainer) =>
    trainer.program.map((work) => engine.kernelOf(work as Dispatch).name).filter((name) => name.startsWith('matmul '))
  const straight = await run(await engineLikeAGpu(false))
  const engine = await engineLikeAGpu(true)
  const tuned = await run(engine, async (trainer) => {
    expect(kernelsOf(engine, trainer).filter((name) => name.includes('tile'))).toEqual([])
    await engine.improve(true)
    expect(kernelsOf(engine, trainer).filter((name) => name.includes('tile 32')).length).toBeGreaterThan(8)
  })
  expect(engine.choices.map(({ key, variant, refused }) => [key, variant, refused])).toEqual([
    ['matmul nn small', 'tile 32×32', []],
    ['matmul nt small', 'tile 32×32', []],
    ['matmul tn small', 'tile 32×32', []],
  ])
  expect(tuned).toEqual(straight)
})
