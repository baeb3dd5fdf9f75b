// The bench's words: its sizes are those that are published, its figures and tables say what they should.
import { expect, test } from 'vitest'
import {
  BENCH_SIZES,
  benchConfig,
  defaultSizes,
  figures,
  isSoftware,
  markdown,
  spreadOf,
  startTable,
  whyNotFast,
} from '../../src/words/bench'
import { validate } from '../../src/config/validate'
import type { EngineInfo } from '../../src/engine'
import { countParams } from '../../src/params'

const info = (change: Partial<EngineInfo>): EngineInfo => ({
  kind: 'gpu',
  name: 'A GPU',
  vendor: '',
  architecture: '',
  software: false,
  features: [],
  limits: {},
  ...change,
})

test.each([
  ['S', [2, 4, 64], [8, 64], 65, 0.1],
  ['M', [4, 4, 128], [12, 64], 65, 0.8],
  ['L', [6, 6, 384], [64, 256], 65, 10.7],
  ['XL', [12, 12, 768], [8, 256], 50257, 123.7],
] as const)('%s is the model that it names', (size, shape, batch, vocabulary, millions) => {
  const config = benchConfig(size, false)
  expect(validate(config)).toEqual([])
  expect([config.n_layer, config.n_head, config.n_embd]).toEqual(shape)
  expect([config.batch_size, config.block_size]).toEqual(batch)
  expect(config).toMatchObject({ vocab_size: vocabulary, bias: false, dropout: 0, tie: true, n_inner: 4 * shape[2] })
  expect(countParams(config) / 1e6).toBeCloseTo(millions, 1)
})

test('a software adapter gets one sequence of L, and XL only if asked', () => {
  expect(benchConfig('L', true).batch_size).toBe(1)
  expect(benchConfig('M', true)).toEqual(benchConfig('M', false))
  expect(defaultSizes(true)).toEqual(['S', 'M', 'L'])
  expect(defaultSizes(false)).toEqual(BENCH_SIZES)
  expect(isSoftware(info({ name: 'llvmpipe: Mesa 25' }))).toBe(true)
  expect(isSoftware(info({ architecture: 'swiftshader' }))).toBe(true)
  expect(isSoftware(info({ kind: 'cpu' }))).toBe(true)
  expect(isSoftware(info({ name: 'NVIDIA H100' }))).toBe(false)
})

test('why the fast precision is not offered', () => {
  expect(whyNotFast(info({ kind: 'cpu', name: 'plain JavaScript' }))).toMatch(/JavaScript has no 16-bit/)
  expect(whyNotFast(info({}))).toMatch(/not offered on this device.*shader-f16/)
  expect(whyNotFast(info({ features: ['shader-f16'] }))).toBeNull()
})

test('median and tenths; three figures; a table that is even in plain text', () => {
  expect(spreadOf([5, 1, 4, 2, 3, 6, 7, 8, 9, 10, 0])).toEqual({ median: 5, p10: 1, p90: 9 })
  expect(spreadOf([7])).toEqual({ median: 7, p10: 7, p90: 7 })
  expect([1234.5, 123.4, 12.34, 1.234, 0.1234].map(figures)).toEqual(['1,235', '123', '12.3', '1.23', '0.123'])
  expect(
    markdown([
      ['', 'S'],
      ['tokens/s', '12'],
    ]).split('\n'),
  ).toEqual(['|          |   S |', '|----------|----:|', '| tokens/s |  12 |'])
})

test('where the time to the first step goes: a column a start, whose parts add up', () => {
  const times = { record_ms: 20, text_ms: 3.25, compile_ms: 1000, contest_ms: 0, step_ms: 30 }
  const table = startTable([
    { size: 'L', warm: false, adapter_ms: 400, times },
    { size: 'L', warm: true, adapter_ms: 10, times: { ...times, compile_ms: 200 } },
  ])
  expect(table).toMatch(/^\| ms to the first step +\| L, cold \| L, warm \|$/m)
  expect(table).toMatch(/^\| text of the kernels +\| +3\.3 \| +3\.3 \|$/m)
  expect(table).toMatch(/^\| together +\| +1,453\.3 \| +263\.3 \|$/m)
})
