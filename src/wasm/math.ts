// Functions that WebAssembly has no instruction for, as polynomials after Cephes (Moshier, netlib.org/cephes, expf and logf). Imported Math
// functions would differ from one JavaScript engine to the next. test/wasm/math.test.ts holds the error bounds stated here.
import { counting, float, once, select, type Float, type Int } from './expressions'
import type { Place, Pointer } from './pointer'
import { DICE } from '../engine'
import { MIX, STREAM } from '../rng'

/** Adding and subtracting it rounds a float to an integer, which then stands in its low bits: 1.5 · 2²³. */
const ROUNDER = 12582912

/** eˣ within 2 units in the last place, for x from −87.3 to 88.3; further out the value at the end of that range. NaN stays NaN. */
export function exp(x: Float): Float {
  const bounded = once(x.min(88.3).max(-87.3))
  // eˣ = 2ⁿ · eʳ, n = round(x / ln 2), r = x − n · ln 2, |r| ≤ ½ ln 2. ln 2 is taken in two parts, the first of which has few bits.
  const rounded = once(bounded.mul(1.44269504088896341).add(ROUNDER))
  const n = once(rounded.sub(ROUNDER))
  const r = once(bounded.sub(n.mul(0.693359375)).sub(n.mul(-2.1219444e-4)))
  const p = [1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1].reduce(
    (sum, coefficient) => sum.mul(r).add(coefficient),
    float(1.98756915e-4),
  )
  const power = rounded.bits().add(127).shl(23).asFloat() // 2ⁿ
  return p.mul(r.mul(r)).add(r).add(1).mul(power)
}

/** The natural logarithm of a positive x within 2 units in the last place, near x = 1 within 2⁻²⁴. Of NaN and infinity NaN. */
export function log(x: Float): Float {
  const value = once(x)
  // x = 2ᵉ · m, √½ ≤ m < √2.
  const half = once(value.bits().and(0x007fffff).or(0x3f000000).asFloat())
  const low = half.lt(Math.SQRT1_2)
  const e = once(
    value
      .bits()
      .shr(23)
      .sub(126)
      .toFloat()
      .sub(select(low, float(1), float(0))),
  )
  const m = once(half.sub(1).add(select(low, half, float(0))))
  const p = [
    -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1, 2.0000714765e-1,
    -2.4999993993e-1, 3.3333331174e-1,
  ].reduce((sum, coefficient) => sum.mul(m).add(coefficient), float(7.0376836292e-2))
  const square = once(m.square())
  const tail = m.mul(square).mul(p).add(e.mul(-2.1219444e-4)).sub(square.mul(0.5))
  return m.add(tail).add(e.mul(0.693359375)).add(value.sub(value))
}

/** σ(x) = 1/(1 + e⁻ˣ). */
export function sigmoid(x: Float): Float {
  return float(1).div(exp(float(0).sub(x)).add(1))
}

/** `mix` of src/rng.ts: one 32-bit word into another. */
export function mix(word: Int): Int {
  const a = once(word)
  const b = once(a.xor(a.shr(16)).mul(MIX.first))
  const c = once(b.xor(b.shr(15)).mul(MIX.second))
  return c.xor(c.shr(16))
}
/**
 * `dropoutKey` of src/rng.ts for this step, which stands in `dice`. A key and an element's number are added, so the elements before a shard's
 * first row are added to the key; `each` is how many a row of the batch has.
 */
export function dropoutKey(dice: Pointer, stream: Int, each: Int): Int {
  const seed = dice.int(DICE.seed).add(dice.int(DICE.step).mul(MIX.step))
  return once(mix(stream.add(STREAM.dropout).add(mix(seed))).add(dice.int(DICE.row).mul(each)))
}
/**
 * Dropout's factor for the element, or four, whose number is `first` + place: 0, or `rescale`, 1/(1 − p). `threshold` is p · 2³².
 */
export function keepFactor(key: Int, place: Place, { threshold, rescale }: Odds, first: Int | number = 0): Float {
  const number = place.number.add(first)
  const drawn = mix((place.lanes === 4 ? counting(number) : number).add(key))
  return select(once(drawn).reaches(threshold), rescale, float(0))
}
/** What dropout needs of p, as parameters of a kernel. */
export interface Odds {
  threshold: Int
  rescale: Float
}
