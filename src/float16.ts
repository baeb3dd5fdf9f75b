// IEEE 754 binary16 as 16 bits: 1 sign, 5 exponent, 10 fraction bits. What keyframes and shared weights are rounded to.

/** The largest finite number; from 65,520 on, what is rounded becomes infinite. */
export const LARGEST_FLOAT16 = 65_504

const single = new Float32Array(1)
const singleBits = new Uint32Array(single.buffer)

/**
 * The nearest binary16, ties to even. The error is at most 2⁻¹¹ of the number, or 2⁻²⁵ where that is more; beyond 65,504 it is
 * infinite.
 */
export function toFloat16(x: number): number {
  single[0] = x
  const bits = singleBits[0]!
  const sign = (bits >>> 16) & 0x8000
  const magnitude = bits & 0x7fffffff
  if (magnitude > 0x7f800000) return sign | 0x7e00 // NaN
  if (magnitude >= 0x477ff000) return sign | 0x7c00 // 65,520 and more
  // Below 2⁻¹⁴ the steps are 2⁻²⁴ wide throughout; adding ½ leaves just those bits of the fraction.
  if (magnitude < 0x38800000) {
    single[0] = Math.abs(single[0]) + 0.5
    return sign | (singleBits[0]! - 0x3f000000)
  }
  const odd = (magnitude >>> 13) & 1
  return sign | ((magnitude - 0x38000000 + 0xfff + odd) >>> 13)
}

/** The number that 16 bits stand for. */
export function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}
