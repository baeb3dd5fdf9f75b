// The training step that is taken apart: which model's, with which kernels, and which piece of it is looked at. Kept while other views are
// shown, since measuring takes seconds.
import { Asked } from './asked.svelte'
import { look } from './look.svelte'

class KernelState {
  readonly xray = new Asked('xray')
  readonly verify = new Asked('verify')
  /** Kernels by class that somebody chose instead. */
  variants = $state.raw<Readonly<Record<string, string>>>({})
  /** The piece in focus; null until somebody chooses. */
  at = $state<number | null>(null)
  /** Milliseconds of the step before a kernel was changed. */
  before = $state<number | null>(null)

  /** Measures the step of the model that is shown, where that has not been done. */
  measure(again = false): void {
    const { info, slot } = look
    if (!info) return
    const key = JSON.stringify([info.config, this.variants])
    void this.xray.ask({ slot, variants: this.variants }, key, again)
  }

  /** Takes another kernel for a class of calls, and measures again. */
  take(key: string, variant: string): void {
    this.before = this.xray.value?.step_ms ?? null
    this.variants = { ...this.variants, [key]: variant }
    this.measure()
  }
}

export const kernels = new KernelState()
