// The dataset card as text to take away: JSON with everything but one's own list of words, Markdown for people.
import type { CorpusInfo } from '../../words/corpus'
import { shareableCorpus } from '../../words/shareable'
import { integer, percent } from '../format'
import { card as say, recipe } from '../data/messages_recipe'
import { languageName } from './regions'

/** How much was found and went through, of all kinds. */
export function personalSums({ personal }: Pick<NonNullable<CorpusInfo['card']>, 'personal'>) {
  const sum = (of: 'found' | 'went_through') => personal?.kinds.reduce((all, kind) => all + kind[of], 0) ?? 0
  return { found: sum('found'), went_through: sum('went_through') }
}

export function cardJson(corpus: CorpusInfo): string {
  return `${JSON.stringify(shareableCorpus(corpus), null, 2)}\n`
}

export function cardMarkdown(corpus: CorpusInfo): string {
  const { card } = corpus
  const rows: [string, string][] = [
    [say.characters, integer(corpus.characters)],
    ...(card ? cardRows(card) : []),
    [say.split, say.splitOf(corpus.split)],
    [say.licence, corpus.licence],
    [say.fingerprint, corpus.fingerprint],
  ]
  const body = rows.map(([name, value]) => `| ${cell(name)} | ${cell(value)} |`)
  return [`# ${line(corpus.name)}`, '', '| | |', '|---|---|', ...body, ''].join('\n')
}

function cardRows(card: NonNullable<CorpusInfo['card']>): [string, string][] {
  const sums = personalSums(card)
  return [
    [say.words, integer(card.words)],
    [say.lines, integer(card.lines)],
    [say.longest, integer(card.longest_line)],
    ...(card.documents > 0
      ? ([
          [say.documents, integer(card.documents)],
          [say.conversations, integer(card.conversations)],
          [say.turns, integer(card.turns)],
        ] satisfies [string, string][])
      : []),
    [say.alphabet, integer(card.alphabet.size)],
    [say.duplicates, percent(card.duplicate_share)],
    [say.language, card.language === null ? say.unknown : languageName(card.language)],
    [
      say.recipe,
      card.recipe.map(({ step, count }) => say.step(recipe.steps[step.kind].name, count)).join('; ') || say.none,
    ],
    [
      say.personal,
      card.personal ? say.personalOf(sums.found, sums.went_through, card.personal.dropped_lines) : say.notLooked,
    ],
    ...(card.generated
      ? ([
          [say.generated, say.generatedBy(card.generated.task, card.generated.settings, card.generated.seed)],
        ] satisfies [string, string][])
      : []),
  ]
}

const line = (text: string) => text.replace(/\s+/g, ' ')
/** Text from outside must not end a cell. */
const cell = (text: string) => line(text).replaceAll('\\', '\\\\').replaceAll('|', '\\|')
