// A curve that somebody shared, beside which a run trains here; and whether the run came out the same. Lasts as long as the tab.
import * as v from 'valibot'
import type { Config } from '../../config/config'
import type { LinkCard, LinkCurve, LinkSettings } from '../../words/link'
import { ConfigSchema, count, text } from '../../words/schema'
import { lab } from './lab.svelte'

export interface Ghost {
  name: string
  curve: LinkCurve
  card: LinkCard | null
  /** What the ghost was trained with; null where the link does not say. */
  made: { config: Config; fingerprint: string } | null
}

const KEY = 'glasshouse.race'
const finite = v.pipe(v.number(), v.finite())
const points = v.object({ step: v.array(count), loss: v.array(finite) })
const GhostSchema = v.object({
  name: text,
  curve: v.object({ train: points, validation: points }),
  card: v.nullable(
    v.object({
      step: count,
      params: count,
      val_loss: v.nullable(finite),
      bits_per_byte: v.nullable(finite),
      device: v.optional(text),
      sha256: v.optional(text),
    }),
  ),
  made: v.nullable(v.object({ config: ConfigSchema, fingerprint: text })),
})

function remembered(): Ghost | null {
  try {
    const { success, output } = v.safeParse(GhostSchema, JSON.parse(sessionStorage.getItem(KEY) ?? 'null'))
    return success ? output : null
  } catch {
    return null // The browser keeps nothing for this page: a reload forgets the ghost.
  }
}

class Race {
  ghost = $state.raw<Ghost | null>(remembered())

  set(ghost: Ghost | null) {
    this.ghost = ghost
    try {
      if (ghost) sessionStorage.setItem(KEY, JSON.stringify(ghost))
      else sessionStorage.removeItem(KEY)
    } catch {
      // It lives until the page is loaded again.
    }
  }

  /** From what was read of a link; null where it has no curve. */
  static of(curve: LinkCurve | null, card: LinkCard | null, settings: LinkSettings | null): Ghost | null {
    if (!curve) return null
    const made = settings && { config: settings.config, fingerprint: settings.corpus.fingerprint }
    return { name: settings?.name ?? '', curve, card, made }
  }

  /** The open run is trained as the ghost was: same settings, same seed, same text. */
  isSame = $derived.by(() => {
    const made = this.ghost?.made
    const { run } = lab
    if (!made || !run || run.corpus.fingerprint !== made.fingerprint) return false
    return Object.entries(made.config).every(([name, value]) => Reflect.get(run.config, name) === value)
  })
}

export const race = new Race()
export const ghostOf = Race.of
