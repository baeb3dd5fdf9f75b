// Milliseconds of each dispatch by the GPU's timestamps: one pass a dispatch, two timestamps a pass. Chrome rounds timestamps to 100 µs
// unless developer features are on, so a program is repeated and its times are averaged.
import type { Timing } from '../engine'
import type { Gpu } from './device'
import type { Dispatch } from './kernel'
import { encode, type Queue } from './queue'

/** Runs a program `repeat` times and times each of its dispatches; empty where the device has no timestamps. */
export async function profile(
  { device }: Gpu,
  queue: Queue,
  program: readonly Dispatch[],
  repeat = 3,
): Promise<Timing[]> {
  if (!device.features.has('timestamp-query')) return []
  // A query set holds at most 4,096 timestamps (WebGPU specification, 'Query sets').
  const chunk = 2048
  const total = program.map(({ label, flops, bytes }) => ({ label, ms: 0, flops, bytes }))
  for (let round = 0; round < repeat; round++)
    for (let from = 0; from < program.length; from += chunk) {
      const part = program.slice(from, from + chunk)
      const count = 2 * part.length
      const querySet = device.createQuerySet({ label: 'profile', type: 'timestamp', count })
      const resolved = device.createBuffer({
        label: 'profile',
        size: count * 8,
        usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
      })
      const readback = device.createBuffer({
        label: 'profile',
        size: count * 8,
        usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
      })
      const encoder = device.createCommandEncoder({ label: 'profile' })
      part.forEach((dispatch, i) => {
        const timestampWrites = { querySet, beginningOfPassWriteIndex: 2 * i, endOfPassWriteIndex: 2 * i + 1 }
        const pass = encoder.beginComputePass({ label: dispatch.label, timestampWrites })
        encode(pass, part, i, i + 1)
        pass.end()
      })
      encoder.resolveQuerySet(querySet, 0, count, resolved, 0)
      encoder.copyBufferToBuffer(resolved, 0, readback, 0, count * 8)
      queue.submit(encoder)
      await queue.take(readback, (bytes) => {
        const ns = new BigInt64Array(bytes)
        part.forEach((_, i) => (total[from + i]!.ms += Number(ns[2 * i + 1]! - ns[2 * i]!) / 1e6 / repeat))
      })
      querySet.destroy()
      resolved.destroy()
    }
  return total
}

/** Mean milliseconds of a short program over `repeat` runs in one pass, by timestamps where the device has them, else by the clock. */
export async function timeOf(
  { device }: Gpu,
  queue: Queue,
  program: readonly Dispatch[],
  repeat: number,
): Promise<number> {
  const stamped = device.features.has('timestamp-query')
  const encoder = device.createCommandEncoder({ label: 'time' })
  const querySet = stamped ? device.createQuerySet({ label: 'time', type: 'timestamp', count: 2 }) : null
  const pass = encoder.beginComputePass({
    label: 'time',
    ...(querySet && { timestampWrites: { querySet, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 } }),
  })
  for (let round = 0; round < repeat; round++) encode(pass, program, 0, program.length)
  pass.end()
  if (!querySet) {
    const from = performance.now()
    queue.submit(encoder)
    await queue.idle()
    return (performance.now() - from) / repeat
  }
  const resolved = device.createBuffer({
    label: 'time',
    size: 16,
    usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
  })
  const readback = device.createBuffer({
    label: 'time',
    size: 16,
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  })
  encoder.resolveQuerySet(querySet, 0, 2, resolved, 0)
  encoder.copyBufferToBuffer(resolved, 0, readback, 0, 16)
  queue.submit(encoder)
  const ms = await queue.take(readback, (bytes) => {
    const [from, to] = new BigInt64Array(bytes)
    return Number(to! - from!) / 1e6 / repeat
  })
  querySet.destroy()
  resolved.destroy()
  return ms
}
