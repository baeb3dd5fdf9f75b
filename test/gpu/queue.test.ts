// What the queue does with a program that would keep the device too long: several submits, in order, and the same result.
import { expect, test, vi } from 'vitest'
import { openDevice } from '../../src/gpu/device'
import { Kernels, type Dispatch } from '../../src/gpu/kernel'
import { cut, Queue } from '../../src/gpu/queue'
import { allocate } from '../../src/gpu/tensor'
import { gpu } from '../gpu_env'

const work = (flops: number, bytes = 0) => ({ label: `${flops}`, flops, bytes }) as Dispatch
const flopsOf = (pieces: Dispatch[][]) => pieces.map((piece) => piece.map(({ flops }) => flops))

test('a program is cut where its budget ends, and nowhere else', () => {
  expect(cut([], 10)).toEqual([])
  expect(
    flopsOf(
      cut(
        [4, 6, 1, 9, 12, 3].map((flops) => work(flops)),
        10,
      ),
    ),
  ).toEqual([[4, 6], [1, 9], [12], [3]])
  expect(
    flopsOf(
      cut(
        [1, 2, 3].map((flops) => work(flops)),
        100,
      ),
    ),
  ).toEqual([[1, 2, 3]])
  // Moving a byte counts as ten operations.
  expect(cut([work(1, 5), work(1, 5)], 101)).toHaveLength(2)
})

test('a program in pieces computes what it does in one', async () => {
  const device = await openDevice({ gpu: await gpu() })
  const queue = new Queue(device)
  const kernels = new Kernels(device, '')
  const tensor = { label: 'y', shape: [1], dtype: 'f32' as const }
  const y = (await allocate(device, [{ label: 'y', size: 64, windows: [{ tensor, offset: 0 }] }])).get('y')!
  const source = `
    @group(0) @binding(0) var<storage, read_write> y: array<f32>;
    @compute @workgroup_size(1) fn twice() { y[0] = 2.0 * y[0]; }
    @compute @workgroup_size(1) fn more() { y[0] += 1.0; }`
  const call = (entry: string, flops: number) =>
    kernels.dispatch({ name: 'y', source }, entry, { label: entry, tensors: { y }, workgroups: [1, 1, 1], flops })
  // Each so much work that the device is not asked for two at once.
  const program = [call('more', 1e15), call('twice', 1e15), call('more', 1e15)]
  await kernels.compile(program)
  const submit = vi.spyOn(device.device.queue, 'submit')
  await queue.run(program)
  expect(submit).toHaveBeenCalledTimes(3)
  expect([...(await queue.read([y]))[0]!]).toEqual([3])
  submit.mockClear()
  await queue.run(program.map((dispatch) => ({ ...dispatch, flops: 1 })))
  expect(submit).toHaveBeenCalledTimes(1)
  expect([...(await queue.read([y]))[0]!]).toEqual([9])
  device.device.destroy()
})
