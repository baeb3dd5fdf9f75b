// Rotary position embedding (Su et al., arXiv 2104.09864), rotate-half form: in every query and key head of
// x [B, T, (NH + 2 NKV)·HS] the pair (i, i + HS/2) turns by the angle whose cos and sin [P, HS/2] stand at row pos + t:
//   out[i] = x[i]·cos − x[i + HS/2]·sin,   out[i + HS/2] = x[i + HS/2]·cos + x[i]·sin
// Value heads pass unchanged.
import type { Heads } from '../engine'
import { sizeOf } from '../params'
import { int, once, variable } from './expressions'
import { floats, integers, kernel, pointers } from './kernel'
import { across, loop, put, when } from './statements'
import { floating, launch, mask, rowsOf, work, type WasmOp, type WasmTensor } from './tensor'

/** into (+)= x turned, forwards where `sign` is 1 and backwards where it is −1. `heads` turn, in `width` elements a row. */
const turn = kernel(
  'rope',
  {
    ...pointers('x', 'into', 'cos', 'sin', 'pos'),
    ...integers('N', 'T', 'heads', 'half', 'width', 'adds'),
    ...floats('sign'),
  },
  (t) => {
    const { N, T, heads, half, width } = t
    const start = variable(int(0))
    when(t.pos.exists(), () => start.set(t.pos.int(0)))
    const turning = once(heads.mul(half).mul(2))
    loop(N, (n) => {
      const [x, into] = [t.x.row(n, width), t.into.row(n, width)]
      const angle = once(start.add(n.rem(T)))
      const [cos, sin] = [t.cos.row(angle, half), t.sin.row(angle, half)]
      loop(heads, (head) => {
        const [a, intoA] = [x.row(head.mul(2), half), into.row(head.mul(2), half)]
        const [b, intoB] = [once(a.plus(half)), once(intoA.plus(half))]
        across(half, (i) => {
          const [c, s] = [once(cos.at(i)), once(sin.at(i).mul(t.sign))]
          const [left, right] = [once(a.at(i)), once(b.at(i))]
          put(intoA, i, left.mul(c).sub(right.mul(s)), t.adds)
          put(intoB, i, right.mul(c).add(left.mul(s)), t.adds)
        })
      })
      across(width, (i) => put(into, i, x.at(i), t.adds), turning)
    })
  },
)

function turned(
  x: WasmTensor,
  into: WasmTensor,
  { cos, sin, pos }: { cos: WasmTensor; sin: WasmTensor; pos?: WasmTensor },
  { n_head, n_kv_head }: Heads,
  sign: number,
  adds: number,
) {
  const { rows: N, width } = rowsOf(x)
  const half = width / (n_head + 2 * n_kv_head) / 2
  const sizes = { N, T: x.shape.at(-2) ?? 1, heads: n_head + n_kv_head, half, width }
  return launch(turn, { x, into, cos, sin, pos, ...sizes, sign, adds })
}

export const rope: WasmOp<'rope'> = {
  forward({ name, t, attrs }) {
    return [work(`${name}.rope`, 3 * sizeOf(t.x.shape), Object.values(t), [turned(t.x, t.out, t, attrs, 1, 0)])]
  },
  // out = x turned forwards  ⇒  dx = dout turned backwards
  backward({ name, t, d, attrs, adds }) {
    if (!d.dx) return []
    const dout = floating(d.dout, name)
    const call = turned(dout, d.dx, t, attrs, -1, mask(adds, 'dx'))
    return [work(`${name}.rope.dx`, 3 * sizeOf(d.dx.shape), [dout, t.cos, t.sin, d.dx], [call])]
  },
}
