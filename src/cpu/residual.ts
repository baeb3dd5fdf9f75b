// The residual stream (He et al., arXiv 1512.03385): out = a + b.
import { floats, gradient, opened, work, type CpuOp } from './tensor'

export const residual: CpuOp<'residual'> = {
  forward({ name, t }) {
    const [a, b, out] = [floats(t.a), floats(t.b), floats(t.out)]
    const run = () => {
      for (let i = 0; i < out.length; i++) out[i] = a[i]! + b[i]!
    }
    return [work(`${name}.residual`, out.length, Object.values(t), run)]
  },

  backward(call) {
    const { name, d, adds } = call
    const dout = gradient(d.dout, call)
    // out = a + b  ⇒  da = dout, db = dout
    return (['da', 'db'] as const).flatMap((key) => {
      const target = d[key]
      if (!target) return []
      const gradient = floats(target)
      const run = () => {
        opened(gradient, adds.has(key))
        for (let i = 0; i < gradient.length; i++) gradient[i]! += dout[i]!
      }
      return [work(`${name}.residual.${key}`, adds.has(key) ? dout.length : 0, [d.dout, target], run)]
    })
  },
}
