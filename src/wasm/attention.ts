// Causal attention (Vaswani et al., arXiv 1706.03762) with grouped queries (Ainslie et al., arXiv 2305.13245), a block of queries at a time, so
// that no T × T matrix is kept (Dao et al., arXiv 2205.14135). A row of qkv [B, T, (NH + 2 NKV)·HS] is [query heads | key heads | value heads];
// query head h looks at key/value head ⌊h / (NH/NKV)⌋.
//   score = q · kᵀ / √HS over s ≤ t,   lse = log Σ exp(score),   att = exp(score − lse),   out = dropout(att) · v
// The op `attention` is the same with att [B, NH, T, T] written down, and read again by its backward.
import type { Dropout, Heads } from '../engine'
import { oddsOf } from './dropout'
import { float, once, type Float, type Int } from './expressions'
import type { Place, Pointer } from './pointer'
import { call, floats, integers, kernel, pointers } from './kernel'
import { dropoutKey, exp, keepFactor, log } from './math'
import { COLUMNS, multiply_columns, multiply_rows, pack_columns, pack_rows, panelsOf } from './product'
import { ADDS, across, clear, largest, loop, sum, when } from './statements'
import { floating, launch, mask, work, type Launch, type Machine, type WasmOp, type WasmTensor } from './tensor'

/** Queries in a block. More are fewer passes over keys and values, and more scores that the causal mask throws away. */
const QUERIES = 24

const SIZES = {
  ...integers('B', 'T', 'NH', 'NKV', 'HS', 'stride', 'stream', 'threshold'),
  ...floats('scale', 'rescale'),
}
type Sizes = { [K in keyof typeof SIZES]: (typeof SIZES)[K] extends 'f32' ? Float : Int }

/** A stretch of queries of one head: `from` the first of them, `seen` the keys that the last of them looks at. */
interface Block {
  from: Int
  rows: Int
  seen: Int
}

/** Goes through all texts and key heads, and through the blocks of each query head of a key head's group. */
function walk({ B, T, NH, NKV }: Sizes, keyHead: (b: Int, kv: Int) => (head: Int) => (block: Block) => void): void {
  const group = once(NH.div(NKV))
  loop(B, (b) =>
    loop(NKV, (kv) => {
      const ofHead = keyHead(b, kv)
      loop(group, (member) => {
        const ofBlock = ofHead(once(kv.mul(group).add(member)))
        loop(
          T,
          (from) => {
            const rows = once(T.sub(from).min(QUERIES))
            ofBlock({ from, rows, seen: once(from.add(rows)) })
          },
          { by: QUERIES },
        )
      })
    }),
  )
}

/** Zeros where a row's mask begins, up to the last key that the block sees. */
function masked(row: Pointer, n: Int, seen: Int): void {
  across(seen, (s) => row.store(s, 0), n)
}
/** n rounded up to fours: rows have room for that, and what lies there is masked afterwards. */
const inFours = (n: Int) => once(n.add(3).and(-4))

/** `rest` is lse [B, NH, T], or att where the matrix is kept. */
const forwardOf = (matrix: boolean) =>
  kernel(
    matrix ? 'attention' : 'flash_attention',
    { ...pointers('qkv', 'out', 'rest', 'dice', 'keys', 'values', 'scores'), ...SIZES },
    (t) => {
      const { T, NH, NKV, HS, keys, values, scores, stride, scale, threshold } = t
      const [width, outWidth] = [once(NKV.shl(1).add(NH).mul(HS)), once(NH.mul(HS))]
      const key = dropoutKey(t.dice, t.stream, NH.mul(T).mul(T))
      walk(t, (b, kv) => {
        const text = t.qkv.row(b.mul(T), width)
        const [k, v] = [text.plus(NH.add(kv).mul(HS)), text.plus(NH.add(NKV).add(kv).mul(HS))]
        call(pack_columns, { b: k, step: width, inner: HS, columns: T, panels: keys, depth: HS })
        call(pack_rows, { b: v, step: width, inner: T, columns: HS, panels: values, depth: T })
        return (head) => {
          const first = once(b.mul(NH).add(head).mul(T)) // the head's first row of lse and att
          return ({ from, rows, seen }) => {
            const q = text.row(from, width).plus(head.mul(HS))
            const toScores = { c: scores, width: stride, rows, inner: HS, columns: seen, adds: 0 }
            call(multiply_rows, { a: q, step: width, panels: keys, depth: HS, ...toScores })
            loop(rows, (r) => {
              const row = scores.row(r, stride)
              const n = once(from.add(r).add(1))
              const whole = inFours(n)
              for (const past of [0, 1, 2]) row.plus(n).store(past, -Infinity)
              const most = largest(whole, (s) => row.at(s))
              const mass = sum(whole, (s) => {
                const weight = once(exp(row.at(s).sub(most).mul(scale)))
                row.store(s, weight)
                return weight
              })
              const [share, at] = [once(float(1).div(mass)), once(first.add(from).add(r))]
              across(whole, (s) => row.store(s, row.at(s).mul(share)))
              if (matrix) {
                const att = t.rest.row(at, T)
                across(n, (s) => att.store(s, row.at(s)))
                across(T, (s) => att.store(s, 0), n)
              } else t.rest.store(at, most.mul(scale).add(log(mass)))
              when(threshold.ne(0), () => {
                const number = once(at.mul(T))
                across(whole, (s) => row.store(s, row.at(s).mul(keepFactor(key, s, t, number))))
              })
              masked(row, n, seen)
            })
            const out = t.out.row(b.mul(T).add(from), outWidth).plus(head.mul(HS))
            const toOut = { c: out, width: outWidth, rows, inner: seen, columns: HS, adds: 0 }
            call(multiply_rows, { a: scores, step: stride, panels: values, depth: T, ...toOut })
          }
        }
      })
    },
  )

