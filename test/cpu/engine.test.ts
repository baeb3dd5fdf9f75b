// What the CPU engine promises beside right numbers: order, room for the event loop, precision, and words when it fails.
import { expect, test } from 'vitest'
import { openCpu } from '../../src/cpu/engine'
import type { CpuTensor, CpuWork } from '../../src/cpu/tensor'
import { OutOfMemoryError } from '../../src/errors'
import { cases } from '../op_case'
import { place } from '../op_run'
import { distance } from '../distance'

const vector = (label: string, size: number, dtype: 'f32' | 'u32' | 'i32' = 'f32') => ({
  label,
  size,
  windows: [{ tensor: { label, shape: [size], dtype }, offset: 0 }],
})

/** Work that keeps the thread for `ms`, then does `run`. */
function busy(ms: number, run: () => void): CpuWork {
  const work = () => {
    const end = performance.now() + ms
    while (performance.now() < end);
    run()
  }
  return { label: 'busy', flops: 0, bytes: 0, run: work }
}
const value = (tensor: CpuTensor) => tensor.data[0]!

test('programs, writes and readings take effect in the order of the calls', async () => {
  const engine = openCpu()
  const x = (await engine.allocate([vector('x', 1)])).get('x')!
  const times10 = [busy(40, () => (x.data[0] = value(x) * 10)), busy(40, () => (x.data[0] = value(x) + 1))]
  const written = Float32Array.of(1)
  engine.write(x, written)
  const first = engine.run(times10)
  const afterFirst = engine.read([x])
  written[0] = 2
  engine.write(x, written)
  written[0] = 99 // the array is its caller's again
  const second = engine.run(times10)
  const afterSecond = engine.read([x])
  await Promise.all([first, second])
  expect((await afterFirst)[0]).toEqual(Float32Array.of(11))
  expect((await afterSecond)[0]).toEqual(Float32Array.of(21))
})

test('a long program lets the event loop turn', async () => {
  const engine = openCpu()
  let turns = 0
  const timer = setInterval(() => turns++, 5)
  await engine.run(Array.from({ length: 5 }, () => busy(40, () => undefined)))
  clearInterval(timer)
  expect(turns).toBeGreaterThanOrEqual(3)
})

test('a failing program fails for its caller alone', async () => {
  const engine = openCpu()
  const x = (await engine.allocate([vector('x', 1)])).get('x')!
  const failing = engine.run([busy(0, () => expect.unreachable('on purpose'))])
  const next = engine.run([busy(0, () => (x.data[0] = 5))])
  await expect(failing).rejects.toThrow('on purpose')
  await next
  expect(await engine.read([x])).toEqual([Float32Array.of(5)])
})

test('windows on one block share its memory, in either precision', async () => {
  for (const precision of ['f32', 'f64'] as const) {
    const engine = openCpu(precision)
    const tensors = await engine.allocate([
      {
        label: 'block',
        size: 128,
        windows: [
          { tensor: { label: 'whole', shape: [2, 64], dtype: 'f32' }, offset: 0 },
          { tensor: { label: 'half', shape: [64], dtype: 'f32' }, offset: 64 },
          { tensor: { label: 'words', shape: [3], dtype: 'u32' }, offset: 64 },
        ],
      },
    ])
    engine.write(tensors.get('half')!, Float32Array.of(7))
    expect(tensors.get('whole')!.data[64]).toBe(7)
    expect(tensors.get('words')!.data).toHaveLength(3)
  }
})

test('an op given a tensor of the wrong kind, a write too long and a window too wide are named', async () => {
  const engine = openCpu()
  const tensors = await engine.allocate([vector('x', 2, 'i32'), vector('out', 2)])
  const [x, out] = [tensors.get('x')!, tensors.get('out')!]
  expect(() => engine.ops.gelu.forward({ name: 'g', t: { x, out }, attrs: {} })).toThrow('x is i32, not f32')
  expect(() =>
    engine.ops.gelu.backward({ name: 'g', t: { x: out, out }, d: { dx: out }, adds: new Set(), attrs: {} }),
  ).toThrow('g: backward without the gradient of its output')
  expect(() => engine.write(out, new Float32Array(3))).toThrow('3 numbers written to out of 2')
  const wide = { tensor: { label: 'wide', shape: [60], dtype: 'f32' as const }, offset: 10 }
  await expect(engine.allocate([{ label: 'small', size: 64, windows: [wide] }])).rejects.toThrow('wide [10, +60]')
})

test('memory that is not there is an error with numbers and a way out', async () => {
  const gigantic = { label: 'activations.0', size: 2 ** 51, windows: [] }
  const failure = openCpu().allocate([gigantic])
  await expect(failure).rejects.toBeInstanceOf(OutOfMemoryError)
  await expect(failure).rejects.toThrow(/activations\.0 of [\d,.]+ GB\. Try/)
})

test('a destroyed engine stops', async () => {
  const engine = openCpu()
  let done = 0
  const running = engine.run(Array.from({ length: 4 }, () => busy(40, () => done++)))
  setTimeout(() => engine.destroy(), 1)
  await expect(running).rejects.toThrow('destroyed')
  expect(done).toBeLessThan(4)
})

test('flops and bytes are what the op must do and move', async () => {
  const engine = openCpu()
  const tensors = await engine.allocate([vector('x', 5 * 7), vector('weight', 7 * 3), vector('out', 5 * 3)])
  const shaped = (label: string, shape: number[]) => ({ ...tensors.get(label)!, shape })
  const [work] = engine.ops.matmul.forward({
    name: 'h.0.mlp.fch',
    t: { x: shaped('x', [5, 7]), weight: shaped('weight', [7, 3]), out: shaped('out', [5, 3]) },
    attrs: { transposed: false },
  })
  expect(work).toMatchObject({ label: 'h.0.mlp.fch.matmul', flops: 2 * 5 * 7 * 3, bytes: 4 * (35 + 21 + 15) })
})

test('sums run in f64: a long product in f32 is rounded once', async () => {
  const sizes = { N: 3, K: 5000, M: 5 }
  const opCase = cases.matmul(3, sizes)
  const [single, double] = [openCpu(), openCpu('f64')]
  const dout = new Float64Array(15)
  const got = await (await place(single, opCase, (t) => single.read(t))).run({ noise: 1, dout })
  const want = await (await place(double, opCase, (t) => double.readExact(t), true)).run({ noise: 1, dout })
  const rounded = want.outputs['out']!.map(Math.fround)
  expect(distance('out', got.outputs['out']!, rounded).element).toBe(0)
})
