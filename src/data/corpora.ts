// The texts that need no network: two that ship beside the page (public/corpora, made by src/headless/corpora.mjs), two that
// are generated. Does not know where it runs: the caller says how a file beside the page is read.
import { CorpusError } from '../errors'
import type { BuiltInCorpus } from '../run'
import { additionLines, sortLines } from './tasks'

/** How a built-in text comes about: read from a path relative to the page, or made on the spot. */
type Origin = { path: string; part?: (text: string) => string } | { generate: () => string }

const SHIPPED = 'Public domain (PDDL-1.0 and CC0-1.0), from @stdlib (Apache-2.0)'
const GENERATED = 'Generated here: nobody’s (CC0-1.0)'

/** How often “Call me Ishmael” stands in its text: often enough that no word is rarer at the text's ends than elsewhere. */
const REPEATS = 10
/** The paragraph after the heading of the first chapter, over and over. */
function firstParagraph(text: string): string {
  const paragraph = text.split('\n').find((line) => line.startsWith('Call me')) ?? ''
  return `${paragraph}\n`.repeat(REPEATS)
}

/** Seeds of the generated texts: fixed, so that everyone's text is the same text. */
const SORT_SEED = 1
const ADDITION_SEED = 1

const TABLE: readonly (BuiltInCorpus & { origin: Origin })[] = [
  {
    id: 'moby-dick',
    name: 'Moby Dick',
    about: 'Melville’s novel of 1851: a model learns spelling first, then words, then the rhythm of the sea.',
    licence: SHIPPED,
    characters: 1_191_160,
    origin: { path: 'corpora/moby-dick.txt' },
  },
  {
    id: 'first-names',
    name: 'First names',
    about: 'English first names, one a line: a model learns to invent names that nobody has yet.',
    licence: SHIPPED,
    characters: 59_167,
    origin: { path: 'corpora/first-names.txt' },
  },
  {
    id: 'sort-letters',
    name: 'Sort letters',
    about: 'Lines such as “dbca>abcd”: a model learns to put letters in order, and every answer can be checked.',
    licence: GENERATED,
    characters: 229_816,
    origin: { generate: () => sortLines(SORT_SEED) },
  },
  {
    id: 'addition',
    name: 'Addition',
    about: 'Every sum from 0+0=0 to 99+99=198, once: a model must find the rule to be right about sums it never saw.',
    licence: GENERATED,
    characters: 92_895,
    origin: { generate: () => additionLines(ADDITION_SEED) },
  },
  {
    id: 'call-me-ishmael',
    name: 'Call me Ishmael',
    about: 'The first paragraph of Moby Dick, ten times over: so little that a model can learn it by heart.',
    licence: SHIPPED,
    characters: 11_080,
    origin: { path: 'corpora/moby-dick.txt', part: firstParagraph },
  },
]

/** Every built-in text, in the order in which they are offered. */
export const CORPORA: readonly BuiltInCorpus[] = TABLE.map(({ id, name, about, licence, characters }) => ({
  id,
  name,
  about,
  licence,
  characters,
}))

/**
 * The text of a built-in corpus. `fetchText` reads a file whose path is relative to the page (in Node, to `public/`); generated
 * texts do without it. Throws CorpusError if there is no such corpus, or if the file cannot be read.
 */
export async function loadCorpus(
  id: string,
  fetchText: (path: string) => Promise<string>,
): Promise<{ name: string; text: string; licence: string }> {
  const corpus = TABLE.find((c) => c.id === id)
  if (!corpus)
    throw new CorpusError(`There is no built-in text "${id}"; there are ${TABLE.map((c) => c.id).join(', ')}.`)
  const { name, licence, origin } = corpus
  if ('generate' in origin) return { name, licence, text: origin.generate() }
  try {
    const text = await fetchText(origin.path)
    return { name, licence, text: origin.part ? origin.part(text) : text }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new CorpusError(
      `"${name}" could not be read from ${origin.path} (${why}). Reload the page, or paste a text.`,
      {
        cause,
      },
    )
  }
}
