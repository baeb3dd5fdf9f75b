// Every kernel is held against its reference on the device, and one that computes something else is found.
import { expect, test } from 'vitest'
import { openCpu } from '../../src/cpu/engine'
import type { Engine, OpName } from '../../src/engine'
import { errors } from '../../src/inspect/mirror'
import { verify } from '../../src/inspect/verify'
import { openWasm } from '../../src/wasm/engine'

const noWait = () => Promise.resolve()
/** Ops without a backward. */
const FORWARD = new Set(['attention_cached', 'mean_loss', 'grad_norm', 'sample', 'adamw', 'update_norm'])

/** The engine with something done after each of an op's forward calls. */
function spoilt(engine: Engine, op: OpName, after: (call: { t: Record<string, unknown> }) => void): Engine {
  const own = engine.ops[op]
  const forward = (call: never) => {
    const works = (own as unknown as { forward: (call: never) => unknown[] }).forward(call)
    return [...works, { label: 'spoilt', flops: 0, bytes: 0, run: () => after(call) }]
  }
  const ops = { ...engine.ops, [op]: { ...own, forward } }
  return new Proxy(engine, {
    get: (of, key) => {
      if (key === 'ops') return ops
      const value: unknown = Reflect.get(of, key, of)
      return typeof value === 'function' ? (value.bind(of) as unknown) : value
    },
  })
}

test('each op is met, forward and backward, and WebAssembly agrees with the reference', async () => {
  const engine = openWasm()
  const verdicts = await verify(engine, [], noWait)
  const met = new Set(verdicts.map(({ op, pass }) => `${op} ${pass}`))
  const wanted = Object.keys(engine.ops).flatMap((op) =>
    FORWARD.has(op) ? [`${op} forward`] : [`${op} forward`, `${op} backward`],
  )
  expect(wanted.filter((call) => !met.has(call))).toEqual([])
  expect(verdicts.filter(({ agrees }) => !agrees)).toEqual([])
  expect(verdicts.every(({ ms, calls }) => ms >= 0 && calls > 0)).toBe(true)
})

test('a kernel that is off by a thousandth in one element is named, and no other', async () => {
  const engine = spoilt(openCpu(), 'rmsnorm', ({ t }) => {
    const { data } = t['out'] as { data: Float32Array }
    data[5]! *= 1.001
  })
  const verdicts = await verify(engine, [], noWait)
  expect(verdicts.filter(({ agrees }) => !agrees).map(({ op, pass, tensor }) => [op, pass, tensor])).toEqual([
    ['rmsnorm', 'forward', 'out'],
  ])
})

test('errors: relative to what was wanted, to the terms of a sum, and not a number where one is none', () => {
  const want = Float64Array.of(3, 4)
  expect(errors(Float32Array.of(3, 4.5), want, null)).toEqual({ norm: 0.1, element: 0.125 })
  // 100 was there, −97 and −96 were added.
  const { norm } = errors(Float32Array.of(3, 4.5), want, Float32Array.of(100, 100))
  expect(norm).toBeCloseTo(0.5 / Math.hypot(197, 196), 6)
  expect(errors(Float32Array.of(NaN, 4), want, null).norm).toBeNaN()
})
