// Kernels meet tensors by name: what is read from the WGSL, and what happens when host and shader disagree.
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { openDevice } from '../../src/gpu/device'
import { constantsOf, grid, Kernels, parseBindings, reachable } from '../../src/gpu/kernel'
import { allocate } from '../../src/gpu/tensor'
import { Queue } from '../../src/gpu/queue'
import { OutOfMemoryError } from '../../src/errors'
import { gpu } from '../gpu_env'

const source = `
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> turn: array<f32>; // never mentioned: y
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
fn helper(v: vec2f) -> f32 { return turn[0] + v.x; }
fn deeper() -> f32 { return helper(vec2f()); }
@compute @workgroup_size(1) fn only_y() { y[0] = 1.0; } // x
@compute @workgroup_size(1) fn through() { y[0] = deeper(); }
`

test('an entry point binds what it reaches through the functions it calls, and no more', () => {
  const names = (entry: string) => reachable(source, entry).map(({ name }) => name)
  expect(names('only_y')).toEqual(['y'])
  // `v.x` is a member and not the tensor x.
  expect(names('through')).toEqual(['turn', 'y'])
  expect(parseBindings(source).map(({ access }) => access)).toEqual(['read', 'read', 'read_write'])
  expect(() => reachable(source, 'absent')).toThrow(/no entry point absent/)
})

test('every shader binds each number once, by one name, and stays within eight buffers an entry point', () => {
  const folder = new URL('../../shaders/', import.meta.url)
  for (const file of readdirSync(folder).filter((f) => f.endsWith('.wgsl') && f !== 'prelude.wgsl')) {
    const code = readFileSync(new URL(file, folder), 'utf8')
    const bindings = parseBindings(code)
    expect(new Set(bindings.map((b) => b.binding)).size, file).toBe(bindings.length)
    expect(new Set(bindings.map((b) => b.name)).size, file).toBe(bindings.length)
    for (const [, entry] of code.matchAll(/@compute[^{]*?fn (\w+)/g))
      expect(reachable(code, entry!).length, `${file} ${entry}`).toBeLessThanOrEqual(8)
    // Whole numbers may be counted and compared in any order; what depends on the order of threads may not be there.
    expect(code, file).not.toMatch(/atomicExchange|atomicCompareExchange/)
  }
})

test('a grid too long for one dimension is folded into two', () => {
  expect(grid(1)).toEqual([1, 1, 1])
  expect(grid(65535)).toEqual([65535, 1, 1])
  expect(grid(65536)).toEqual([65535, 2, 1])
})

test('a tensor that is missing and a shader that does not compile are named, in the shader’s own lines', async () => {
  const device = await openDevice({ gpu: await gpu() })
  const kernels = new Kernels(device, `${constantsOf({ SLOT: { first: 0, second: 1 } })}// and a line of its own\n`)
  const tensor = { label: 'y', shape: [1], dtype: 'f32' as const }
  const y = (await allocate(device, [{ label: 'y', size: 64, windows: [{ tensor, offset: 0 }] }])).get('y')!
  const shader = { name: 'made_up', source }
  const rest = { label: 'a call', workgroups: [1, 1, 1] as const }
  expect(() => kernels.dispatch(shader, 'through', { ...rest, tensors: { y } })).toThrow(
    'a call: made_up.through binds "turn"',
  )
  const broken = { name: 'broken', source: source.replace('y[0] = 1.0;', 'y[SLOT_SECOND] = oops;') }
  const call = kernels.dispatch(broken, 'only_y', { ...rest, tensors: { y } })
  await expect(kernels.compile([call])).rejects.toThrow(/broken\.wgsl:7:\d+ .*oops/)
  device.device.destroy()
})

test('a block larger than the device takes in one piece is refused by name, in numbers', async () => {
  const device = await openDevice({ gpu: await gpu(), baseline: true })
  const block = { label: 'wte', size: 40 * 2 ** 20, windows: [] }
  await expect(allocate(device, [block])).rejects.toThrow(OutOfMemoryError)
  await expect(allocate(device, [block])).rejects.toThrow(
    /wte needs 167\.8 MB, and this device takes at most 134\.2 MB/,
  )
  device.device.destroy()
})

test('tensors larger than one readback buffer are read in pieces, and come back whole and in order', async () => {
  const device = await openDevice({ gpu: await gpu() })
  const sizes = { small: 3, large: 20 * 2 ** 20 + 1, last: 5 }
  const blocks = Object.entries(sizes).map(([label, size]) => ({
    label,
    size: Math.ceil(size / 64) * 64,
    windows: [{ tensor: { label, shape: [size], dtype: 'f32' as const }, offset: 0 }],
  }))
  const tensors = await allocate(device, blocks)
  const queue = new Queue(device)
  const written = Object.entries(sizes).map(([label, size], k) => {
    const data = new Float32Array(size)
    for (let i = 0; i < size; i++) data[i] = i + k / 4
    queue.write(tensors.get(label)!, data)
    return data
  })
  const read = await queue.read([...tensors.values()])
  read.forEach((data, i) => expect(Buffer.compare(Buffer.from(data.buffer), Buffer.from(written[i]!.buffer))).toBe(0))
  device.device.destroy()
})
