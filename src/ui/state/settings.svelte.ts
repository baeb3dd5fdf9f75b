// What a person has set about the page itself (not about a run), kept in localStorage where the browser allows it.
import { LOSS_UNITS, type LossUnit } from '../../words/loss_unit'

export type Theme = 'system' | 'light' | 'dark'
export type EngineChoice = 'auto' | 'gpu' | 'cpu'

const KEY = 'glasshouse.settings'

interface Stored {
  theme: Theme
  shortcuts: boolean
  engine: EngineChoice
  /** What the loss chart shows, where the run allows it. */
  lossUnit: LossUnit
  lastRun: string | null
}

const DEFAULTS: Stored = { theme: 'system', shortcuts: true, engine: 'auto', lossUnit: 'nats', lastRun: null }

function read(): Stored {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}')
    if (typeof kept !== 'object' || kept === null) return DEFAULTS
    const pick = <T>(key: string, allowed: (value: unknown) => value is T, otherwise: T): T => {
      const value: unknown = Reflect.get(kept, key)
      return allowed(value) ? value : otherwise
    }
    return {
      theme: pick('theme', (v): v is Theme => v === 'system' || v === 'light' || v === 'dark', DEFAULTS.theme),
      shortcuts: pick('shortcuts', (v): v is boolean => typeof v === 'boolean', DEFAULTS.shortcuts),
      engine: pick('engine', (v): v is EngineChoice => v === 'auto' || v === 'gpu' || v === 'cpu', DEFAULTS.engine),
      lossUnit: pick('lossUnit', (v): v is LossUnit => LOSS_UNITS.some((unit) => unit === v), DEFAULTS.lossUnit),
      lastRun: pick('lastRun', (v): v is string => typeof v === 'string', DEFAULTS.lastRun),
    }
  } catch {
    return DEFAULTS // storage is refused (a sandboxed frame) or holds something else: the page works without it
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
