// Runs every table of test/ops on WASM alone.
import { test, vi, describe } from 'vitest'
import { openWasm } from '../../src/wasm/engine'
vi.mock('../check_op', async (original) => {
  const real = await original<typeof import('../check_op')>()
  return {
    ...real,
    testOp: (op: string, make: never, table: Record<string, unknown>, tolerance?: never) => {
      for (const [name, sizes] of Object.entries(table))
        test(`WASMOP ${op}, ${name}`, async () => {
          await real.checkOp(openWasm(), make, sizes as never, tolerance ? { tolerance } : {})
        })
    },
  }
})
const all = import.meta.glob('../ops/*.test.ts', { eager: true })
void all
void describe
