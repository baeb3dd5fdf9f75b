// What the queue does with a program: as few submits as keep the device free for others, nothing made twice, nothing set twice,
// and the same result however it is cut.
import { expect, test, vi } from 'vitest'
import { openDevice, type Gpu } from '../../src/gpu/device'
import { Kernels, type Dispatch } from '../../src/gpu/kernel'
import { cut, encode, Queue } from '../../src/gpu/queue'
import { allocate } from '../../src/gpu/tensor'
import { gpu } from '../gpu_env'

const work = (flops: number, bytes = 0) => ({ label: `${flops}`, flops, bytes }) as Dispatch
const costs = (flops: number[], budget: number) =>
  cut(
    flops.map((f) => work(f)),
    budget,
  ).map(({ from, to, cost }) => {
    expect(flops.slice(from, to).reduce((a, b) => a + b)).toBe(cost)
    return flops.slice(from, to)
  })

test('a program is cut where its budget ends, and nowhere else', () => {
  expect(costs([], 10)).toEqual([])
  expect(costs([4, 6, 1, 9, 12, 3], 10)).toEqual([[4, 6], [1, 9], [12], [3]])
  expect(costs([1, 2, 3], 100)).toEqual([[1, 2, 3]])
  // Moving a byte counts as ten operations.
  expect(cut([work(1, 5), work(1, 5)], 101)).toHaveLength(2)
})

test('a pipeline that is set already is not set again', () => {
  const calls: string[] = []
  const pass = {
    setPipeline: (pipeline: unknown) => calls.push(String(pipeline)),
    setBindGroup: () => calls.push('bind'),
    dispatchWorkgroups: () => calls.push('go'),
  }
  const program = ['a', 'b', 'b', 'a'].map((pipeline) => ({ kernel: { pipeline }, workgroups: [1, 1, 1] }))
  encode(pass as unknown as GPUComputePassEncoder, program as unknown as Dispatch[], 1, 4)
  expect(calls).toEqual(['b', 'bind', 'go', 'bind', 'go', 'a', 'bind', 'go'])
})

/** A number that programs double and add one to; each dispatch says that it is `flops` of work. */
async function doubler() {
  const device = await openDevice({ gpu: await gpu() })
  const queue = new Queue(device)
  const kernels = new Kernels(device, '')
  const tensor = { label: 'y', shape: [1], dtype: 'f32' as const }
  const y = (await allocate(device, [{ label: 'y', size: 64, windows: [{ tensor, offset: 0 }] }])).get('y')!
  const source = `
    @group(0) @binding(0) var<storage, read_write> y: array<f32>;
    @compute @workgroup_size(1) fn twice() { y[0] = 2.0 * y[0]; }
    @compute @workgroup_size(1) fn more() { y[0] += 1.0; }`
  const program = (flops: number) =>
    ['more', 'twice', 'more'].map((entry) =>
      kernels.dispatch({ name: 'y', source }, entry, { label: entry, tensors: { y }, workgroups: [1, 1, 1], flops }),
    )
  const programs = { long: program(1e15), short: program(1) }
  await kernels.compile([...programs.long, ...programs.short])
  const value = async () => (await queue.read([y]))[0]![0]
  return { device, queue, y, value, ...programs }
}

test('a program in pieces computes what it does in one, and several in one what they do one by one', async () => {
  // A clock that stands still: on a busy machine the short program takes long, and the queue then submits less at a time.
  const clock = vi.spyOn(performance, 'now').mockReturnValue(0)
  const { device, queue, value, long, short } = await doubler()
  const submit = vi.spyOn(device.device.queue, 'submit')
  // Each so much work that the device is not asked for two at once.
  await queue.run(long, 2)
  expect(submit).toHaveBeenCalledTimes(6)
  expect(await value()).toBe(9)
  submit.mockClear()
  await queue.run(short)
  expect(submit).toHaveBeenCalledTimes(1)
  expect(await value()).toBe(21)
  submit.mockClear()
  await queue.run(short, 3)
  expect(submit).toHaveBeenCalledTimes(1)
  expect(await value()).toBe(189)
  clock.mockRestore()
  device.device.destroy()
})

test('small reads share readback buffers, also while several are under way', async () => {
  const { device, queue, y, short } = await doubler()
  const made = vi.spyOn(device.device, 'createBuffer')
  const read = async () => {
    const runs = [1, 2, 3].map(async () => {
      void queue.run(short)
      return (await queue.read([y]))[0]![0]!
    })
    return Promise.all(runs)
  }
  expect(await read()).toEqual([3, 9, 21])
  expect(made).toHaveBeenCalledTimes(3)
  for (let i = 0; i < 5; i++) await read()
  expect(made).toHaveBeenCalledTimes(3)
  device.device.destroy()
})

/** A device that takes `ms` for each submit, and tells of what is done only when it looks, every `poll` ms; time is the test's. */
function slowDevice(ms: number, poll: number) {
  let busy = 0
  const submits: number[] = []
  const nothing = () => undefined
  const pass = { setPipeline: nothing, setBindGroup: nothing, dispatchWorkgroups: nothing, end: nothing }
  const queue = {
    submit: (buffers: unknown[]) => {
      if (buffers.length === 0) return
      submits.push(performance.now())
      busy = Math.max(busy, performance.now()) + ms
    },
    onSubmittedWorkDone: () =>
      new Promise<void>((resolve) => {
        const seen = Math.ceil(busy / poll) * poll
        setTimeout(resolve, seen - performance.now())
      }),
  }
  const device = { queue, createCommandEncoder: () => ({ beginComputePass: () => pass, finish: nothing }) }
  return { gpu: { device, check: nothing } as unknown as Gpu, submits }
}

test('a device that tells late of many programs at once is not taken for a faster or slower one', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearInterval', 'performance'] })
  try {
    // 40 ms each, done two or three at a time.
    const { gpu, submits } = slowDevice(40, 100)
    const queue = new Queue(gpu)
    const program = [{ ...work(1e6), kernel: { pipeline: {} }, workgroups: [1, 1, 1] }] as unknown as Dispatch[]
    const flight = [queue.run(program), queue.run(program), queue.run(program)]
    for (let i = 0; i < 60; i++) {
      flight.push(queue.run(program))
      let landed = false
      void flight.shift()!.then(() => (landed = true))
      while (!landed) await vi.advanceTimersByTimeAsync(1)
    }
    // At 100 ms a submit two go together, give or take one.
    submits.length = 0
    void queue.run(program, 24)
    expect(submits.length).toBeGreaterThanOrEqual(8)
    expect(submits.length).toBeLessThanOrEqual(24)
  } finally {
    vi.useRealTimers()
  }
})
