// How far two arrays lie apart, as the tests of kernels, gradients and models measure it.

export interface Distance {
  name: string
  norm: number
  element: number
}

/** How far `got` lies from `want`, in units of `scale`; NaN where anything is not a number. */
export function distance(name: string, got: Float64Array, want: Float64Array, scale = want): Distance {
  let [difference, worst, size, largest] = [0, 0, 0, 0]
  for (let i = 0; i < want.length; i++) {
    const delta = Math.abs(got[i]! - want[i]!)
    difference += delta * delta
    worst = delta > worst || Number.isNaN(delta) ? delta : worst
    size += scale[i]! ** 2
    largest = Math.max(largest, Math.abs(scale[i]!))
  }
  // Where nothing but zeros is wanted the distance is absolute.
  return { name, norm: Math.sqrt(difference) / (Math.sqrt(size) || 1), element: worst / (largest || 1) }
}
