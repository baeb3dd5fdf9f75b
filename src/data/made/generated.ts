// What generated corpora share: a task, its settings, and how lines are drawn. No line of a text comes twice, so its held-out
// end has nothing but lines that training never saw. Drawn from streams of `Rng`: same settings, same seed, same text.
import type { TaskSetting } from '../../words/corpus'

/** A value for each of a task's settings, by name. */
export type Settings = Readonly<Record<string, number>>

/** `expected`: what would have been right, as the whole of what was checked; null where it asks nothing that can be answered. */
export interface Verdict {
  correct: boolean
  expected: string | null
}

/** A corpus that is made here, whose every answer can be checked exactly. */
export interface Task {
  id: string
  name: string
  /** One sentence: what it is and what a model learns from it. */
  about: string
  settings: readonly TaskSetting[]
  /** The text: lines, each ended by a newline, or documents as `writeDocuments` has them. `settings` as `settle` gives them. */
  generate(settings: Settings, seed: number): string
  /** The beginning of a right line that a model is asked to go on from; null where it asks nothing. What is written is checked with it. */
  ask(line: string): string | null
  /** Whether a line without its newline (of support chats: a conversation), prompt and answer together, is right. */
  check(line: string, settings: Settings): Verdict
}

/** A switch as a setting. */
export const toggle = (name: string, label: string, on: boolean, about: string): TaskSetting => ({
  name,
  label,
  min: 0,
  max: 1,
  step: 1,
  default: Number(on),
  about,
})

/** How many lines a text of lines has. */
export const lineCount = (most: number): TaskSetting => ({
  name: 'lines',
  label: 'Lines',
  min: 1000,
  max: 50_000,
  step: 1000,
  default: most,
  about: 'How many lines to make; fewer where there are not enough different ones.',
})

/** A value for every setting: the one given, brought to a step between min and max; the default where none is. */
export function settle(settings: readonly TaskSetting[], values: Settings = {}): Settings {
  return Object.fromEntries(
    settings.map(({ name, min, max, step, default: usual }) => {
      const value = values[name] ?? usual
      if (!Number.isFinite(value)) return [name, usual]
      // Steps such as 0.1 have no exact double.
      const stepped = Number((min + Math.round((value - min) / step) * step).toFixed(6))
      return [name, Math.min(max, Math.max(min, stepped))]
    }),
  )
}

/** Most of the possible lines that a text may have: finding the last ones by drawing would take for ever. */
const LARGEST_SHARE = 0.75

/** Up to `count` different lines, of which `possible` exist, in the order drawn; each ended by a newline. */
export function distinctLines(count: number, possible: number, draw: () => string): string {
  const wanted = Math.max(1, Math.min(count, Math.floor(possible * LARGEST_SHARE)))
  const lines = new Set<string>()
  while (lines.size < wanted) lines.add(draw())
  return [...lines].join('\n') + '\n'
}
