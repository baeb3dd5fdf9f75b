// What the peers' packages expect of a browser, on Dawn: the adapter that this project computes on, and the names of its enums.
import { readFileSync } from 'node:fs'
import { create, globals } from 'webgpu'

const gpu = create([])
Object.assign(globalThis, globals)
// Node has a navigator of its own from version 21 on; packages ask it for the adapter and the kind of browser.
Object.defineProperty(globalThis, 'navigator', { value: { gpu, userAgent: 'node', hardwareConcurrency: 1 } })

/** What a backend computes on: the adapter's name, as the bench has it, or the processor. @param {string} backend */
export async function adapterName(backend) {
  if (backend === 'wasm') return 'CPU, WebAssembly'
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' })
  if (!adapter) return 'none'
  const { description, device, vendor, architecture } = adapter.info
  return description || device || [vendor, architecture].filter(Boolean).join(' ')
}

/** The installed version of a peer's package. @param {string} name */
export const versionOf = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version

// Iterator helpers, which browsers have and Node has from version 22 on.
const Iterators = Object.getPrototypeOf(Object.getPrototypeOf([].values()))
Iterators.map ??= /** @param {(value: unknown) => unknown} f */ function* (f) {
  for (const value of this) yield f(value)
}
Iterators.filter ??= /** @param {(value: unknown) => unknown} f */ function* (f) {
  for (const value of this) if (f(value)) yield value
}
