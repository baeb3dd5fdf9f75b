// What the page's state needs of a browser, for tests in Node, and the first answer of a worker that is none.
import { vi } from 'vitest'
import type { Lab } from '../../src/worker/protocol'

/** A browser without a disk, in light, that has no file beside the page. Modules are loaded afresh, with state of their own. */
export function stubBrowser(): void {
  vi.resetModules()
  vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined })
  vi.stubGlobal('matchMedia', () => ({ matches: false, addEventListener: () => undefined }))
  vi.stubGlobal('document', { documentElement: { dataset: {} } })
  vi.stubGlobal('location', { hash: '' })
  vi.stubGlobal('window', { addEventListener: () => undefined })
  vi.stubGlobal('addEventListener', () => undefined)
  vi.stubGlobal('fetch', async () => ({ ok: false }))
}

/** A CPU engine, and nothing kept. */
export const openEmpty: Lab['open'] = async () => ({
  engine: { kind: 'cpu', name: '', vendor: '', architecture: '', features: [], limits: {} },
  fallback: null,
  runs: [],
  corpora: [],
})
