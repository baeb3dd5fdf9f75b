// Dropout (Srivastava et al. 2014): out = x · keep/(1 − p). `keep` is a function of (seed, step, stream, index) alone (rng.ts), so the
// backward and every other engine draw the same.
import { DICE, type Dropout } from '../engine'
import { dropoutKey, dropoutThreshold, keeps } from '../rng'
import { floats, gradient, opened, work, words, type CpuOp, type CpuTensor } from './tensor'

/** Returns the factor of each element by its index: 0 or 1/(1 − p). Reads seed and step from `dice` when it is called. */
export function keepFactors(dice: CpuTensor, { p, stream }: Dropout): (index: number) => number {
  if (p === 0) return () => 1
  const rolled = words(dice)
  const key = dropoutKey(rolled[DICE.seed]!, rolled[DICE.step]!, stream)
  const [threshold, factor] = [dropoutThreshold(p), 1 / (1 - p)]
  return (index) => (keeps(key, index, threshold) ? factor : 0)
}

export const dropout: CpuOp<'dropout'> = {
  forward({ name, t, attrs }) {
    if (!t.x) return []
    const [x, out] = [floats(t.x), floats(t.out)]
    const run = () => {
      const keep = keepFactors(t.dice, attrs)
      for (let i = 0; i < out.length; i++) out[i] = x[i]! * keep(i)
    }
    return [work(`${name}.dropout`, out.length, [t.x, t.out], run)]
  },

  backward(call) {
    const { name, t, d, attrs, adds } = call
    if (!d.dx) return []
    const dx = floats(d.dx)
    const dout = gradient(d.dout, call)
    // out = x · keep/(1 − p)  ⇒  dx = dout · keep/(1 − p)
    const run = () => {
      opened(dx, adds.has('dx'))
      const keep = keepFactors(t.dice, attrs)
      for (let i = 0; i < dx.length; i++) dx[i]! += dout[i]! * keep(i)
    }
    return [work(`${name}.dropout.dx`, dx.length, [d.dout, d.dx], run)]
  },
}
