// Logarithms of probabilities and what is asked of them: sums in double precision, rows of V logits.

/** log Σ exp of a row, in nats. */
export function logSumExp(row: ArrayLike<number>): number {
  let most = -Infinity
  for (let i = 0; i < row.length; i++) if (row[i]! > most) most = row[i]!
  let sum = 0
  for (let i = 0; i < row.length; i++) sum += Math.exp(row[i]! - most)
  return most + Math.log(sum)
}

/** Entropy of softmax(row), in nats. */
export function entropy(row: ArrayLike<number>): number {
  const all = logSumExp(row)
  let sum = 0
  for (let i = 0; i < row.length; i++) {
    const log = row[i]! - all
    const share = Math.exp(log)
    if (share > 0) sum -= share * log
  }
  return sum
}

/** KL(softmax(a) ‖ softmax(b)) of two rows, in nats: what it costs to expect b where a is true. */
export function divergence(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [allA, allB] = [logSumExp(a), logSumExp(b)]
  let sum = 0
  for (let i = 0; i < a.length; i++) {
    const log = a[i]! - allA
    const share = Math.exp(log)
    if (share > 0) sum += share * (log - (b[i]! - allB))
  }
  return Math.max(0, sum)
}

/** The `k` largest of a row, largest first: where they stand. Of equal ones the first comes first. */
export function topOf(row: ArrayLike<number>, k: number): number[] {
  const top: number[] = []
  for (let i = 0; i < row.length; i++) {
    if (top.length === k && row[i]! <= row[top[k - 1]!]!) continue
    let at = top.length
    while (at > 0 && row[top[at - 1]!]! < row[i]!) at--
    top.splice(at, 0, i)
    if (top.length > k) top.pop()
  }
  return top
}

/** How many of a row are larger than the one at `index`: 0 where none is. */
export function rankOf(row: ArrayLike<number>, index: number): number {
  let larger = 0
  for (let i = 0; i < row.length; i++) if (row[i]! > row[index]!) larger++
  return larger
}

/** Σ a·b over two stretches of `length`, from `i` and `j` on. */
export function dot(a: ArrayLike<number>, i: number, b: ArrayLike<number>, j: number, length: number): number {
  let sum = 0
  for (let n = 0; n < length; n++) sum += a[i + n]! * b[j + n]!
  return sum
}

/** Arrays one after the other. */
export function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
