// What a step is made of, for the sizes of the bench: dispatches, arithmetic, bytes and memory as they stand in the recorded plan. They
// do not depend on the machine, so no change to a kernel or to the tape alters them unnoticed. A change that means to:
// `npx vitest run --project unit test/plan.test.ts -u`, and the new table is part of the commit.
import { expect, test } from 'vitest'
import { BENCH_SIZES, benchConfig, markdown, type BenchSize } from '../src/words/bench'
import type { Dispatch } from '../src/gpu/kernel'
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

/** The dispatches of XL's head, on a device that binds so many numbers at a time. */
async function headPlan(most: number): Promise<string[][]> {
  const config = benchConfig('XL', false)
  const params = paramTable(config)
  const zeros = new Float32Array(Math.max(...params.map(({ shape }) => sizeOf(shape))))
  const weights = new Map(params.map(({ name, shape }) => [name, zeros.subarray(0, sizeOf(shape))]))
  const engine = await openGpu({ gpu: silentGpu(), tune: false })
  Object.assign(engine, { head: { ...engine.head, most } })
  const trainer = await Trainer.open(engine, config, weights)
  const head = (trainer.program as readonly Dispatch[]).filter(({ label }) => label.startsWith('rows.0.'))
  const chunks = trainer.program.filter(({ label }) => /^rows\.\d+\.logits\.matmul$/.test(label)).length
  return head.map(({ label, workgroups, bytes }) => [
    label,
    `${chunks}`,
    workgroups.join(' × '),
    (bytes / 2 ** 20).toFixed(1),
  ])
}

test('the head of XL is what it was, where 512 MiB can be bound and where 128', async () => {
  const rows = [['', 'chunks', 'workgroups', 'MiB bound']]
  for (const most of [2 ** 27, 2 ** 25]) rows.push(...(await headPlan(most)))
  expect(`\n${markdown(rows)}\n`).toMatchInlineSnapshot(`
    "
    |                                     | chunks |     workgroups | MiB bound |
    |-------------------------------------|-------:|---------------:|----------:|
    | rows.0.logits.matmul                |      1 |  1571 × 64 × 1 |    1239.7 |
    | rows.0.losses.cross_entropy         |      1 |   2048 × 1 × 1 |     393.0 |
    | rows.0.losses.cross_entropy.dlogits |      1 | 65535 × 25 × 1 |     786.0 |
    | rows.0.logits.matmul.dx             |      1 |    12 × 64 × 2 |    1251.7 |
    | rows.0.logits.matmul.dx.finish      |      1 |   6144 × 1 × 1 |      24.0 |
    | rows.0.logits.matmul.dweight        |      1 |  12 × 1571 × 1 |    1098.5 |
    | rows.0.logits.matmul                |      4 |  1571 × 16 × 1 |     641.2 |
    | rows.0.losses.cross_entropy         |      4 |    512 × 1 × 1 |      98.3 |
    | rows.0.losses.cross_entropy.dlogits |      4 |  65535 × 7 × 1 |     196.5 |
    | rows.0.logits.matmul.dx             |      4 |   12 × 16 × 10 |     668.2 |
    | rows.0.logits.matmul.dx.finish      |      4 |   1536 × 1 × 1 |      18.0 |
    | rows.0.logits.matmul.dweight        |      4 |  12 × 1571 × 1 |     495.5 |
    "
  `)
})

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
    | XL             |        292 | 1565.673 |   24052.3 |        3465.0 |
    | L, dropout 0.2 |        180 | 1135.787 |   26220.2 |        2873.4 |
    "
  `)
})
