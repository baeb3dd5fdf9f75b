// What does not fit a device: each problem names its field, and following its way out ends in a config that fits.
import { expect, test } from 'vitest'
import type { Config } from '../../src/config'
import { configFor } from '../../src/presets'
import { fitsDevice } from '../../src/worker/measure'

/** What every WebGPU device holds in one piece: 128 MiB. */
const BASELINE = 2 ** 25
const SMALL = { n_layer: 2, n_head: 8, n_embd: 64, block_size: 64, batch_size: 8 }

test.each<[string, Partial<Config>, keyof Config | null]>([
  ['a small model', SMALL, null],
  // Heads of 8 attend without the matrix: nothing here is larger than 4 MiB.
  ['a long context without the matrix', { ...SMALL, block_size: 1024 }, null],
  ['a long context with the matrix: heads of 6', { ...SMALL, n_embd: 48, block_size: 1024 }, 'batch_size'],
  ['one sequence with the matrix is too much', { ...SMALL, n_embd: 48, block_size: 4096 }, 'block_size'],
  ['wide queries, a narrow MLP', { ...SMALL, n_embd: 2048, n_inner: 8, block_size: 1024 }, 'batch_size'],
  ['a matrix of the MLP', { ...SMALL, n_embd: 2048, n_inner: 16384 }, 'n_embd'],
  ['many rows', { ...SMALL, n_head: 1, n_embd: 4, n_inner: 4, block_size: 2048, batch_size: 1024 }, 'batch_size'],
])('%s', (_, overrides, field) => {
  // A device with room for anything still counts rows.
  const maxBlock = field === 'batch_size' && overrides.batch_size === 1024 ? 2 ** 30 : BASELINE
  let config = configFor(overrides, 65)
  expect(fitsDevice(config, maxBlock)[0]?.field ?? null).toBe(field)
  for (let i = 0; i < 12; i++)
    for (const problem of fitsDevice(config, maxBlock)) config = { ...config, [problem.field]: problem.fix }
  expect(fitsDevice(config, maxBlock)).toEqual([])
})
