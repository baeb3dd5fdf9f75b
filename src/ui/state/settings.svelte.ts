// What a person has set about the page itself (not about a run), kept in localStorage where the browser allows it.
import * as v from 'valibot'
import { SettingsSchema } from '../../words/schema'

type Stored = v.InferOutput<typeof SettingsSchema>
export type Theme = Stored['theme']

const KEY = 'glasshouse.settings'

function read(): Stored {
  try {
    return v.parse(SettingsSchema, JSON.parse(localStorage.getItem(KEY) ?? '{}'))
  } catch {
    // Storage is refused (a sandboxed frame) or holds something else: the page works without it.
    return v.parse(SettingsSchema, {})
  }
}

class Settings {
  #kept = $state.raw<Stored>(read())
  #systemDark = $state(false)

  constructor() {
    const query = matchMedia('(prefers-color-scheme: dark)')
    this.#systemDark = query.matches
    query.addEventListener('change', () => {
      this.#systemDark = query.matches
      this.#paint()
    })
  }

  get theme() {
    return this.#kept.theme
  }
  get shortcuts() {
    return this.#kept.shortcuts
  }
  get engine() {
    return this.#kept.engine
  }
  get lossUnit() {
    return this.#kept.lossUnit
  }
  get lastRun() {
    return this.#kept.lastRun
  }
  /** The theme that is painted now; canvases redraw when it changes. */
  get painted(): 'light' | 'dark' {
    return this.theme === 'system' ? (this.#systemDark ? 'dark' : 'light') : this.theme
  }

  set(change: Partial<Stored>) {
    this.#kept = { ...this.#kept, ...change }
    try {
      localStorage.setItem(KEY, JSON.stringify(this.#kept))
    } catch {
      // Not kept beyond this tab; nothing else depends on it.
    }
    this.#paint()
  }

  #paint() {
    document.documentElement.dataset['theme'] = this.painted
  }
}

export const settings = new Settings()
