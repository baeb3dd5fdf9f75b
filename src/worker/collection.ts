// What a person gave, read as documents: kept with its files, so that it can be read in another way without being asked for again.
import type { CollectedSummary, Loading, ReadAs, TablePreview } from '../words/collecting'
import { collect, previewOf, textOf, withColumns, type Collected, type Dropped } from '../data/collect/collect'
import { CorpusError } from '../errors'
import type { Job } from './desk'

/** Parts, refusals and speakers that the page is told of: nobody reads five thousand. */
const MOST_LISTED = 200
/** Of a table: rows, and characters of a cell. */
const ROWS = 20
const CELL = 120

export interface Collection {
  name: string
  files: readonly Dropped[]
  as: ReadAs
  /** Who of a chat is made the assistant; whoever the format takes where it is null. */
  assistant: string | null
  found: Collected
}

/** Reads files. Throws CorpusError where nothing can be read. */
export async function readFiles(
  files: readonly Dropped[],
  { as, assistant }: Pick<Collection, 'as' | 'assistant'>,
  job: Job<Loading>,
): Promise<Collection> {
  const onProgress = (at: { name: string; done: number; total: number }) => job.tell({ phase: 'read', ...at })
  const found = await collect(files, { as, assistant: assistant ?? undefined, signal: job.signal, onProgress })
  return { name: nameOf(files), files, as, assistant, found }
}

/** The same with other columns of one of its tables. Throws CorpusError: no such table, no such column. */
export function rechoose(collection: Collection, part: string, columns: readonly string[]): Collection {
  tableOf(collection, part)
  const { found } = collection
  const parts = found.parts.map((one) => (one.name === part ? withColumns(one, columns) : one))
  return { ...collection, found: { ...found, parts } }
}

/** The first rows of one of its tables. Throws CorpusError where there is no such table. */
export function tableOf({ found }: Collection, part: string): TablePreview {
  const preview = found.parts.flatMap((one) => (one.name === part ? (previewOf(one, ROWS, CELL) ?? []) : []))[0]
  if (!preview) throw new CorpusError(`${part} is no table in this text.`)
  return preview
}

/** Its text, with the tokens that stand between documents, under a licence. */
export function sourceOf(collection: Collection, licence: string) {
  const { name, found } = collection
  const collected = describeCollection(collection)
  return { name, licence, ...textOf(found.parts), notices: found.notices, collection, collected }
}

function describeCollection({ as, assistant, found }: Collection): CollectedSummary {
  const { parts, refused, hidden } = found
  return {
    as,
    assistant,
    speakers: [...new Set(parts.flatMap(({ speakers }) => speakers))].slice(0, MOST_LISTED),
    parts: parts.slice(0, MOST_LISTED).map(({ name, kind, documents, characters, table }) => ({
      name,
      kind,
      documents: documents.length,
      characters,
      columns: table?.columns ?? null,
    })),
    part_count: parts.length,
    refused: refused.slice(0, MOST_LISTED),
    refused_count: refused.length,
    hidden,
  }
}

/** A file's own name, the folder that all are in, or the first one's and how many more. */
function nameOf(files: readonly Dropped[]): string {
  const [first, ...others] = files
  if (!first) return ''
  if (others.length === 0) return first.name.slice(first.name.lastIndexOf('/') + 1)
  const folder = first.name.split('/')[0]!
  if (files.every(({ name }) => name.startsWith(`${folder}/`))) return folder
  return `${first.name} and ${others.length} more`
}