// p = exp(score − lse), out = keep · p · v, dp = keep · (dout · vᵀ), delta = dout · out = Σ p · dp
//   ⇒  ds = p · (dp − delta) / √HS,  dq = ds · k,  dk = dsᵀ · q,  dv = (keep · p)ᵀ · dout
const backwardOf = (matrix: boolean) =>
  kernel(
    matrix ? 'attention_backward' : 'flash_attention_backward',
    {
      ...pointers(
        'qkv',
        'out',
        'rest',
        'dice',
        'dout',
        'delta',
        'dqkv',
        'keys',
        'keyRows',
        'values',
        'block',
        'scores',
        'slopes',
      ),
      ...integers('adds'),
      ...SIZES,
    },
    (t) => {
      const { B, T, NH, NKV, HS, scores, slopes, stride, scale, threshold } = t
      const [width, outWidth] = [once(NKV.shl(1).add(NH).mul(HS)), once(NH.mul(HS))]
      const key = dropoutKey(t.dice, t.stream, NH.mul(T).mul(T))
      when(t.adds.eq(0), () => clear(t.dqkv, B.mul(T).mul(width)))
      walk(t, (b, kv) => {
        const [text, dtext] = [t.qkv.row(b.mul(T), width), t.dqkv.row(b.mul(T), width)]
        const [toK, toV] = [once(NH.add(kv).mul(HS)), once(NH.add(NKV).add(kv).mul(HS))]
        const across_ = { step: width, inner: HS, columns: T, depth: HS }
        call(pack_columns, { b: text.plus(toK), panels: t.keys, ...across_ })
        call(pack_columns, { b: text.plus(toV), panels: t.values, ...across_ })
        call(pack_rows, { b: text.plus(toK), panels: t.keyRows, step: width, inner: T, columns: HS, depth: T })
        return (head) => {
          const [toQ, first] = [once(head.mul(HS)), once(b.mul(NH).add(head).mul(T))]
          return ({ from, rows, seen }) => {
            const q = once(text.row(from, width).plus(toQ))
            const at = once(b.mul(T).add(from))
            const [out, dout] = [t.out, t.dout].map((tensor) => once(tensor.row(at, outWidth).plus(toQ))) as [
              Pointer,
              Pointer,
            ]
            const pairs = { width: stride, rows, inner: HS, columns: seen, adds: 0 }
            if (!matrix) call(multiply_rows, { a: q, step: width, panels: t.keys, depth: HS, c: scores, ...pairs })
            call(multiply_rows, { a: dout, step: outWidth, panels: t.values, depth: HS, c: slopes, ...pairs })
            loop(rows, (r) => {
              const [score, slope] = [scores.row(r, stride), slopes.row(r, stride)]
              const n = once(from.add(r).add(1))
              const place = once(first.add(from).add(r))
              const [whole, number] = [inFours(n), once(place.mul(T))]
              const att = t.rest.row(place, T)
              /** With dropout's factors, or without. */
              const finish = (keep: (s: Place, x: Float) => Float) => {
                const dp = (s: Place) => keep(s, slope.at(s))
                const row = (tensor: Pointer) => tensor.row(r, outWidth)
                const [outRow, doutRow] = [row(out), row(dout)]
                const delta = matrix
                  ? sum(n, (s) => att.at(s).mul(dp(s)))
                  : sum(HS, (c) => doutRow.at(c).mul(outRow.at(c)))
                if (!matrix) t.delta.store(place, delta)
                const lse = matrix ? null : once(t.rest.at(place))
                across(whole, (s) => {
                  const p = once(lse ? exp(score.at(s).mul(scale).sub(lse)) : att.at(s))
                  slope.store(s, dp(s).sub(delta).mul(p).mul(scale))
                  score.store(s, keep(s, p))
                })
              }
              when(
                threshold.ne(0),
                () => finish((s, x) => x.mul(keepFactor(key, s, t, number))),
                () => finish((_, x) => x),
              )
              masked(score, n, seen)
              masked(slope, n, seen)
            })
            const toQuery = { c: dtext.row(from, width).plus(toQ), width, rows, inner: seen, columns: HS, adds: ADDS }
            call(multiply_rows, { a: slopes, step: stride, panels: t.keyRows, depth: T, ...toQuery })
            const summed = {
              step: stride,
              panels: t.block,
              depth: QUERIES,
              width,
              rows: seen,
              inner: rows,
              columns: HS,
            }
            const packed = { inner: rows, columns: HS, panels: t.block, depth: QUERIES }
            call(pack_rows, { b: q, step: width, ...packed })
            call(multiply_columns, { a: slopes, c: dtext.plus(toK), ...summed, adds: ADDS })
            call(pack_rows, { b: dout, step: outWidth, ...packed })
            call(multiply_columns, { a: scores, c: dtext.plus(toV), ...summed, adds: ADDS })
          }
        }
      })
    },
  )

