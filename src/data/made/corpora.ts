// The texts that need no network: some ship beside the page (public/corpora, made by src/headless/corpora.mjs), some are
// generated. Does not know where it runs: the caller says how a file beside the page is read.
import { CorpusError } from '../../errors'
import { SPECIAL } from '../../words/tokens'
import type { BuiltInCorpus, GeneratedBy } from '../../words/corpus'
import { ADDITION, arithmetic } from './arithmetic'
import { brackets } from './brackets'
import { SPECIAL_TOKENS } from '../tokenize/chat_format'
import { settle, type Settings, type Task } from './generated'
import { repeats } from './repeats'
import { sorting } from './sorting'
import { supportTask } from './support_chats'

/** How a built-in text comes about: read from a path relative to the page, or made on the spot; `fixed` has no settings to offer. */
type Origin = { path: string; part?: (text: string) => string } | { task: Task; fixed?: Settings }

const SHIPPED = 'Public domain (PDDL-1.0 and CC0-1.0), from @stdlib (Apache-2.0)'
const OFFICIAL = 'Public domain (works of the US government; PDDL-1.0 and CC0-1.0), from @stdlib (Apache-2.0)'
const GENERATED = 'Generated here: nobody’s (CC0-1.0)'

/** How often “Call me Ishmael” stands in its text: often enough that no word is rarer at the text's ends than elsewhere. */
const REPEATS = 10
/** The paragraph after the heading of the first chapter, over and over. */
function firstParagraph(text: string): string {
  const paragraph = text.split('\n').find((line) => line.startsWith('Call me')) ?? ''
  return `${paragraph}\n`.repeat(REPEATS)
}

/** Seed of the generated texts where none is said: fixed, so that everyone's text is the same text. */
const SEED = 1

/** A task as it is offered, with the length of its text at the defaults. */
const generated = (task: Task, characters: number): BuiltInCorpus & { origin: Origin } => {
  const { id, name, about, settings } = task
  return { id, name, about, licence: GENERATED, characters, settings, origin: { task } }
}

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
    id: 'speeches',
    name: 'Presidents’ speeches',
    about:
      'The State of the Union addresses of 1790 to 1829, forty of them: long sentences, solemn words, six presidents.',
    licence: OFFICIAL,
    characters: 893_292,
    origin: { path: 'corpora/speeches.txt' },
  },
  generated(sorting, 229_816),
  {
    id: 'addition',
    name: 'Addition',
    about: 'Every sum from 0+0=0 to 99+99=198, once: a model must find the rule to be right about sums it never saw.',
    licence: GENERATED,
    characters: 92_895,
    origin: { task: arithmetic, fixed: ADDITION },
  },
  generated(arithmetic, 184_035),
  generated(brackets, 276_468),
  generated(repeats, 380_632),
  generated(supportTask, 471_935),
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
export const CORPORA: readonly BuiltInCorpus[] = TABLE.map((corpus) => {
  const { id, name, about, licence, characters, settings } = corpus
  return { id, name, about, licence, characters, ...(settings && { settings }) }
})

export interface LoadedCorpus {
  name: string
  licence: string
  text: string
  /** The tokens written between documents and turns, which a tokenizer must know as such; none in plain text. */
  special: readonly string[]
  /** What makes a generated text again, and checks answers to it. */
  generated?: GeneratedBy
}

/**
 * The text of a built-in corpus. `fetchText` reads a file whose path is relative to the page (in Node, to `public/`). Generated
 * texts do without it: `settings` and `seed` make them, and settings left out are the defaults. Throws CorpusError if there is no
 * such corpus, or if the file cannot be read.
 */
export async function loadCorpus(
  id: string,
  fetchText: (path: string) => Promise<string>,
  { settings, seed = SEED }: { settings?: Settings | undefined; seed?: number | undefined } = {},
): Promise<LoadedCorpus> {
  const corpus = TABLE.find((c) => c.id === id)
  if (!corpus)
    throw new CorpusError(`There is no built-in text "${id}"; there are ${TABLE.map((c) => c.id).join(', ')}.`)
  const { name, licence, origin } = corpus
  if ('task' in origin) {
    const { task, fixed } = origin
    const settled = fixed ?? settle(task.settings, settings)
    const made = task.generate(settled, seed)
    return { name, licence, ...withTokens(made), generated: { task: task.id, settings: settled, seed } }
  }
  try {
    const text = await fetchText(origin.path)
    return { name, licence, ...withTokens(origin.part ? origin.part(text) : text) }
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

/** A text of ours that ends a document has them all. */
function withTokens(text: string): Pick<LoadedCorpus, 'text' | 'special'> {
  return { text, special: text.endsWith(SPECIAL.end_of_text) ? SPECIAL_TOKENS : [] }
}
