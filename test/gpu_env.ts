// WebGPU for tests in Node: Dawn on the driver of vulkan.mjs. No adapter is a failure with a remedy, never a skipped test.
import { dawn } from '../src/headless/dawn'
import { HOW_TO_GET_AN_ADAPTER, lavapipe } from './vulkan.mjs'

Object.assign(process.env, lavapipe())

let checked: Promise<GPU> | null = null

/** What `navigator.gpu` is in a browser. Throws, with what to install, where there is no adapter. */
export function gpu(): Promise<GPU> {
  checked ??= dawn()
    .requestAdapter()
    .then((adapter) => {
      if (!adapter) throw new Error(`No WebGPU adapter. ${HOW_TO_GET_AN_ADAPTER}`)
      return dawn()
    })
  return checked
}
