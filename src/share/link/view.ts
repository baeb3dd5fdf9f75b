// How a link wants the page shown. Entries that this page does not know are skipped and named: a later page may know more.
import * as v from 'valibot'
import { LinkError } from '../../errors'
import { GatesSchema } from '../../storage/schema'
import { HOLDS, LINK_CONTROLS, type LinkView } from '../../words/link'
import { count, text } from '../../words/schema'

const MOST_TEXT = 2_000
/** Sets of gates, and gates in one: a layer has four sets, and a set at most a gate for each neuron. */
const MOST_SETS = 512
const MOST_GATES = 65_536
/** As in the page, where a gate turns its part down. */
const GATE = { lowest: 0, highest: 1 }

const word = v.pipe(text, v.maxLength(64))
const SlotSchema = v.variant('of', [
  v.object({ of: v.literal('model') }),
  v.object({ of: v.literal('shipped'), step: count }),
])
const ViewSchema = v.object({
  stage: word,
  panel: v.nullable(word),
  text: v.nullable(v.pipe(text, v.maxLength(MOST_TEXT))),
  only: v.nullable(v.pipe(v.array(word), v.maxLength(16))),
  slots: v.optional(
    v.object({ A: SlotSchema, B: v.nullable(SlotSchema), shows: v.picklist(['A', 'B', 'difference']) }),
  ),
  gates: v.optional(
    v.pipe(
      GatesSchema,
      v.check((gates) => Object.keys(gates).length <= MOST_SETS),
      v.check((gates) => Object.values(gates).every(({ length }) => length <= MOST_GATES)),
    ),
  ),
  controls: v.optional(
    v.object(Object.fromEntries(LINK_CONTROLS.map((name) => [name, v.optional(v.picklist(HOLDS))]))),
  ),
})

const clamped = (gate: number) => Math.min(GATE.highest, Math.max(GATE.lowest, gate))

/** A view as it stands in a link. */
export function viewToJson(view: LinkView): object {
  return { ...view, text: view.text?.slice(0, MOST_TEXT) ?? null }
}

/** Throws LinkError where it is no view. `unknown`: what was skipped, as `view.lesson`. */
export function viewFromJson(value: unknown): { view: LinkView; unknown: string[] } {
  const { success, output, issues } = v.safeParse(ViewSchema, value)
  if (!success) throw new LinkError(`The link’s view is wrong at ${v.getDotPath(issues[0]) ?? 'its beginning'}.`)
  const { gates, ...others } = output
  const view: LinkView = {
    ...others,
    ...(gates && { gates: Object.fromEntries(Object.entries(gates).map(([set, all]) => [set, all.map(clamped)])) }),
  }
  const { slots, controls } = value as Record<string, unknown>
  const unknown = [
    ...skipped('view', value, ViewSchema.entries),
    ...skipped('view.slots', slots, ViewSchema.entries.slots.wrapped.entries),
    ...skipped('view.controls', controls, ViewSchema.entries.controls.wrapped.entries),
  ]
  return { view, unknown: unknown.slice(0, MOST_NAMED) }
}

/** Names of what was skipped, at most; a name that no page would give is told without its letters. */
const MOST_NAMED = 16
const NAME = /^[a-z][a-z0-9_]{0,23}$/i
const skipped = (at: string, value: unknown, entries: object) => [
  ...new Set(
    Object.keys(value ?? {})
      .filter((name) => !Object.hasOwn(entries, name))
      .map((name) => `${at}.${NAME.test(name) ? name : '?'}`),
  ),
]
