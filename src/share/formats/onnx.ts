// A model as one ONNX graph with a KV cache, as transformers.js feeds it: after the first step only new tokens go in, with the keys and
// values of all before. Every config can be held. Reads like src/model/gpt.ts; shapes at the right margin, P past, S new, T = P + S.
import type { ModelConfig } from '../../config/config'
import { paramTable } from '../../params'
import { OnnxGraph } from './onnx_graph'
import type { Outgoing } from './fold'

/** Written where nothing may be seen: the lowest number of 32 bits. */
const HIDDEN = -3.4028234663852886e38

/** Writes a model without gates, in 32 bits. */
export function writeOnnx({ spec, weights }: Outgoing): Uint8Array<ArrayBuffer> {
  const { config: c } = spec
  const g = new OnnxGraph()
  const names = new Set<string>()
  for (const { name, shape } of paramTable(c)) names.add(g.weight(name, shape, weights.get(name)!))
  const w = (name: string) => `transformer.${name}`
  const maybe = (name: string) => (names.has(w(name)) ? w(name) : null)
  const kv = (c.n_embd / c.n_head) * c.n_kv_head
  const headSize = c.n_embd / c.n_head
  const cacheShape = (tokens: string) => ['batch_size', c.n_kv_head, tokens, headSize]

  const linear = (x: string, at: string) => {
    const product = g.op('MatMul', [x, w(`${at}.weight`)])
    const bias = maybe(`${at}.bias`)
    return bias ? g.op('Add', [product, bias]) : product
  }
  const norm = (x: string, at: string) => {
    const [scale, bias] = [w(`${at}.weight`), maybe(`${at}.bias`)]
    if (c.norm === 'layernorm')
      return g.op('LayerNormalization', bias ? [x, scale, bias] : [x, scale], {
        axis: -1,
        epsilon: { float: c.norm_eps },
      })
    const squares = g.op('ReduceMean', [g.op('Mul', [x, x])], { axes: [-1], keepdims: 1 })
    const root = g.op('Sqrt', [g.op('Add', [squares, g.number(c.norm_eps)])])
    return g.op('Mul', [g.op('Div', [x, root]), scale])
  }

  const ids = g.input('input_ids', 'i64', ['batch_size', 'sequence_length']) //                 [B, S]
  const seen = g.input('attention_mask', 'i64', ['batch_size', 'total_sequence_length']) //     [B, T]
  const positions = c.position === 'none' ? null : g.input('position_ids', 'i64', ['batch_size', 'sequence_length'])
  const mask = maskOf(g, ids, seen) //                                                          [B, 1, 1, S, T]
  const rotate = c.position === 'rope' ? rotation(g, c, positions!) : null

  let x = g.op('Gather', [w('wte.weight'), ids]) //                                             [B, S, C]
  if (c.position === 'learned') x = g.op('Add', [x, g.op('Gather', [w('wpe.weight'), positions!])])
  for (let l = 0; l < c.n_layer; l++) {
    const h = `h.${l}`
    const qkv = linear(norm(x, `${h}.ln_1`), `${h}.attn.c_attn`) //                               [B, S, (NH + 2 NKV)·HS]
    const parts = g.ops('Split', [qkv, g.integers([c.n_embd, kv, kv])], [`${h}.q`, `${h}.k`, `${h}.v`], { axis: -1 })
    const heads = (part: string, count: number) =>
      g.op('Transpose', [g.op('Reshape', [part, g.integers([0, 0, count, headSize])])], { perm: [0, 2, 1, 3] })
    let q = heads(parts[0], c.n_head) //                                                          [B, NH, S, HS]
    let k = heads(parts[1], c.n_kv_head) //                                                       [B, NKV, S, HS]
    let v = heads(parts[2], c.n_kv_head)
    if (rotate) [q, k] = [rotate(q), rotate(k)]
    const past = (of: string) => g.input(`past_key_values.${l}.${of}`, 'f32', cacheShape('past_sequence_length'))
    k = g.op('Concat', [past('key'), k], { axis: 2 }, `present.${l}.key`) //                      [B, NKV, T, HS]
    v = g.op('Concat', [past('value'), v], { axis: 2 }, `present.${l}.value`)
    const atty = attention(g, c, { q, k, v, mask })
    x = g.op('Add', [x, linear(atty, `${h}.attn.c_proj`)])
    const fch = linear(norm(x, `${h}.ln_2`), `${h}.mlp.c_fc`) //                                  [B, S, F], SwiGLU 2F
    x = g.op('Add', [x, linear(activation(g, c, fch, h), `${h}.mlp.c_proj`)])
  }
  const lnf = norm(x, 'ln_f')
  const head = names.has('lm_head.weight') ? 'lm_head.weight' : w('wte.weight') //                [V, C]
  const rows = g.op('Gemm', [g.op('Reshape', [lnf, g.integers([-1, c.n_embd])]), head], { transB: 1 })
  const shape = g.op('Concat', [g.op('Shape', [ids]), g.integers([c.vocab_size])], { axis: 0 })
  g.op('Reshape', [rows, shape], {}, 'logits')
  g.output('logits', ['batch_size', 'sequence_length', c.vocab_size])
  for (let l = 0; l < c.n_layer; l++)
    for (const of of ['key', 'value']) g.output(`present.${l}.${of}`, cacheShape('total_sequence_length'))
  return g.finish(spec.name)
}

