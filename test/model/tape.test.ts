// The tape of a model: the addresses by which every view asks for a tensor, the order of the ops, and which gradient comes first.
import { describe, expect, test } from 'vitest'
import { gpt } from '../../src/model/gpt'
import { Recorder } from '../../src/model/recorder'
import { gradientLabel, Tape } from '../../src/model/tape'
import { paramTable } from '../../src/params'
import { tinyConfig } from '../cpu/program'

const gpt2 = tinyConfig({ position: 'learned', norm: 'layernorm', mlp: 'gelu', bias: true, tie: true })
const llama = tinyConfig({ position: 'rope', norm: 'rmsnorm', mlp: 'swiglu', tie: false, n_kv_head: 1 })
const train = { use: 'train', B: 2, T: 5, label_smoothing: 0, fuse: false, att: true } as const
const calls = (tape: Tape) => tape.nodes.map(({ op, name }) => `${op} ${name}`)

describe('the ops of two layers, in order', () => {
  test('GPT-2', () => {
    expect(calls(gpt(gpt2, train))).toEqual([
      'embedding encoded',
      ...[0, 1].flatMap((l) => [
        `layernorm h.${l}.ln1`,
        `matmul h.${l}.attn.qkv`,
        `attention h.${l}.attn.atty`,
        `matmul h.${l}.attn.attproj`,
        `residual h.${l}.residual2`,
        `layernorm h.${l}.ln2`,
        `matmul h.${l}.mlp.fch`,
        `gelu h.${l}.mlp.fch_gelu`,
        `matmul h.${l}.mlp.fcproj`,
        `residual h.${l}.residual3`,
      ]),
      'layernorm lnf',
      'matmul logits',
      'cross_entropy losses',
      'mean_loss mean_loss',
    ])
  })
  test('a Llama, fused, its heads small enough for attention without the matrix', () => {
    expect(calls(gpt(llama, { ...train, fuse: true, att: false })).slice(0, 12)).toEqual([
      'embedding encoded',
      'rmsnorm h.0.ln1',
      'matmul h.0.attn.qkv',
      'rope h.0.attn.qkvr',
      'flash_attention h.0.attn.atty',
      'matmul h.0.residual2',
      'rmsnorm h.0.ln2',
      'matmul h.0.mlp.fch',
      'swiglu h.0.mlp.fch_swiglu',
      'matmul h.0.residual3',
      'rmsnorm h.1.ln1',
      'matmul h.1.attn.qkv',
    ])
  })
  test('GPT-2, fused: the products compute the activation and the residuals', () => {
    const tape = gpt({ ...gpt2, n_layer: 1 }, { ...train, fuse: true, att: false })
    expect(calls(tape).slice(3, -4)).toEqual([
      'flash_attention h.0.attn.atty',
      'matmul h.0.residual2',
      'layernorm h.0.ln2',
      'matmul h.0.mlp.fch',
      'matmul h.0.residual3',
    ])
    // What was fused has left no address behind, and what is kept for the backward has one.
    const addresses = [...tape.tensors.keys()].filter((label) => label.startsWith('h.0.mlp') && !label.includes('.c_'))
    expect(addresses.toSorted()).toEqual(['h.0.mlp.dfch', 'h.0.mlp.fch', 'h.0.mlp.fch_gelu'])
  })
  test('and dropout, of which a node that works only backwards is left', () => {
    const tape = gpt({ ...gpt2, dropout: 0.1, n_layer: 1 }, { ...train, fuse: true, att: false })
    expect(calls(tape).slice(4, -4)).toEqual([
      'flash_attention h.0.attn.atty',
      'matmul h.0.residual2',
      'dropout h.0.attn.attproj_drop',
      'layernorm h.0.ln2',
      'matmul h.0.mlp.fch',
      'matmul h.0.residual3',
      'dropout h.0.mlp.fcproj_drop',
    ])
    const addresses = [...tape.tensors.keys()].filter((label) => /proj/.test(label) && !label.includes('.c_'))
    expect(addresses.toSorted()).toEqual(['h.0.attn.attproj', 'h.0.attn.dattproj', 'h.0.mlp.dfcproj', 'h.0.mlp.fcproj'])
  })
  test('dropout stands where GPT-2 has it, and only while training', () => {
    const dropped = { ...gpt2, dropout: 0.1, n_layer: 1 }
    const dropouts = (tape: Tape) => calls(tape).filter((call) => call.startsWith('dropout'))
    expect(dropouts(gpt(dropped, train))).toEqual([
      'dropout encoded_drop',
      'dropout h.0.attn.attproj_drop',
      'dropout h.0.mlp.fcproj_drop',
    ])
    expect(dropouts(gpt(dropped, { use: 'evaluate', B: 2, T: 5 }))).toEqual([])
  })
  test('decoding has a cache, no loss, and no head where nobody asks what comes next', () => {
    const tape = gpt(gpt2, { use: 'decode', T: 3, head: false })
    expect(calls(tape).filter((call) => call.includes('attention'))).toEqual([
      'attention_cached h.0.attn.atty',
      'attention_cached h.1.attn.atty',
    ])
    expect(calls(tape).at(-1)).toBe('matmul h.1.residual3')
    expect(tape.tensors.get('h.1.attn.keys')?.shape).toEqual([6, 8])
  })
})

