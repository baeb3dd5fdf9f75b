// What the WebAssembly engine promises beside right numbers: order, room for the event loop, words when it fails, and memory that grows and is
// given back under tensors that stay where they are.
import { describe, expect, test, vi } from 'vitest'
import { openCpu } from '../../src/cpu/engine'
import { OutOfMemoryError } from '../../src/errors'
import { disagreement } from '../../src/train/agrees'
import { openEngine } from '../../src/train/open_engine'
import { openWasm, type WasmEngine } from '../../src/wasm/engine'
import { Heap, HEAP_START } from '../../src/wasm/memory'
import type { WasmTensor, WasmWork } from '../../src/wasm/tensor'

const vector = (label: string, size: number, dtype: 'f32' | 'u32' | 'i32' = 'f32') => ({
  label,
  size,
  windows: [{ tensor: { label, shape: [size], dtype }, offset: 0 }],
})
const place = async (engine: WasmEngine, label: string, size: number) =>
  (await engine.allocate([vector(label, size)])).get(label)!
const host = (run: () => void): WasmWork => ({ label: 'host', flops: 0, bytes: 0, steps: [run] })
/** Work that keeps the thread for `ms`. */
const busy = (ms: number) =>
  host(() => {
    const end = performance.now() + ms
    while (performance.now() < end);
  })
/** x += b. */
async function adding(engine: WasmEngine, label: string, size = 5) {
  const [x, b] = [await place(engine, label, size), await place(engine, `${label}.b`, size)]
  engine.write(b, Float32Array.of(1, 2, 3, 4, 5))
  return { x, program: engine.ops.residual.forward({ name: label, t: { a: x, b, out: x }, attrs: {} }) }
}

describe('the engine', () => {
  test('programs, writes and readings take effect in the order of the calls', async () => {
    const engine = openWasm()
    const { x, program } = await adding(engine, 'x')
    const written = Float32Array.of(10, 0, 0, 0, 0)
    engine.write(x, written)
    const first = engine.run([busy(40), ...program], 2)
    const afterFirst = engine.read([x])
    written[0] = 20
    engine.write(x, written)
    written[0] = 99 // the array is its caller's again
    const second = engine.run([...program, busy(1)])
    const afterSecond = engine.read([x])
    await Promise.all([first, second])
    expect((await afterFirst)[0]).toEqual(Float32Array.of(12, 4, 6, 8, 10))
    expect((await afterSecond)[0]).toEqual(Float32Array.of(21, 2, 3, 4, 5))
  })

  test('a long program lets the event loop turn', async () => {
    let turns = 0
    const timer = setInterval(() => turns++, 5)
    await openWasm().run(Array.from({ length: 5 }, () => busy(40)))
    clearInterval(timer)
    expect(turns).toBeGreaterThanOrEqual(3)
  })

  test('a failing program fails for its caller alone', async () => {
    const engine = openWasm()
    const { x, program } = await adding(engine, 'x')
    const failing = engine.run([host(() => expect.unreachable('on purpose'))])
    const next = engine.run(program)
    await expect(failing).rejects.toThrow('on purpose')
    await next
    expect(await engine.read([x])).toEqual([Float32Array.of(1, 2, 3, 4, 5)])
  })

  test('kernels are compiled once, when a program first needs them', async () => {
    const engine = openWasm()
    const { program } = await adding(engine, 'x')
    const compiling = vi.spyOn(WebAssembly, 'instantiate')
    const told: [number, number][] = []
    await engine.compile(program, (done, total) => told.push([done, total]))
    await engine.compile(program, (done, total) => told.push([done, total]))
    expect(compiling).toHaveBeenCalledTimes(1)
    expect(told).toEqual([
      [0, 1],
      [1, 1],
      [0, 0],
    ])
    compiling.mockRestore()
  })

  test('windows on one block share its memory; what is written too long, read as another type or cut too wide is named', async () => {
    const engine = openWasm()
    const tensors = await engine.allocate([
      {
        label: 'block',
        size: 128,
        windows: [
          { tensor: { label: 'whole', shape: [2, 64], dtype: 'f32' }, offset: 0 },
          { tensor: { label: 'words', shape: [3], dtype: 'u32' }, offset: 64 },
        ],
      },
    ])
    const [whole, words] = [tensors.get('whole')!, tensors.get('words')!]
    const half = engine.window(whole, { label: 'half', shape: [64], dtype: 'f32' }, 64)
    engine.write(half, Float32Array.of(7))
    expect((await engine.read([whole]))[0]![64]).toBe(7)
    await expect(engine.read([words])).rejects.toThrow('words is u32, not f32')
    expect(() => engine.write(words, new Uint32Array(4))).toThrow('4 numbers written to words of 3')
    expect(() => engine.write(whole, new Float64Array(1))).toThrow('single precision')
    expect(() => engine.window(whole, { label: 'odd', shape: [1], dtype: 'f32' }, 63)).toThrow('no window on whole')
    const wide = { tensor: { label: 'wide', shape: [60], dtype: 'f32' as const }, offset: 10 }
    await expect(engine.allocate([{ label: 'small', size: 64, windows: [wide] }])).rejects.toThrow('wide [10, +60]')
  })

  test('a destroyed engine stops', async () => {
    const engine = openWasm()
    let done = 0
    const running = engine.run(Array.from({ length: 4 }, () => [busy(40), host(() => done++)]).flat())
    setTimeout(() => engine.destroy(), 1)
    await expect(running).rejects.toThrow('destroyed')
    expect(done).toBeLessThan(4)
  })
})

