// What the page's state needs of a browser, for tests in Node: the real worker behind a message channel, or one that answers what
// a test says.
import { onTestFinished, vi } from 'vitest'
import type { Lab } from '../../src/worker/protocol'
import { closeThreads, stubWorker } from '../worker/thread_env'

/**
 * A browser in light, that has no file beside the page. `kept` is what its localStorage holds, `own` its sessionStorage. Modules are
 * loaded afresh, with state of their own.
 */
export function stubBrowser(kept = new Map<string, string>(), own = new Map<string, string>()): void {
  vi.resetModules()
  const storage = (held: Map<string, string>) => ({
    getItem: (key: string) => held.get(key) ?? null,
    setItem: (key: string, value: string) => held.set(key, value),
  })
  vi.stubGlobal('localStorage', storage(kept))
  vi.stubGlobal('sessionStorage', storage(own))
  vi.stubGlobal('matchMedia', () => ({ matches: false, addEventListener: () => undefined }))
  vi.stubGlobal('document', { baseURI: 'https://example.org/', documentElement: { dataset: {} } })
  vi.stubGlobal('navigator', {})
  vi.stubGlobal('location', { hash: '' })
  vi.stubGlobal('window', { addEventListener: () => undefined })
  vi.stubGlobal('addEventListener', () => undefined)
  vi.stubGlobal('fetch', async () => ({ ok: false }))
  stubWorker()
  onTestFinished(() => {
    closeThreads()
    vi.unstubAllGlobals()
  })
}

type Answers = { [G in keyof Lab]?: Lab[G] extends (...args: never[]) => unknown ? Lab[G] : Partial<Lab[G]> }

/** A worker that answers what a test says; every other call is refused by its name. */
export function answering(answers: Answers): Lab {
  const refusing = <T extends object>(known: T, path: string): T =>
    new Proxy(known, {
      get: (_, name) => {
        const answer: unknown = Reflect.get(known, name)
        if (typeof answer === 'function' || typeof name === 'symbol' || name === 'then') return answer
        if (path === '' && typeof answer === 'object' && answer !== null) return refusing(answer, `${name}.`)
        return () => Promise.reject(new Error(`no test said what ${path}${name} answers`))
      },
    })
  return refusing(answers, '') as Lab
}
