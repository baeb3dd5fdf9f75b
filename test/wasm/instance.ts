// A module of kernels over a memory of its own, without an engine.
import { MEMORY } from '../../src/wasm/assembler'
import { moduleWith, type AnyKernel } from '../../src/wasm/kernel'

export async function instance(kernels: readonly AnyKernel[], pages = 64) {
  const memory = new WebAssembly.Memory({ initial: pages })
  const { instance } = await WebAssembly.instantiate(moduleWith(kernels), {
    [MEMORY.module]: { [MEMORY.name]: memory },
  })
  return {
    memory,
    call: (name: string, ...values: number[]) => (instance.exports[name] as (...values: number[]) => void)(...values),
  }
}
