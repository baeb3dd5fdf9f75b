// A text as a model sees it: token ids, a part to train on, a part that is held out, and the text's fingerprint. `fits` says
// whether a config can be trained on it.
import type { Config } from '../../config/config'
import type { Problem } from '../../config/validate'
import { SPECIAL, type TokenizerState } from '../../words/tokens'
import type { CorpusInfo } from '../../words/corpus'
import type { RunSpec } from '../../words/run'
import { buildCharVocab } from '../tokenize/char_tokenizer'
import { paced } from '../../paced'
import { sha256 } from './sha256'
import { dealDocuments, trainLength } from './split'
import type { Tokenizer, Tokens } from '../tokenize/tokenizer'
import { tokenBytes, tokenizerOf } from '../tokenize/tokenizers'

export interface Dataset {
  corpus: CorpusInfo
  tokenizer: Tokenizer
  /** The whole text, its documents in another order where it is split by them; `train` and `val` are its two ends, in the same memory. */
  tokens: Tokens
  /** Where documents end in `tokens`, if the text is split by them. */
  ends?: Uint32Array
  train: Tokens
  val: Tokens
}

/**
 * Tokenizes a clean text (see `readText`) and splits it. Without a `tokenizer` its alphabet is the vocabulary; with one, of any
 * kind, a resumed run reads the text as before. `notices` tell what was left out. Throws CorpusError where a text that has none is
 * to be split by documents. `pause` is awaited every 20 ms with the share that is read; what it throws ends the work.
 */
export async function makeDataset(
  text: string,
  source: Pick<CorpusInfo, 'name' | 'licence' | 'split' | 'card'>,
  val_fraction: number,
  tokenizer?: TokenizerState,
  pause: (share: number) => Promise<unknown> = () => Promise.resolve(),
): Promise<{ dataset: Dataset; notices: string[] }> {
  const built = tokenizer ? { state: tokenizer, dropped: [] } : buildCharVocab(text)
  const reader = tokenizerOf(built.state)
  const { ids, unknown } = await paced(reader.encoding(text), pause)
  const { name, licence, split, card } = source
  const corpus: CorpusInfo = {
    name,
    licence,
    fingerprint: await fingerprint(text),
    characters: countCharacters(text),
    ...(split && { split }),
    ...(card && { card }),
  }
  const notices: string[] = []
  if (built.dropped.length > 0)
    notices.push(
      `${source.name} has ${reader.vocab_size + built.dropped.length} different characters. The ${reader.vocab_size} most frequent became the vocabulary; the others were left out: ${some(built.dropped)}.`,
    )
  else if (unknown.length > 0)
    notices.push(
      `${built.state.kind === 'word' ? 'Words' : 'Characters'} that the tokenizer does not know were left out of ${source.name}: ${some(unknown)}.`,
    )
  const dealt =
    split?.by === 'document' && ids.length > 0
      ? dealDocuments(ids, built.state.vocab.indexOf(SPECIAL.end_of_text), split.seed, name)
      : { tokens: ids }
  return { dataset: { corpus, tokenizer: reader, ...dealt, ...halves(dealt, val_fraction) }, notices }
}

/** The same text with another share held out. Copies nothing. */
export function resplit(dataset: Dataset, val_fraction: number): Dataset {
  return { ...dataset, ...halves(dataset, val_fraction) }
}

function halves({ tokens, ends }: Pick<Dataset, 'tokens' | 'ends'>, val_fraction: number) {
  const end = trainLength(tokens.length, val_fraction, ends)
  return { train: tokens.subarray(0, end), val: tokens.subarray(end) }
}

/** The vocabulary with how often each token occurs, most frequent first. */
export function alphabet(dataset: Dataset): { token: string; count: number }[] {
  const counts = new Uint32Array(dataset.tokenizer.vocab_size)
  for (const id of dataset.tokens) counts[id]!++
  return Array.from(counts, (count, id) => ({ token: dataset.tokenizer.token(id), count })).sort(
    (a, b) => b.count - a.count,
  )
}

/** How much text a token of the part stands for on which a run is measured: nothing where there is no text. */
export function measureTokens(dataset: Dataset, val_fraction: number): Pick<RunSpec, 'bytes_per_token'> {
  const { tokenizer, tokens, val } = resplit(dataset, val_fraction)
  const part = val.length > 0 ? val : tokens
  return part.length > 0 ? { bytes_per_token: bytesPerToken(tokenizer, part) } : {}
}

/** Bytes of text to a token; NaN of no tokens. */
export function bytesPerToken({ state }: Tokenizer, tokens: Tokens): number {
  const lengths = state.vocab.map((_, id) => tokenBytes(state, id).length)
  let bytes = 0
  for (const id of tokens) bytes += lengths[id]!
  return bytes / tokens.length
}

/** The fields' steps in FIELDS: a fix is a value that the page's control can show. */
const FRACTION_STEP = 0.05
const LARGEST_FRACTION = 0.5

/**
 * What keeps this config from being trained on this text, beside what `validate` says. Each part needs a stretch of `block_size`
 * tokens and the token after it. Splits as the config says, whatever the dataset's own split.
 */
export function fits(dataset: Pick<Dataset, 'corpus' | 'tokens' | 'ends'>, config: Config): Problem[] {
  const n = dataset.tokens.length
  const { block_size, val_fraction } = config
  const trainedAt = (fraction: number) => trainLength(n, fraction, dataset.ends)
  const train = trainedAt(val_fraction)
  const val = n - train
  const fitsBlock = (part: number) => part >= block_size + 1
  if (!fitsBlock(train)) {
    const fix = Math.max(1, train - 1)
    const wayOut = train >= 2 ? `try a context of ${fix}, or a longer text` : 'choose a longer text'
    return [
      {
        field: 'block_size',
        message: `${dataset.corpus.name} gives ${train} tokens to train on; a context of ${block_size} needs at least ${block_size + 1}: ${wayOut}.`,
        ...(train >= 2 && { fix }),
      },
    ]
  }
  if (val > 0 && !fitsBlock(val)) {
    const steps = Array.from({ length: LARGEST_FRACTION / FRACTION_STEP }, (_, i) => (i + 1) / (1 / FRACTION_STEP))
    const fix = steps.find((f) => fitsBlock(n - trainedAt(f)) && fitsBlock(trainedAt(f))) ?? 0
    const wayOut =
      fix === 0 ? 'set it to 0, which switches validation off' : `try ${fix}, or 0 to switch validation off`
    return [
      {
        field: 'val_fraction',
        message: `Held out are ${val} tokens; a context of ${block_size} needs at least ${block_size + 1} to be measured on: ${wayOut}.`,
        fix,
      },
    ]
  }
  return []
}

/** SHA-256 of a text in UTF-8, as 64 hex digits. */
export async function fingerprint(text: string): Promise<string> {
  const bytes = new TextEncoder().encode(text)
  // Browsers withhold `subtle` from pages on plain http.
  const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle
  if (!subtle) return sha256(bytes)
  const digest = new Uint8Array(await subtle.digest('SHA-256', bytes))
  return Array.from(digest, (x) => x.toString(16).padStart(2, '0')).join('')
}

/** Code points, not halves of surrogate pairs. */
export function countCharacters(text: string): number {
  let pairs = 0
  for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) === 0xdc00) pairs++
  return text.length - pairs
}

function some(pieces: string[]): string {
  const shown = pieces.slice(0, 20).map((c) => JSON.stringify(c))
  const more = pieces.length - shown.length
  return shown.join(' ') + (more > 0 ? ` and ${more} more` : '')
}
