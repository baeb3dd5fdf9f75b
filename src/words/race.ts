// How fast two engines of one device computed the same product of size × size numbers: milliseconds of the fastest run of each.
export interface Race {
  size: number
  gpu_ms: number
  processor_ms: number
}

/** The comparison in words. */
export function raceInWords({ size, gpu_ms, processor_ms }: Race, adapter: string): string {
  const ms = (value: number) => `${value.toPrecision(2)} ms`
  return `For the same product of ${size} × ${size} numbers ${adapter} takes ${ms(gpu_ms)}, WebAssembly ${ms(processor_ms)}.`
}
