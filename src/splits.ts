// Into how many parts the long sums of matrix products and norms are cut, and the scratch memory that these take. The numbers depend on the sizes
// alone, since the order of summing makes the bits. A matrix with few tiles cannot keep a device busy otherwise.

/** The most parts of a sum over K for a matrix [R, M], where each is to have `least` of K or more. */
function partsOf(R: number, K: number, M: number, least: number): number {
  const tiles = Math.ceil(R / 64) * Math.ceil(M / 64)
  const wanted = Math.min(16, Math.floor(1024 / tiles), Math.floor(K / least))
  return wanted > 1 ? Math.ceil(K / partOf(K, wanted)) : 1
}
/** The parts of a weight's gradient [R, M], summed over K rows. */
export function splits(R: number, K: number, M: number): number {
  return partsOf(R, K, M, 256)
}
/** The parts of dx [R, M], summed over the K outputs of a layer: only a head with thousands of words has a sum so long. */
export function splitsOfLong(R: number, K: number, M: number): number {
  return partsOf(R, K, M, 2048)
}
/** Elements of a linear layer's `partials`, x [N, K], out [N, M]; 0 where it needs none. */
export function partialsOf(N: number, K: number, M: number, transposed: boolean): number {
  const weight = transposed ? splits(M, N, K) : splits(K, N, M)
  const x = splitsOfLong(N, M, K)
  return Math.max(weight > 1 ? weight * K * M : 0, x > 1 ? x * N * K : 0)
}
/** The length of each part, a multiple of 32 as every variant needs; the last part may be shorter. */
export function partOf(K: number, parts: number): number {
  return Math.ceil(K / parts / 32) * 32
}

/**
 * The number of stretches into which a norm's backward cuts N rows to sum the gradients of weight and bias. Each has at least 16 rows, so
 * that the partial sums are small beside the rows. There are at most 512, enough for the widest GPU and soon added up.
 */
export function normPartials(N: number): number {
  return Math.ceil(N / Math.max(16, Math.ceil(N / 512)))
}