test('the addresses of one layer, with their shapes', () => {
  const tape = gpt({ ...gpt2, n_layer: 1 }, { ...train, label_smoothing: 0.1 })
  const shapes = new Map([...tape.tensors.values()].map(({ label, shape }) => [label, `[${shape.join(', ')}]`]))
  for (const { name } of paramTable({ ...gpt2, n_layer: 1 })) {
    expect(shapes.get(gradientLabel(name)), name).toBe(shapes.get(name))
    shapes.delete(gradientLabel(name))
    shapes.delete(name)
  }
  expect(Object.fromEntries(shapes)).toEqual({
    tokens: '[2, 5]',
    order: '[10]',
    starts: '[8]',
    dice: '[4]',
    targets: '[2, 5]',
    scale: '[10]',
    loss_ring: '[1024]',
    encoded: '[2, 5, 8]',
    dencoded: '[2, 5, 8]',
    'h.0.ln1': '[2, 5, 8]',
    'h.0.dln1': '[2, 5, 8]',
    'h.0.ln1.mean': '[10]',
    'h.0.ln1.rstd': '[10]',
    'h.0.ln1.partials': '[1, 2, 8]',
    'h.0.attn.qkv': '[2, 5, 24]',
    'h.0.attn.dqkv': '[2, 5, 24]',
    'h.0.attn.att': '[2, 2, 5, 5]',
    'h.0.attn.atty.dpreatt': '[2, 2, 5, 5]',
    'h.0.attn.atty': '[2, 5, 8]',
    'h.0.attn.datty': '[2, 5, 8]',
    'h.0.attn.attproj': '[2, 5, 8]',
    'h.0.attn.dattproj': '[2, 5, 8]',
    'h.0.residual2': '[2, 5, 8]',
    'h.0.dresidual2': '[2, 5, 8]',
    'h.0.ln2': '[2, 5, 8]',
    'h.0.dln2': '[2, 5, 8]',
    'h.0.ln2.mean': '[10]',
    'h.0.ln2.rstd': '[10]',
    'h.0.ln2.partials': '[1, 2, 8]',
    'h.0.mlp.fch': '[2, 5, 10]',
    'h.0.mlp.dfch': '[2, 5, 10]',
    'h.0.mlp.fch_gelu': '[2, 5, 10]',
    'h.0.mlp.dfch_gelu': '[2, 5, 10]',
    'h.0.mlp.fcproj': '[2, 5, 8]',
    'h.0.mlp.dfcproj': '[2, 5, 8]',
    'h.0.residual3': '[2, 5, 8]',
    'h.0.dresidual3': '[2, 5, 8]',
    lnf: '[2, 5, 8]',
    dlnf: '[2, 5, 8]',
    'lnf.mean': '[10]',
    'lnf.rstd': '[10]',
    'lnf.partials': '[1, 2, 8]',
    logits: '[2, 5, 7]',
    dlogits: '[2, 5, 7]',
    losses: '[10]',
    lse: '[10]',
  })
})

test('every gradient is written once before it is added to, and read only after that', () => {
  for (const config of [gpt2, llama, { ...gpt2, dropout: 0.2 }]) {
    const tape = gpt(config, train)
    const written = new Set<string>()
    for (const { node, pass } of tape.timeline) {
      if (pass !== 'backward') continue
      if (node.dout) expect(written, `${node.name} reads ${node.dout.label}`).toContain(node.dout.label)
      for (const { tensor, first } of node.grads) {
        expect(first, tensor.label).toBe(!written.has(tensor.label))
        written.add(tensor.label)
      }
    }
    for (const { name } of paramTable(config)) expect(written).toContain(gradientLabel(name))
  }
})

test('a tied head writes the gradient of the embedding first, the embedding adds to it', () => {
  const tape = gpt(gpt2, train)
  const writers = tape.nodes.filter(({ grads }) =>
    grads.some(({ tensor }) => tensor.label === 'transformer.wte.dweight'),
  )
  const first = writers.map(({ name, grads }) => [name, grads.find(({ key }) => /wte|weight/.test(key))?.first])
  expect(first).toEqual([
    ['encoded', false],
    ['logits', true],
  ])
})

test('each dropout draws from a stream of its own', () => {
  const record = new Recorder()
  const dice = record.input('dice', [4], 'u32')
  let x = record.input('x', [3], 'f32')
  const streams: number[] = []
  for (const name of ['a', 'b', 'c']) x = record.dropout(name, x, dice, 0.5)
  const spy = {
    ops: { dropout: { forward: ({ attrs }: { attrs: { stream: number } }) => (streams.push(attrs.stream), []) } },
  }
  for (const node of new Tape(record, { training: true }).nodes) node.forward(spy as never, (tensor) => tensor)
  expect(new Set(streams).size).toBe(3)
})

test('two tensors at one address are refused', () => {
  const record = new Recorder()
  record.input('x', [1], 'f32')
  expect(() => record.input('x', [2], 'f32')).toThrow('two tensors at the address x')
})
