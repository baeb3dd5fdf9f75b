// The version of a data set: what was done to a text before a model saw it, as eight digits. Runs on a text of one name with another
// version had it prepared in another way.
import type { CorpusInfo } from '../../words/corpus'

/**
 * A hash (FNV-1a, 32 bits) of the recipe: cleaning steps in order, how it was made anonymous, what is held out, what it was generated from.
 * One's own words to be anonymised are no part of it, since a short hash of them could be guessed. `''`: nothing was done. Null: not known.
 */
export function dataVersion({ card, split }: Pick<CorpusInfo, 'card' | 'split'>): string | null {
  if (!card) return null
  const { own, ...anonymise } = card.anonymise ?? { own: [] }
  const isPlain = card.recipe.length === 0 && !card.anonymise && !card.generated
  if (isPlain && (split?.by ?? 'position') === 'position') return ''
  const done = {
    steps: card.recipe.map(({ step }) => step),
    anonymise: card.anonymise ? { ...anonymise, own: own.length } : null,
    split: split ?? { by: 'position' },
    generated: card.generated ?? null,
  }
  let hash = 0x811c9dc5
  for (const unit of new TextEncoder().encode(canonical(done))) hash = Math.imul(hash ^ unit, 0x01000193)
  return (hash >>> 0).toString(16).padStart(8, '0')
}

/** JSON with the names of each object in order, so that equal values are equal texts. */
function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([name, part]) => `${JSON.stringify(name)}:${canonical(part)}`).join(',')}}`
}
