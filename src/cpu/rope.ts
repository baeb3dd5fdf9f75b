// Rotary position embedding (Su et al., arXiv 2104.09864), rotate-half form: in every query and key head of
// x [B, T, (NH + 2 NKV)·HS] the pair (i, i + HS/2) turns by the angle whose cos and sin [P, HS/2] stand at row pos + t:
//   out[i] = x[i]·cos − x[i + HS/2]·sin,   out[i + HS/2] = x[i + HS/2]·cos + x[i]·sin
// Value heads pass unchanged.
import type { Heads } from '../engine'
import { floats, gradient, opened, rowsOf, work, words, type CpuOp, type CpuTensor, type Floats } from './tensor'

/** into += `from`, turned forwards (`sign` 1) or backwards (−1); both have x's shape. */
function addTurned(
  into: Floats,
  from: Floats,
  { x, cos, sin, pos }: { x: CpuTensor; cos: CpuTensor; sin: CpuTensor; pos?: CpuTensor },
  { n_head, n_kv_head }: Heads,
  sign: number,
): void {
  const { rows: N, width } = rowsOf(x)
  const T = x.shape.at(-2) ?? 1
  const HS = width / (n_head + 2 * n_kv_head)
  const half = HS / 2
  const turning = (n_head + n_kv_head) * HS
  const [cosines, sines] = [floats(cos), floats(sin)]
  const start = pos ? words(pos)[0]! : 0
  for (let n = 0; n < N; n++) {
    const row = n * width
    const angles = (start + (n % T)) * half
    for (let head = row; head < row + turning; head += HS)
      for (let i = 0; i < half; i++) {
        const a = from[head + i]!
        const b = from[head + half + i]!
        const c = cosines[angles + i]!
        const s = sign * sines[angles + i]!
        into[head + i]! += a * c - b * s
        into[head + half + i]! += b * c + a * s
      }
    for (let i = row + turning; i < row + width; i++) into[i]! += from[i]!
  }
}

export const rope: CpuOp<'rope'> = {
  forward({ name, t, attrs }) {
    const [x, out] = [floats(t.x), floats(t.out)]
    const run = () => addTurned(out.fill(0), x, t, attrs, 1)
    return [work(`${name}.rope`, 3 * x.length, Object.values(t), run)]
  },

  backward(call) {
    const { name, t, d, attrs, adds } = call
    if (!d.dx) return []
    const dx = floats(d.dx)
    const dout = gradient(d.dout, call)
    // out = x turned forwards  ⇒  dx = dout turned backwards
    const run = () => addTurned(opened(dx, adds.has('dx')), dout, t, attrs, -1)
    return [work(`${name}.rope.dx`, 3 * dx.length, [d.dout, t.cos, t.sin, d.dx], run)]
  },
}
