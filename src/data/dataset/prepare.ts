// What becomes of a collected text before a model sees it, for page and command line alike. It is cleaned, made anonymous,
// described, and read by a tokenizer that may be learned from it.
import { paced } from '../../paced'
import type { Loading } from '../../words/collecting'
import type { GeneratedBy, PersonalSummary } from '../../words/corpus'
import { PII_KINDS, type CleanReport, type PersonalReport, type Preparation } from '../../words/recipe'
import type { TokenizerChoice, TokenizerState } from '../../words/tokens'
import { learning } from '../tokenize/learn'
import { describing } from './card'
import { makeDataset, type Dataset } from './dataset'

/** A text as it was collected. */
export interface Collected {
  name: string
  licence: string
  text: string
  /** The tokens between documents and turns; none in plain text. */
  special: readonly string[]
  generated?: GeneratedBy | undefined
}

export interface Prepared {
  text: string
  dataset: Dataset
  /** What each step of cleaning did. */
  reports: CleanReport[]
  /** What was found; null where nobody looked. */
  personal: PersonalReport | null
  /** What the tokenizer left out. */
  notices: string[]
}

export interface Means {
  val_fraction: number
  /** The list that names are found with. */
  firstNames(): Promise<readonly string[]>
  /** Awaited at the beginning of each phase, and every 20 ms with the share that is done; what it throws ends the work. */
  pause?(phase: Loading['phase'], share: number): Promise<unknown>
  /** What was learned from this very text before. */
  learned?(text: string, special: readonly string[], choice: TokenizerChoice): TokenizerState | undefined
}

/** Throws CorpusError, with the way out, where a step makes no sense for this text or leaves nothing of it. */
export async function prepare(source: Collected, preparation: Preparation, means: Means): Promise<Prepared> {
  const { name, licence, special, generated } = source
  const phase = async (phase: Loading['phase']) => {
    const pause = async (share: number) => means.pause?.(phase, share)
    await pause(0)
    return pause
  }
  let [text, reports]: [string, CleanReport[]] = [source.text, []]
  if (preparation.clean.length > 0) {
    const { cleaning } = await import('../prepare/clean')
    ;({ text, reports } = await paced(cleaning(text, preparation.clean, special), await phase('clean')))
  }
  let personal: PersonalReport | null = null
  if (preparation.anonymise) {
    const { anonymise } = await import('../prepare/anonymise')
    const pause = await phase('anonymise')
    const search = { names: await means.firstNames(), special }
    ;({ text, ...personal } = await anonymise(text, preparation.anonymise, search, pause))
  }
  const made = {
    recipe: reports.map(({ step, count }) => ({ step, count })),
    ...(preparation.anonymise && { anonymise: preparation.anonymise }),
    ...(personal && { personal: summaryOf(personal) }),
    ...(generated && { generated }),
  }
  const { franc } = await import('franc-min')
  const card = await paced(describing(text, made, franc), await phase('describe'))
  const pause = await phase('learn')
  const { split, tokenizer } = preparation
  // A plain text's characters are what it is read by if nothing is said, with a notice of those left out.
  const isPlain = tokenizer.kind === 'char' && special.length === 0
  const state = isPlain
    ? undefined
    : (means.learned?.(text, special, tokenizer) ?? (await paced(learning(text, tokenizer, special), pause)))
  const corpus = { name, licence, split, card }
  const read = await makeDataset(text, corpus, means.val_fraction, state, await phase('tokenize'))
  return { text, reports, personal, ...read }
}

/** What the card keeps of a report. */
function summaryOf({ counts, dropped_lines }: PersonalReport): PersonalSummary {
  const kinds = PII_KINDS.map((kind) => {
    const { found, refused, kept } = counts[kind]
    return { kind, found, went_through: refused + kept }
  })
  return { kinds: kinds.filter(({ found }) => found > 0), dropped_lines }
}