/** Whether query i may see key j: it stands no later, and is no padding. [B, 1, 1, S, T] */
function maskOf(g: OnnxGraph, ids: string, seen: string): string {
  const length = (of: string) => g.op('Gather', [g.op('Shape', [of]), g.integers(1)])
  const [S, T] = [length(ids), length(seen)]
  const range = (from: string) => g.op('Range', [from, T, g.integers(1)])
  const keys = range(g.integers(0))
  const queries = g.op('Unsqueeze', [range(g.op('Sub', [T, S])), g.integers([1])])
  const causal = g.op('LessOrEqual', [keys, queries]) //                                        [S, T]
  const there = g.op('Greater', [g.op('Unsqueeze', [seen, g.integers([1, 2, 3])]), g.integers(0)])
  return g.op('And', [causal, there])
}

/** Softmax(q·kᵀ/√HS)·v, each group of heads with the keys and values that it shares. [B, S, C] */
function attention(g: OnnxGraph, c: ModelConfig, { q, k, v, mask }: Record<'q' | 'k' | 'v' | 'mask', string>): string {
  const headSize = c.n_embd / c.n_head
  const grouped = g.op('Reshape', [q, g.integers([0, c.n_kv_head, c.n_head / c.n_kv_head, -1, headSize])])
  const shared = (x: string) => g.op('Unsqueeze', [x, g.integers([2])]) //                      [B, NKV, 1, T, HS]
  const turned = g.op('Transpose', [shared(k)], { perm: [0, 1, 2, 4, 3] })
  const scores = g.op('Mul', [g.op('MatMul', [grouped, turned]), g.number(1 / Math.sqrt(headSize))])
  const att = g.op('Softmax', [g.op('Where', [mask, scores, g.number(HIDDEN)])], { axis: -1 })
  const atty = g.op('Reshape', [g.op('MatMul', [att, shared(v)]), g.integers([0, c.n_head, -1, headSize])])
  return g.op('Reshape', [g.op('Transpose', [atty], { perm: [0, 2, 1, 3] }), g.integers([0, 0, c.n_embd])])
}

/** RoPE: pairs (i, i + HS/2) of a head turn by position · theta^(−2i/HS), whose cosines and sines are a table. */
function rotation(g: OnnxGraph, c: ModelConfig, positions: string): (x: string) => string {
  const half = c.n_embd / c.n_head / 2
  const table = (name: string, of: (angle: number) => number) => {
    const values = Float32Array.from({ length: c.block_size * half }, (_, i) =>
      of(Math.floor(i / half) * Math.pow(c.rope_theta, -(i % half) / half)),
    )
    const rows = g.op('Gather', [g.weight(name, [c.block_size, half], values), positions])
    return g.op('Unsqueeze', [rows, g.integers([1])]) //                                        [B, 1, S, HS/2]
  }
  const [cos, sin] = [table('rope.cos', Math.cos), table('rope.sin', Math.sin)]
  let count = 0
  return (x) => {
    const at = `rope.${count++}`
    const [a, b] = g.ops('Split', [x, g.integers([half, half])], [`${at}.a`, `${at}.b`], { axis: -1 })
    const times = (y: string, z: string) => g.op('Mul', [y, z])
    const first = g.op('Sub', [times(a, cos), times(b, sin)])
    return g.op('Concat', [first, g.op('Add', [times(b, cos), times(a, sin)])], { axis: -1 })
  }
}

function activation(g: OnnxGraph, c: ModelConfig, x: string, h: string): string {
  const times = (...factors: [string, ...string[]]) => factors.reduce((a, b) => g.op('Mul', [a, b]))
  switch (c.mlp) {
    case 'swiglu': {
      const [gate, up] = g.ops('Split', [x, g.integers([c.n_inner, c.n_inner])], [`${h}.gate`, `${h}.up`], { axis: -1 })
      return times(gate, g.op('Sigmoid', [gate]), up)
    }
    case 'relu2': {
      const positive = g.op('Relu', [x])
      return times(positive, positive)
    }
    case 'gelu': {
      const inner = g.op('Add', [x, times(x, x, x, g.number(0.044715))])
      const tanh = g.op('Tanh', [times(inner, g.number(Math.sqrt(2 / Math.PI)))])
      return times(x, g.op('Add', [tanh, g.number(1)]), g.number(0.5))
    }
  }
}
