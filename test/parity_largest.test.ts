// The largest golden case against PyTorch: four layers, 128 wide. Its kernels run long enough that LLVM's optimiser, which the other tests of
// units go without, saves more than it takes. Plain JavaScript takes a second a step: it takes the first steps here, and the smaller cases
// whole (parity.test.ts); WebAssembly and the GPU take all.
import { expect, test } from 'vitest'
import { readCase } from '../src/headless/golden'
import { openEngine } from '../src/train/open_engine'
import { gpu } from './gpu_env'
import { expectParity, FOLDER, LARGEST } from './parity_env'

// Before Mesa is loaded, which reads it.
delete process.env['GALLIVM_PERF']
delete process.env['LP_NATIVE_VECTOR_WIDTH']

/** Steps that plain JavaScript takes. */
const FIRST = 4

test.each([
  ['gpu', 'gpu', Infinity],
  ['cpu', 'cpu', Infinity],
  ['javascript', 'cpu', FIRST],
] as const)('parity of the largest case on the engine that %s opens', async (kind, is, steps) => {
  const { engine } = await openEngine(kind, kind === 'gpu' ? await gpu() : undefined)
  expect(engine.info.kind).toBe(is)
  const golden = readCase(FOLDER, LARGEST)
  const [batches, losses] = [golden.batches.slice(0, steps), golden.losses.slice(0, steps)]
  // What PyTorch had after the last step is no part of a beginning.
  const loss_after = batches.length < golden.batches.length ? null : golden.loss_after
  await expectParity(engine, { ...golden, batches, losses, loss_after })
  engine.destroy()
})
