// Dropout (Srivastava et al. 2014): out = x · keep/(1 − p). The draw of `keep` is a function of (seed, step, stream, index)
// alone (rng.ts), so that the backward draws the same, and any other engine does too.
import { DICE, type Dropout } from '../engine'
import { dropoutKey, dropoutThreshold, keeps } from '../rng'
import { floats, gradient, opened, work, words, type CpuOp, type CpuTensor } from './tensor'

/** This step's factor at each index: 0 or 1/(1 − p). Reads the dice when called. */
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
