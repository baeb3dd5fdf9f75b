// Sizes at which the WebAssembly kernels take another way than in the tables of test/ops: blocks and panels that are not full, several of them,
// rows that are multiplied one by one, many blocks of queries.
import { expect, test } from 'vitest'
import { openWasm } from '../../src/wasm/engine'
import { checkOp } from '../check_op'
import { cases } from '../op_case'
import { place } from '../op_run'

test.each(
  Object.entries({
    'more of k, of rows and of columns than a block': { N: 99, K: 261, M: 267, bias: true },
    'the same transposed, with an activation before': { N: 99, K: 267, M: 261, transposed: true, before: 'gelu' },
    'one block and nothing more': { N: 96, K: 256, M: 256 },
    'one tile and nothing more': { N: 6, K: 8, M: 8, bias: true },
    'one more than a tile each way': { N: 7, K: 9, M: 9 },
    'two rows, one by one': { N: 2, K: 70, M: 75, bias: true, residual: true },
    'two rows, transposed, one by one': { N: 2, K: 70, M: 75, transposed: true },
    'three rows, together': { N: 3, K: 70, M: 75, bias: true },
    'one row, an activation after, dropped': { N: 1, K: 33, M: 64, after: 'relu2', drop: 0.4 },
  } satisfies Record<string, Parameters<typeof cases.matmul>[1]>),
)('matmul: %s', async (_, sizes) => {
  await checkOp(openWasm(), cases.matmul, sizes)
})

const LONG = { B: 2, NH: 4, NKV: 2 }
test.each(
  Object.entries({
    'a block of queries and nothing more': { ...LONG, T: 24, HS: 8 },
    'one query more': { ...LONG, T: 25, HS: 8, p: 0.2, stream: 3 },
    'many blocks, a large head': { ...LONG, B: 1, T: 75, HS: 64, p: 0.1, stream: 1 },
    'many blocks by fours': { ...LONG, B: 1, T: 96, HS: 20 },
  }),
)('attention, with its matrix and without: %s', async (_, sizes) => {
  await checkOp(openWasm(), cases.attention, sizes)
  await checkOp(openWasm(), cases.flash_attention, sizes)
})

test('attention with an odd head, longer than a panel is deep', async () => {
  await checkOp(openWasm(), cases.attention, { B: 1, T: 300, NH: 1, NKV: 1, HS: 7 })
})

test('a row of attention has the same numbers with its matrix and without', async () => {
  const sizes = { ...LONG, T: 53, HS: 12, p: 0.3, stream: 2 }
  const dout = new Float64Array(LONG.B * sizes.T * LONG.NH * sizes.HS).fill(0.5)
  const results = []
  for (const make of [cases.attention, cases.flash_attention]) {
    const engine = openWasm()
    results.push(await (await place(engine, make(4, sizes), (t) => engine.read(t))).run({ noise: 1, dout }))
  }
  expect(results[0]!.outputs['out']).toEqual(results[1]!.outputs['out'])
})

test('a batch of rows that AdamW decays up to the middle of four', async () => {
  for (const decayed of [0, 1, 2, 3, 5, 1001, 1003]) await checkOp(openWasm(), cases.adamw, { size: 1003, decayed })
})
