// What a step is made of, for the sizes of the bench: dispatches, arithmetic, bytes and memory as they stand in the recorded plan. They
// do not depend on the machine, so no change to a kernel or to the tape alters them unnoticed. A change that means to:
// `npx vitest run --project unit test/plan.test.ts -u`, and the new table is part of the commit.
import { expect, test } from 'vitest'
import { BENCH_SIZES, benchConfig, markdown, type BenchSize } from '../src/words/bench'
import { openGpu } from '../src/ops/engine'
import { paramTable, sizeOf } from '../src/params'
import { costOf } from '../src/train/benchmark'
import { Trainer } from '../src/train/trainer'
import { nullGpu } from './null_gpu'
import { silentGpu } from './silent_gpu'

async function plan(size: BenchSize, dropout = 0): Promise<string[]> {
  const config = { ...benchConfig(size, false), dropout }
  const params = paramTable(config)
  // Nobody reads them: one array serves all.
  const zeros = new Float32Array(Math.max(...params.map(({ shape }) => sizeOf(shape))))
  const weights = new Map(params.map(({ name, shape }) => [name, zeros.subarray(0, sizeOf(shape))]))
  // The null backend validates what is recorded, and has no room for the larger two.
  const gpu = size === 'S' || size === 'M' ? nullGpu() : silentGpu()
  const trainer = await Trainer.open(await openGpu({ gpu, tune: false }), config, weights)
  const { dispatches, flops, bytes } = costOf(trainer.program)
  return [
    dropout > 0 ? `${size}, dropout ${dropout}` : size,
    `${dispatches}`,
    (flops / 1e9).toFixed(3),
    ...[bytes, trainer.memory_bytes].map((n) => (n / 2 ** 20).toFixed(1)),
  ]
}

test('a step is what it was', async () => {
  const rows = [['', 'dispatches', 'GFLOP', 'MiB bound', 'MiB allocated']]
  for (const size of BENCH_SIZES) rows.push(await plan(size))
  rows.push(await plan('L', 0.2))
  expect(`\n${markdown(rows)}\n`).toMatchInlineSnapshot(`
    "
    |                | dispatches |    GFLOP | MiB bound | MiB allocated |
    |----------------|-----------:|---------:|----------:|--------------:|
    | S              |         66 |    0.359 |      52.5 |           6.6 |
    | M              |        116 |    3.930 |     324.3 |          39.5 |
    | L              |        166 | 1135.699 |   25212.2 |        2621.7 |
    | XL             |        326 | 1565.670 |   32258.3 |        3109.1 |
    | L, dropout 0.2 |        180 | 1135.787 |   26220.2 |        2873.4 |
    "
  `)
})
