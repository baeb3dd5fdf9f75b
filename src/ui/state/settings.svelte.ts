// What a person has set about the page itself (not about a run), kept in localStorage where the browser allows it.
import * as v from 'valibot'
import { SettingsSchema } from '../../words/schema'

type Stored = v.InferOutput<typeof SettingsSchema>
export type Theme = Stored['theme']

const KEY = 'glasshouse.settings'
/** In sessionStorage, which a reload keeps and no other tab reads. */
const OWN_RUN = 'glasshouse.run'

/** What all tabs share; null where storage is refused (a sandboxed frame) or holds something else: the page works without it. */
function read(): Stored | null {
  try {
    return v.parse(SettingsSchema, JSON.parse(localStorage.getItem(KEY) ?? '{}'))
  } catch {
    return null
  }
}

/** The run that this tab had open before it was reloaded, null for none; undefined for a new tab. */
function readOwnRun(): string | null | undefined {
  try {
    return v.parse(v.undefinedable(v.nullable(v.string())), JSON.parse(sessionStorage.getItem(OWN_RUN) ?? '') ?? null)
  } catch {
    return undefined
  }
}

class Settings {
  #kept = $state.raw<Stored>(read() ?? v.parse(SettingsSchema, {}))
  #ownRun = readOwnRun()
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
  get keyframeBytes() {
    return this.#kept.keyframeBytes
  }
  get baseline() {
    return this.#kept.baseline
  }
  get spaceBudget() {
    return this.#kept.spaceBudget
  }
  get lossUnit() {
    return this.#kept.lossUnit
  }
  /** The run that was open last: in this tab, or, for a new tab, in any. */
  get lastRun() {
    return this.#ownRun === undefined ? this.#kept.lastRun : this.#ownRun
  }
  /** Whether it was this tab that had it open. */
  get isLastRunOwn() {
    return this.#ownRun !== undefined
  }
  /** The theme that is painted now; canvases redraw when it changes. */
  get painted(): 'light' | 'dark' {
    return this.theme === 'system' ? (this.#systemDark ? 'dark' : 'light') : this.theme
  }

  /** Remembers the run that this tab has open, or that it has none. A new tab opens the one that was opened last in any. */
  setRun(run: string | null) {
    const left = this.#ownRun
    this.#ownRun = run
    try {
      sessionStorage.setItem(OWN_RUN, JSON.stringify(run))
    } catch {
      // A reload opens what any tab had open last.
    }
    const shared = read()?.lastRun
    if (run !== null || left === undefined || shared === left) this.set({ lastRun: run })
  }

  set(change: Partial<Stored>) {
    // Another tab may have set something meanwhile.
    this.#kept = { ...this.#kept, ...read(), ...change }
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
