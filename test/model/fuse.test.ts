// Fusion as a pass over recorded calls: what it joins, and what it leaves alone because somebody else reads it.
import { expect, test } from 'vitest'
import type { Tensor } from '../../src/engine'
import { fuse } from '../../src/model/fuse'
import { Recorder } from '../../src/model/recorder'
import { Tape } from '../../src/model/tape'

/** Records calls on an activation x [4, 8], a weight [8, 8] and dice; returns what fusion makes of them. */
function fused(record: (r: Recorder, t: { x: Tensor; w: Tensor; dice: Tensor }) => void) {
  const r = new Recorder()
  record(r, { x: r.relu2('x', r.param('in', [4, 8])), w: r.param('w', [8, 8]), dice: r.input('dice', [4], 'u32') })
  const before = structuredClone(r.calls)
  const { calls, swallowed } = fuse(r.calls)
  expect(r.calls).toEqual(before)
  return {
    calls: calls.slice(1).map(({ op, name, t }) => `${op} ${name}(${Object.keys(t).join(' ')})`),
    swallowed: [...swallowed].map(({ label }) => label),
    tape: new Tape(r, { training: true, fuse: true }),
  }
}

test('a product takes in dropout and a residual', () => {
  const { calls, swallowed, tape } = fused((r, { x, w, dice }) => {
    r.residual('sum', x, r.dropout('dropped', r.matmul('product', x, w, undefined), dice, 0.5))
  })
  expect(calls).toEqual(['matmul sum(x weight out dice residual)', 'dropout dropped(dice out)'])
  expect(swallowed).toEqual(['dropped'])
  expect(tape.tensors.has('dropped')).toBe(false)
})
test('and an activation, whose input stays', () => {
  const { calls, swallowed } = fused((r, { x, w }) => {
    const act = r.gelu('act', r.matmul('product', x, w, undefined))
    r.matmul('next', act, w, undefined)
  })
  expect(calls).toEqual(['matmul product(x weight out pre)', 'matmul next(x weight out xpre)'])
  expect(swallowed).toEqual([])
})
test('what somebody else reads is not swallowed', () => {
  const { calls } = fused((r, { x, w }) => {
    const product = r.matmul('product', x, w, undefined)
    r.residual('sum', x, product)
    r.relu2('other', product)
  })
  expect(calls).toEqual(['matmul product(x weight out)', 'residual sum(a b out)', 'relu2 other(x out)'])
})
test('an activation that others than products read keeps its own backward, and so does an input that is read later', () => {
  const { calls } = fused((r, { x, w }) => {
    const act = r.gelu('act', r.matmul('product', x, w, undefined))
    r.residual('sum', x, r.matmul('next', act, w, undefined))
    r.residual('again', x, act)
  })
  expect(calls).toEqual([
    'matmul product(x weight out)',
    'gelu act(x out)',
    'matmul next(x weight out)',
    'residual sum(a b out)',
    'residual again(a b out)',
  ])
})
test('nothing is joined across the edge of a stretch, or through a gate', () => {
  const { calls } = fused((r, { x, w }) => {
    const product = r.matmul('product', x, w, undefined)
    r.begin('again')
    const sum = r.residual('sum', x, product)
    r.end()
    r.residual('more', sum, r.gate('gated', r.matmul('next', sum, w, undefined), r.input('g', [1], 'f32')))
  })
  expect(calls.map((call) => call.split(' ')[0])).toEqual(['matmul', 'residual', 'matmul', 'gate', 'residual'])
})