describe('memory', () => {
  const MIB = 2 ** 20

  test('grows under programs that are recorded, and tensors keep their numbers', async () => {
    const engine = openWasm()
    const { x, program } = await adding(engine, 'x')
    await engine.run(program)
    for (let i = 0; i < 4; i++) await place(engine, `large.${i}`, MIB)
    await engine.run(program)
    expect(await engine.read([x])).toEqual([Float32Array.of(2, 4, 6, 8, 10)])
  })

  test('that is given back is used again, zeroed, and what is beside it stays', async () => {
    const engine = openWasm(6 * MIB)
    const kept = await place(engine, 'kept', 4)
    engine.write(kept, Float32Array.of(1, 2, 3, 4))
    for (let i = 0; i < 5; i++) {
      const large = await place(engine, `large.${i}`, MIB)
      expect((await engine.read([large]))[0]!.every((value) => value === 0)).toBe(true)
      engine.write(large, new Float32Array(MIB).fill(9))
      engine.free([large])
    }
    expect(await engine.read([kept])).toEqual([Float32Array.of(1, 2, 3, 4)])
  })

  test('of a program that still runs is not given away before it ends', async () => {
    const engine = openWasm(24 * MIB)
    const { x, program } = await adding(engine, 'x', MIB / 4)
    const [a, b, out] = [await place(engine, 'a', 9), await place(engine, 'b', 9), await place(engine, 'out', 9)]
    engine.write(x, Float32Array.of(10, 10, 10, 10, 10))
    const square = (tensor: WasmTensor) => ({ ...tensor, shape: [3, 3] })
    const running = engine.run([busy(40), ...program])
    const reading = engine.read([x])
    engine.free([x])
    // Neither to what is recorded meanwhile, which needs memory to work in, nor to a tensor.
    const t = { x: square(a), weight: square(b), out: square(out) }
    engine.ops.matmul.forward({ name: 'product', t, attrs: { transposed: false } })
    const next = place(engine, 'next', 5)
    expect((await reading)[0]!.subarray(0, 5)).toEqual(Float32Array.of(11, 12, 13, 14, 15))
    await running
    expect(await engine.read([await next])).toEqual([new Float32Array(5)])
  })

  test('that is not there is an error with numbers and a way out, and nothing of the request is kept', async () => {
    const engine = openWasm(24 * MIB)
    for (let i = 0; i < 3; i++) {
      const failure = engine.allocate([vector('small', 2 * MIB), vector('activations.0', 5 * MIB)])
      await expect(failure).rejects.toBeInstanceOf(OutOfMemoryError)
      await expect(failure).rejects.toThrow(/activations\.0 of 21 MB\. Try/)
    }
    await place(engine, 'fits', 4 * MIB)
    await expect(openWasm().allocate([vector('gigantic', 2 ** 40)])).rejects.toBeInstanceOf(OutOfMemoryError)
  })

  test('gaps grow together in whatever order they come', () => {
    const heap = new Heap(MIB)
    const sizes = [100, 5000, 64, 30_000, 1]
    for (const order of [
      [0, 1, 2, 3, 4],
      [4, 2, 0, 1, 3],
      [1, 3, 2, 0, 4],
    ]) {
      const at = sizes.map((size, i) => heap.allocate(size, `block ${i}`))
      expect(at[0]).toBe(HEAP_START)
      expect(new Set(at.map((address) => address % 64))).toEqual(new Set([0]))
      for (const i of order) heap.free(at[i]!)
      heap.free(at[0]!) // a second time
    }
    // All of the limit but what lies before the heap and behind a block.
    expect(heap.allocate(MIB - HEAP_START - 64, 'all')).toBe(HEAP_START)
    expect(() => heap.allocate(1, 'one more')).toThrow(OutOfMemoryError)
  })
})