const kernels = [false, true].map((matrix) => ({ forward: forwardOf(matrix), backward: backwardOf(matrix) }))
const [FLASH, MATRIX] = kernels as [(typeof kernels)[0], (typeof kernels)[0]]

function sizesOf(qkv: WasmTensor, attrs: Heads & Dropout) {
  const { n_head: NH, n_kv_head: NKV } = attrs
  const [B = 1, T = 1, width = 1] = qkv.shape
  const HS = width / (NH + 2 * NKV)
  // Three past the last key are masked with it, and a row begins by fours.
  const stride = 4 * Math.ceil((T + 3) / 4)
  return { B, T, NH, NKV, HS, stride, scale: 1 / Math.sqrt(HS), ...oddsOf(attrs) }
}

type Tensors = Record<'qkv' | 'out' | 'rest' | 'dice', WasmTensor>
type Values = ReturnType<typeof sizesOf>

function forward(machine: Machine, { forward }: typeof FLASH, t: Tensors, sizes: Values): Launch {
  const { T, HS, stride } = sizes
  const [keys, values, scores] = machine.scratch(panelsOf(HS, T), panelsOf(T, HS), QUERIES * stride)
  return launch(forward, { ...t, keys, values, scores, ...sizes })
}
function backward(
  machine: Machine,
  { backward }: typeof FLASH,
  t: Tensors & { dout: WasmTensor; delta: WasmTensor | undefined; dqkv: WasmTensor },
  sizes: Values,
  adds: number,
): Launch {
  const { T, HS, stride } = sizes
  // A tile of columns of scores reaches past the last.
  const square = QUERIES * stride + COLUMNS
  const [keys, values, keyRows, block, scores, slopes] = machine.scratch(
    ...[panelsOf(HS, T), panelsOf(HS, T), panelsOf(T, HS), panelsOf(QUERIES, HS), square, square],
  )
  return launch(backward, { ...t, adds, keys, values, keyRows, block, scores, slopes, ...sizes })
}

/** The floating-point operations of the pairs of query and key, so many each. */
const pairsOf = ({ B, NH, T }: Values, flops: number) => ((B * NH * T * (T + 1)) / 2) * flops

export const attention = (machine: Machine): WasmOp<'attention'> => ({
  forward({ name, t: { qkv, att, out, dice }, attrs }) {
    const sizes = sizesOf(qkv, attrs)
    const call = forward(machine, MATRIX, { qkv, out, rest: att, dice }, sizes)
    return [work(`${name}.attention`, pairsOf(sizes, 4 * sizes.HS + 5), [qkv, att, out], [call])]
  },
  backward({ name, t: { qkv, att, dice, out }, d: { dqkv, dout: given }, attrs, adds }) {
    if (!dqkv) return []
    const dout = floating(given, name)
    const sizes = sizesOf(qkv, attrs)
    const t = { qkv, out, rest: att, dice, dout, delta: undefined, dqkv }
    const call = backward(machine, MATRIX, t, sizes, mask(adds, 'dqkv'))
    return [work(`${name}.attention.dqkv`, pairsOf(sizes, 8 * sizes.HS + 7), [qkv, att, dout, dqkv], [call])]
  },
})

export const flash_attention = (machine: Machine): WasmOp<'flash_attention'> => ({
  forward({ name, t: { qkv, lse, out, dice }, attrs }) {
    const sizes = sizesOf(qkv, attrs)
    const call = forward(machine, FLASH, { qkv, out, rest: lse, dice }, sizes)
    return [work(`${name}.flash_attention`, pairsOf(sizes, 4 * sizes.HS + 5), [qkv, out, lse], [call])]
  },
  backward({ name, t: { qkv, lse, dice, out }, d: { dqkv, delta, dout: given }, attrs, adds }) {
    if (!dqkv) return []
    const dout = floating(given, name)
    const sizes = sizesOf(qkv, attrs)
    const call = backward(machine, FLASH, { qkv, out, rest: lse, dice, dout, delta, dqkv }, sizes, mask(adds, 'dqkv'))
    return [
      work(`${name}.flash_attention.dqkv`, pairsOf(sizes, 10 * sizes.HS + 7), [qkv, out, lse, dout, dqkv], [call]),
    ]
  },
})
