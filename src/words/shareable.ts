// What may leave this device of a run's spec.
import type { CorpusInfo } from './corpus'
import type { RunSpec } from './run'

/** One's own list of words to be anonymised is what nobody else should read. */
export function shareableCorpus(corpus: CorpusInfo): CorpusInfo {
  const { card } = corpus
  return card?.anonymise ? { ...corpus, card: { ...card, anonymise: { ...card.anonymise, own: [] } } } : corpus
}

export function shareableSpec(spec: RunSpec): RunSpec {
  return { ...spec, corpus: shareableCorpus(spec.corpus) }
}

/** A run's name as the name of a file, without what file systems mind. */
export function fileName(name: string): string {
  return name.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '') || 'run'
}