describe('where it opens', () => {
  test('it computes what the reference computes', async () => {
    expect(await disagreement(openWasm(), openCpu())).toBe(null)
  })

  test('an op that computes twice what it should is found', async () => {
    for (const op of ['matmul', 'flash_attention', 'attention', 'attention_cached', 'rmsnorm', 'adamw'] as const) {
      const engine = openWasm()
      const right = engine.ops[op].forward
      // Twice what it should be.
      const wrong = (call: { t: Record<string, WasmTensor> }) => {
        const out = call.t['weights'] ?? call.t['out']!
        const twice = engine.ops.residual.forward({ name: 'twice', t: { a: out, b: out, out }, attrs: {} })
        return [...right(call as never), ...twice]
      }
      const broken = new Proxy(engine, {
        get(target, key) {
          if (key === 'ops') return { ...engine.ops, [op]: { ...engine.ops[op], forward: wrong } }
          const value: unknown = Reflect.get(target, key)
          return typeof value === 'function' ? (value.bind(target) as unknown) : value
        },
      })
      expect(await disagreement(broken, openCpu()), op).toMatch(/ of test model \d is off by /)
    }
  })

  test('it is what the processor computes with; without WebAssembly, without SIMD or where it is forbidden, plain JavaScript, and why', async () => {
    expect((await openEngine('cpu')).engine.info.name).toBe('WebAssembly SIMD')
    expect((await openEngine('javascript')).engine.info.name).toBe('plain JavaScript')
    const opened = async () => {
      const { engine, fallback } = await openEngine('auto', undefined)
      expect([engine.info.kind, engine.info.name]).toEqual(['cpu', 'plain JavaScript'])
      return fallback
    }
    vi.stubGlobal('WebAssembly', undefined)
    expect(await opened()).toMatch(/no WebGPU.*no WebAssembly\. Plain JavaScript computes instead/)
    vi.unstubAllGlobals()
    const validate = vi.spyOn(WebAssembly, 'validate').mockReturnValue(false)
    expect(await opened()).toMatch(/no SIMD\. Plain JavaScript/)
    validate.mockRestore()
    // The comparison is made once: as if in a new worker.
    vi.resetModules()
    const { openEngine: openFirst } = await import('../../src/train/open_engine')
    const refused = new WebAssembly.CompileError('blocked by Content Security Policy')
    const instantiate = vi.spyOn(WebAssembly, 'instantiate').mockRejectedValue(refused)
    const { fallback } = await openFirst('auto', undefined)
    expect(fallback).toMatch(/does not run here: blocked by Content Security Policy\. Plain JavaScript/)
    instantiate.mockRestore()
  })
})
