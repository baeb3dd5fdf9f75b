// The largest golden case against PyTorch, on both engines: sixty steps of four layers, 128 wide. Its kernels run long enough that LLVM's
// optimiser, which the other tests of units go without, saves more than it takes.
import { expect, test } from 'vitest'
import { readCase } from '../src/headless/golden'
import { openEngine } from '../src/train/open_engine'
import { gpu } from './gpu_env'
import { expectParity, FOLDER, LARGEST } from './parity_env'

// Before Mesa is loaded, which reads it.
delete process.env['GALLIVM_PERF']
delete process.env['LP_NATIVE_VECTOR_WIDTH']

test.each(['gpu', 'cpu', 'javascript'] as const)(
  'parity of the largest case on the engine that %s opens',
  async (kind) => {
    const { engine } = await openEngine(kind, kind === 'gpu' ? await gpu() : undefined)
    expect(engine.info.kind).toBe(kind === 'gpu' ? 'gpu' : 'cpu')
    await expectParity(engine, readCase(FOLDER, LARGEST))
    engine.destroy()
  },
)
