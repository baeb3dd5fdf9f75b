// Gates by name: what turning a part sets, and how a change is told.
import { expect, test } from 'vitest'
import { gateOf, tellTurned, withPart } from '../../src/words/gates'

const sizes = { n_head: 3, block_size: 4 }

test('turning a part sets its gates and leaves the others', () => {
  const one = withPart({}, { of: 'head', layer: 1, head: 2 }, 0, sizes)
  expect(one).toEqual({ 'h.1.attn.heads': [1, 1, 0] })
  const two = withPart(one, { of: 'head', layer: 1, head: 0 }, 0.5, sizes)
  expect(two).toEqual({ 'h.1.attn.heads': [0.5, 1, 0] })
  expect(withPart(two, { of: 'layer', layer: 0 }, 0.25, sizes)).toEqual({
    ...two,
    'h.0.attn.gate': [0.25],
    'h.0.mlp.gate': [0.25],
  })
  expect(withPart({}, { of: 'positions' }, 0, sizes)).toEqual({ 'wpe.gate': [0, 0, 0, 0] })
  expect(gateOf(two, { of: 'head', layer: 1, head: 2 })).toBe(0)
  expect(gateOf(two, { of: 'head', layer: 0, head: 2 })).toBe(1)
  expect(gateOf({ 'h.0.mlp.gate': [0.5] }, { of: 'layer', layer: 0 })).toBe(0.5)
  expect(gateOf({ 'h.0.mlp.gate': [0.5] }, { of: 'attn', layer: 0 })).toBe(1)
})

test('a change is told by its parts, also on the way back', () => {
  const off = { 'h.10.attn.heads': [1, 0], 'h.2.mlp.gate': [0.5] }
  expect(tellTurned({}, off)).toEqual(['the MLP of layer 2 is at 0.5', 'head 1 of layer 10 is at 0'])
  expect(tellTurned(off, {})).toEqual(['the MLP of layer 2 is at 1', 'head 1 of layer 10 is at 1'])
  expect(tellTurned(off, off)).toEqual([])
  expect(tellTurned({}, { 'h.0.attn.gate': [0] })).toEqual(['attention of layer 0 is at 0'])
  expect(tellTurned({}, { 'wpe.gate': [0, 0, 0, 0] })).toEqual(['all positions are at 0'])
  expect(tellTurned({}, { 'wpe.gate': [0, 1, 1, 1] })).toEqual(['position 0 is at 0'])
  expect(tellTurned({}, { 'h.0.mlp.neurons': [0, 0, 0, 0.5, 1] })).toEqual(['4 neurons of layer 0 are turned'])
  expect(tellTurned({}, { 'h.0.mlp.neurons': [0, 1, 0] })).toEqual([
    'neuron 0 of layer 0 is at 0',
    'neuron 2 of layer 0 is at 0',
  ])
})
