// What a recipe would do to the collected text, before it is done: cleaning tried on its beginning, personal data found, and what of
// the held-out part leaks from the training part. Of each question only the newest is answered; an older one ends with null.
import { cleaning } from '../data/prepare/clean'
import { resplit, type Dataset } from '../data/dataset/dataset'
import { findingLeaks, leakUnit } from '../data/prepare/leaks'
import { macrotask, paced, within } from '../paced'
import { finding, refusalsOf, type Hit } from '../data/prepare/pii'
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
} from '../words/recipe'
import { SPECIAL } from '../words/tokens'
import type { CorpusShelf } from './corpus_shelf'

/** UTF-16 units of a text that cleaning steps are tried on: telling languages takes a second for so many. */
const TRIED = 500_000
/** Hits in one answer. */
const PAGE = 50
/** Characters around a leaked stretch. */
const CONTEXT = 60

export class RecipeBench {
  readonly #shelf: CorpusShelf
  #previews = 0
  #searches = 0
  #comparisons = 0
  /** The last search, which paging and refusing need not repeat. */
  #found: { source: unknown; key: string; hits: Hit[] } | null = null

  constructor(shelf: CorpusShelf) {
    this.#shelf = shelf
  }

  /** Throws CorpusError for a step that makes no sense, or leaves nothing. */
  async previewClean(steps: readonly CleanStep[]): Promise<CleanPreview | null> {
    const mine = ++this.#previews
    const { text: all, special } = this.#shelf.collected
    let text = beginning(all, special.length > 0 ? SPECIAL.end_of_text : '\n')
    const tried = text.length
    const reports: CleanReport[] = []
    for (const step of steps) {
      await macrotask()
      if (mine !== this.#previews) return null
      const done = await paced(cleaning(text, [step], special), async () => {
        await macrotask()
        return mine === this.#previews
      })
      if (!done) return null
      text = done.text
      reports.push(...done.reports)
    }
    return { reports, tried, length: all.length }
  }

  async findPersonal({ clean: steps, setting, kind, offset }: PersonalQuery): Promise<PersonalFound | null> {
    const mine = ++this.#searches
    const hits = await this.#hits(steps, setting, () => mine !== this.#searches)
    if (!hits) return null
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

  /** All hits, or null where a newer question came. */
  async #hits(
    steps: readonly CleanStep[],
    setting: PersonalQuery['setting'],
    isOld: () => boolean,
  ): Promise<Hit[] | null> {
    const source = this.#shelf.collected
    const { names, country, own } = setting
    const key = JSON.stringify([steps, names, country, own])
    if (this.#found?.source === source && this.#found.key === key) return this.#found.hits
    const list = await this.#shelf.firstNames()
    await macrotask()
    if (isOld()) return null
    const pause = async () => {
      await macrotask()
      return !isOld()
    }
    const { special } = source
    const cleaned = await paced(cleaning(source.text, steps, special), pause)
    const hits = cleaned && (await paced(await finding(cleaned.text, setting, { names: list, special }), pause))
    if (hits) this.#found = { source, key, hits }
    return hits
  }

  /** Of the current dataset, split so that this share is held out; null where a newer question came, or it was called off. */
  async leaks(val_fraction: number, onProgress: (share: number) => void = () => {}): Promise<LeakReport | null> {
    const mine = ++this.#comparisons
    const { dataset } = this.#shelf.current
    let told = 0
    return paced(comparing(resplit(dataset, val_fraction)), async (share) => {
      if (share - told >= REPORTED) onProgress((told = share))
      await macrotask()
      return mine === this.#comparisons && this.#shelf.current.dataset.corpus.fingerprint === dataset.corpus.fingerprint
    })
  }

  stopLeaks(): void {
    this.#comparisons++
  }
}

/** Of looking for leaks, the share that is reported anew. */
const REPORTED = 0.01

function* comparing({ train, val, tokenizer }: Dataset): Generator<number, LeakReport> {
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
