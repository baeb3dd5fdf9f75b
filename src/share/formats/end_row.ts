// The token that ends a text, which llama.cpp wants of every model. A tokenizer of characters has none, and adding one must not change
// what the others are worth. The head's row e of an added token keeps x·e far below log Σ exp(logits) for every x that the head reads: the
// least Σ max(0, x·e − limit)², by Newton steps over the rows that are above their limit (Mangasarian 2002). Where no row does, the
// rarest character has to end the text.

/** How far below the logarithm of the sum the token's logit must lie on every x: a chance of 6e-6 at most. */
const BELOW = 12
/** What is aimed at. */
const AIM = 30
const STEPS = 40

/** The head's row of a token that is added, or the id of one that is there. */
export type EndToken = { row: Float32Array } | { id: number }

/**
 * `rows` [N, C] is what the head reads on `tokens`, which are text like the model's own, with N well above C; `head` [V, C].
 */
export function endToken(
  { rows, tokens }: { rows: Float32Array; tokens: ArrayLike<number> },
  head: Float32Array,
  C: number,
): EndToken {
  const row = unlikely(rows, head, C)
  if (row) return { row }
  const counts = new Float64Array(head.length / C)
  for (const id of Array.from(tokens)) counts[id]!++
  let rarest = 0
  for (let id = 1; id < counts.length; id++) if (counts[id]! <= counts[rarest]!) rarest = id
  return { id: rarest }
}

/** A row of the head whose token is never likely; null where there is none. */
function unlikely(hidden: Float32Array, head: Float32Array, C: number): Float32Array | null {
  const limits = logSums(hidden, head, C).map((sum) => sum - AIM)
  let row: Float32Array = new Float32Array(C)
  for (let step = 0; step < STEPS; step++) {
    const above: number[] = []
    let highest = -Infinity
    for (let n = 0; n < limits.length; n++) {
      const over = dot(hidden, n * C, row, 0, C) - limits[n]!
      highest = Math.max(highest, over)
      if (over > 0) above.push(n)
    }
    if (highest <= AIM - BELOW) return row
    row = leastSquares(hidden, limits, above, C)
  }
  return null
}

function dot(a: Float32Array | Float64Array, from: number, b: Float32Array, at: number, C: number): number {
  let sum = 0
  for (let i = 0; i < C; i++) sum += a[from + i]! * b[at + i]!
  return sum
}

/** log Σ exp of the logits of each row. */
function logSums(hidden: Float32Array, head: Float32Array, C: number): Float64Array {
  return Float64Array.from({ length: hidden.length / C }, (_, n) => {
    const logits = Float64Array.from({ length: head.length / C }, (_, v) => dot(hidden, n * C, head, v * C, C))
    const largest = logits.reduce((a, b) => Math.max(a, b), -Infinity)
    return largest + Math.log(logits.reduce((sum, x) => sum + Math.exp(x - largest), 0))
  })
}

/** The e of least Σ (x·e − limit)² over these rows, and a little of |e|². */
function leastSquares(hidden: Float32Array, limits: Float64Array, rows: readonly number[], C: number): Float32Array {
  const a = new Float64Array(C * C)
  const b = new Float64Array(C)
  for (const n of rows)
    for (let i = 0; i < C; i++) {
      const x = hidden[n * C + i]!
      b[i]! += x * limits[n]!
      for (let j = 0; j <= i; j++) a[i * C + j]! += x * hidden[n * C + j]!
    }
  let trace = 0
  for (let i = 0; i < C; i++) trace += a[i * C + i]!
  for (let i = 0; i < C; i++) a[i * C + i]! += (1e-5 * trace) / C + 1e-12
  // Cholesky: a = L·Lᵀ.
  for (let i = 0; i < C; i++)
    for (let j = 0; j <= i; j++) {
      let sum = a[i * C + j]!
      for (let k = 0; k < j; k++) sum -= a[i * C + k]! * a[j * C + k]!
      a[i * C + j] = i === j ? Math.sqrt(sum) : sum / a[j * C + j]!
    }
  for (let i = 0; i < C; i++) {
    for (let k = 0; k < i; k++) b[i]! -= a[i * C + k]! * b[k]!
    b[i]! /= a[i * C + i]!
  }
  for (let i = C - 1; i >= 0; i--) {
    for (let k = i + 1; k < C; k++) b[i]! -= a[k * C + i]! * b[k]!
    b[i]! /= a[i * C + i]!
  }
  return Float32Array.from(b)
}
