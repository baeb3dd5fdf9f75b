// What does not fit a device: each problem names its field, and its way out is the largest value that fits.
import { expect, test } from 'vitest'
import { FIELDS } from '../../src/config/fields'
import type { Config } from '../../src/config/config'
import { configFor } from '../../src/presets'
import { fitsDevice, type Room } from '../../src/worker/fits'
import { cpuTime } from '../cpu_time'

/** What every WebGPU device holds in one piece: 128 MiB. */
const BASELINE: Room = { device: { maxBlock: 2 ** 25 }, refused: Infinity }
/** One that holds anything still counts rows. */
const HUGE: Room = { device: { maxBlock: 2 ** 32 }, refused: Infinity }
const SMALL = { n_layer: 2, n_head: 8, n_embd: 64, block_size: 64, batch_size: 8 }
const GPT2 = { n_layer: 12, n_head: 12, n_embd: 768, block_size: 256, batch_size: 8 }

const cases: [string, Partial<Config>, number, Room, keyof Config | null][] = [
  ['a small model', SMALL, 65, BASELINE, null],
  // Heads of 8 attend without the matrix: nothing here is larger than 4 MiB.
  ['a long context without the matrix', { ...SMALL, block_size: 1024 }, 65, BASELINE, null],
  [
    'a long context with the matrix: heads of 6',
    { ...SMALL, n_embd: 48, block_size: 1024 },
    65,
    BASELINE,
    'batch_size',
  ],
  ['one sequence with the matrix is too much', { ...SMALL, n_embd: 48, block_size: 4096 }, 65, BASELINE, 'block_size'],
  ['wide queries, a narrow MLP', { ...SMALL, n_embd: 1024, n_inner: 8, block_size: 2048 }, 65, BASELINE, 'batch_size'],
  ['a matrix of the MLP', { ...SMALL, n_embd: 2048, n_inner: 16384 }, 65, BASELINE, 'n_embd'],
  ['many words: the embedding is too large', GPT2, 50_257, BASELINE, 'n_embd'],
  ['many words, whose logits are taken by chunks', GPT2, 50_257, { ...BASELINE, device: { maxBlock: 2 ** 29 } }, null],
  ['every piece fits, all of them do not', { ...SMALL, n_layer: 48, batch_size: 128 }, 65, BASELINE, 'batch_size'],
  ['the weights alone are too many', { ...SMALL, n_layer: 48, n_embd: 768 }, 65, BASELINE, 'n_embd'],
  [
    'many rows',
    { ...SMALL, n_head: 1, n_embd: 4, n_inner: 4, block_size: 2048, batch_size: 1024 },
    65,
    HUGE,
    'batch_size',
  ],
  ['more than the device refused before', SMALL, 65, { ...BASELINE, refused: 2 ** 22 }, 'batch_size'],
]

test.each(cases)('%s', (_, overrides, vocab_size, room, field) => {
  const config = configFor(overrides, vocab_size)
  const problems = fitsDevice(config, room)
  expect(problems.map((problem) => problem.field)).toEqual(field === null ? [] : [field])
  for (const { message, fix } of problems) {
    expect(message).toMatch(/[0-9]( [MG]B)?.*The largest .* that fits is [0-9]+\.$/)
    expect(fitsDevice({ ...config, [field!]: fix }, room)).toEqual([])
    // Two heads' worth more, or one, and it would not.
    const step = field === 'n_embd' ? config.n_head * 2 : 1
    expect(fitsDevice({ ...config, [field!]: Number(fix) + step }, room)).not.toEqual([])
  }
})

test('where no one field is enough the way out leads on, to a config that fits', () => {
  let config = configFor({ ...GPT2, n_embd: 2040, block_size: 4096 }, 50_257)
  let steps = 0
  for (let problems = fitsDevice(config, BASELINE); problems.length > 0; problems = fitsDevice(config, BASELINE)) {
    for (const { field, fix } of problems) config = { ...config, [field]: fix }
    expect(++steps).toBeLessThan(8)
  }
  expect(steps).toBeGreaterThan(1)
})

test('the largest of everything is judged in seconds', () => {
  const most = Object.fromEntries(Object.entries(FIELDS).flatMap(([name, f]) => ('max' in f ? [[name, f.max]] : [])))
  const config = {
    ...configFor(GPT2, 5000),
    ...most,
    n_kv_head: 64,
    dropout: 0.1,
    min_lr: 0,
    warmup_iters: 0,
  } as Config
  expect(cpuTime(() => expect(fitsDevice(config, BASELINE)).toHaveLength(1))).toBeLessThan(60_000)
})
