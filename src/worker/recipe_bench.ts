// What a recipe would do to the collected text, before it is done: cleaning tried on its beginning, personal data found, and what of
// the held-out part leaks from the training part. Only the newest of each question is answered.
import { resplit, type Dataset } from '../data/dataset/dataset'
import { paced, within } from '../paced'
import type * as Leaks from '../data/prepare/leaks'
import type { Hit } from '../data/prepare/pii'
import { decoding } from '../data/tokenize/tokenizers'
import {
  PII_KINDS,
  type CleanPreview,
  type CleanReport,
  type CleanStep,
  type LeakContext,
  type LeakReport,
  type PersonalFound,
  type PersonalQuery,
  type RecipeCalls,
} from '../words/recipe'
import { SPECIAL } from '../words/tokens'
import type { CorpusShelf } from './corpus_shelf'
import { Desk, type Job } from './desk'

/** UTF-16 units of a text that cleaning steps are tried on: telling languages takes a second for so many. */
const TRIED = 500_000
/** Hits in one answer. */
const PAGE = 50
/** Characters around a leaked stretch. */
const CONTEXT = 60

export class RecipeBench implements RecipeCalls {
  readonly #shelf: CorpusShelf
  readonly #previews = new Desk()
  readonly #searches = new Desk()
  readonly #comparisons: Desk<number>
  /** The last search, which paging and refusing need not repeat. */
  #found: { source: unknown; key: string; hits: Hit[] } | null = null

  /** Whoever gives the shelf another dataset supersedes the comparison. */
  constructor(shelf: CorpusShelf, comparisons: Desk<number>) {
    this.#shelf = shelf
    this.#comparisons = comparisons
  }

  /** Throws CorpusError for a step that makes no sense, or leaves nothing. */
  preview(steps: readonly CleanStep[]): Promise<CleanPreview> {
    return this.#previews.begin(async ({ pause }) => {
      const { cleaning } = await import('../data/prepare/clean')
      const { text: all, special } = this.#shelf.collected
      let text = beginning(all, special.length > 0 ? SPECIAL.end_of_text : '\n')
      const tried = text.length
      const reports: CleanReport[] = []
      for (const step of steps) {
        await pause()
        const done = await paced(cleaning(text, [step], special), pause)
        text = done.text
        reports.push(...done.reports)
      }
      return { reports, tried, length: all.length }
    })
  }

  async findPersonal({ clean: steps, setting, kind, offset }: PersonalQuery): Promise<PersonalFound> {
    const hits = await this.#searches.begin((job) => this.#hits(steps, setting, job))
    const { refusalsOf } = await import('../data/prepare/pii')
    const isRefused = refusalsOf(setting)
    const counts = Object.fromEntries(PII_KINDS.map((k) => [k, { found: 0, refused: 0 }])) as PersonalFound['counts']
    for (const hit of hits) {
      counts[hit.kind].found++
      if (isRefused(hit.kind, hit.text)) counts[hit.kind].refused++
    }
    const wanted = kind === null ? hits : hits.filter((hit) => hit.kind === kind)
    return {
      counts,
      total: wanted.length,
      offset,
      hits: wanted.slice(offset, offset + PAGE).map((hit) => ({
        kind: hit.kind,
        text: hit.text,
        line: hit.line,
        ...(hit.document !== undefined && { document: hit.document }),
        before: hit.before,
        after: hit.after,
        refused: isRefused(hit.kind, hit.text),
      })),
    }
  }

  async #hits(
    steps: readonly CleanStep[],
    setting: PersonalQuery['setting'],
    { pause }: Pick<Job<never>, 'pause'>,
  ): Promise<Hit[]> {
    const source = this.#shelf.collected
    const { names, country, own } = setting
    const key = JSON.stringify([steps, names, country, own])
    if (this.#found?.source === source && this.#found.key === key) return this.#found.hits
    const [{ cleaning }, { finding }] = await Promise.all([
      import('../data/prepare/clean'),
      import('../data/prepare/pii'),
    ])
    const list = await this.#shelf.firstNames()
    await pause()
    const { special } = source
    const cleaned = await paced(cleaning(source.text, steps, special), pause)
    const hits = await paced(await finding(cleaned.text, setting, { names: list, special }), pause)
    this.#found = { source, key, hits }
    return hits
  }

  /** Compares the parts of the current dataset, split so that this share is held out. */
  leaks(val_fraction: number): Promise<LeakReport> {
    return this.#comparisons.begin(async ({ tell, pause }) => {
      const leaks = await import('../data/prepare/leaks')
      const { dataset } = this.#shelf.current
      return paced(comparing(resplit(dataset, val_fraction), leaks), (share) => {
        tell(share)
        return pause()
      })
    })
  }
}

function* comparing(
  { train, val, tokenizer }: Dataset,
  { findingLeaks, leakUnit }: typeof Leaks,
): Generator<number, LeakReport> {
  const trained = yield* within(decoding(tokenizer, train), 0, 0.2)
  const held = yield* within(decoding(tokenizer, val), 0.2, 0.25)
  const found = yield* within(findingLeaks(trained, held, leakUnit(held)), 0.25, 1)
  const { unit, n, total, count, share, places } = found
  return {
    unit,
    n,
    total,
    count,
    share,
    places: places.map(({ at, train_at, text }) => {
      const length = text.length - (text.endsWith('…') ? 1 : 0)
      return { text, held: around(held, at, length), trained: around(trained, train_at, length) }
    }),
  }
}

function beginning(text: string, end: string): string {
  if (text.length <= TRIED) return text
  const at = text.lastIndexOf(end, TRIED)
  return text.slice(0, at < 0 ? TRIED : at + end.length)
}

function around(part: string, at: number, length: number): LeakContext {
  return {
    before: part.slice(Math.max(0, at - CONTEXT), at),
    after: part.slice(at + length, at + length + CONTEXT),
    at: part.length === 0 ? 0 : at / part.length,
  }
}
