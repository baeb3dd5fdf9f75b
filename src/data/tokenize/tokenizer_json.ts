// Hugging Face's tokenizer.json. Every tokenizer is written; read is byte-level BPE: GPT-2's, and every one learned here. Files that
// would read a text in another way are refused, with what they have that is not supported here.
import { CheckpointError, CorpusError } from '../../errors'
import type { TokenizerState } from '../../words/tokens'
import { bpeTokenizer } from './bpe'

/** GPT-2's pattern, as Hugging Face's libraries write it. */
const PIECES = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"

/**
 * The tokenizer as a tokenizer.json that Hugging Face's libraries load, to the same ids. Characters are byte pairs without pairs that are
 * not cut before; what they lack is dropped, as here. Of words, theirs throw an error where ours drop what they lack.
 */
export function writeTokenizerJson(state: TokenizerState): string {
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true }
  const vocab = Object.fromEntries(state.vocab.map((token, id) => [token, id]))
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true }
  const isOfBytes = state.kind === 'bpe' || state.kind === 'byte'
  const pieces = { type: 'Split', pattern: { Regex: PIECES }, behavior: 'Isolated', invert: false }
  const pairs = {
    type: 'BPE',
    dropout: null,
    unk_token: null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: false,
    vocab,
    merges: state.merges ?? [],
  }
  const file = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: (state.special ?? []).map((content) => ({ id: state.vocab.indexOf(content), content, ...flags })),
    normalizer: null,
    pre_tokenizer: isOfBytes ? byteLevel : state.kind === 'word' ? pieces : null,
    post_processor: null,
    decoder: isOfBytes ? byteLevel : { type: 'Fuse' },
    model: state.kind === 'word' ? { type: 'WordLevel', vocab, unk_token: '<unk>' } : pairs,
  }
  return JSON.stringify(file, null, 2)
}

/**
 * The state of a tokenizer.json. Every added token becomes a special one. Truncation and padding are ignored: they say how long a
 * text may be, not how it is read. Throws CorpusError where the file is something else, or damaged.
 */
export function readTokenizerJson(json: string): TokenizerState {
  let file: unknown
  try {
    file = JSON.parse(json)
  } catch {
    throw refused('it is not JSON')
  }
  if (!isRecord(file) || !isRecord(file.model)) throw refused('it has no model')
  const { model, normalizer, pre_tokenizer, post_processor, decoder } = file
  // Old files do not say it; only BPE has merges.
  if ((model.type ?? (model.merges && 'BPE')) !== 'BPE') throw refused(`its model is ${named(model)}, not BPE`)
  if (isSet(normalizer)) throw refused(`it has a normalizer, ${named(normalizer)}`)
  if (!isByteLevel(pre_tokenizer)) throw refused(`its pre_tokenizer is ${named(pre_tokenizer)}, not ByteLevel`)
  if (pre_tokenizer.add_prefix_space !== false) throw refused('its pre_tokenizer adds a space before the text')
  if (pre_tokenizer.use_regex === false) throw refused('its pre_tokenizer does not use GPT-2’s pattern')
  if (!isByteLevel(decoder)) throw refused(`its decoder is ${named(decoder)}, not ByteLevel`)
  if (isSet(post_processor) && !isByteLevel(post_processor))
    throw refused(`it has a post_processor, ${named(post_processor)}`)
  for (const option of ['dropout', 'continuing_subword_prefix', 'end_of_word_suffix', 'byte_fallback', 'ignore_merges'])
    if (isSet(model[option])) throw refused(`its model has ${option}`)

  const { vocab, special } = readVocab(model.vocab, file.added_tokens)
  const merges = readMerges(model.merges)
  const state: TokenizerState = { kind: 'bpe', vocab, merges, ...(special.length > 0 && { special }) }
  try {
    bpeTokenizer(state)
  } catch (error) {
    if (error instanceof CheckpointError) throw new CorpusError(`This tokenizer.json is damaged. ${error.message}`)
    throw error
  }
  return state
}

function readVocab(vocab: unknown, added: unknown): { vocab: string[]; special: string[] } {
  if (!isRecord(vocab)) throw refused('its model has no vocabulary')
  const entries: [string, unknown][] = Object.entries(vocab)
  const special: string[] = []
  if (isSet(added) && !Array.isArray(added)) throw refused('its added_tokens are not a list')
  for (const token of (added ?? []) as unknown[]) {
    if (!isRecord(token) || typeof token.content !== 'string') throw refused('one of its added_tokens has no content')
    const { content, id } = token
    for (const option of ['single_word', 'lstrip', 'rstrip'])
      if (isSet(token[option])) throw refused(`its added token ${JSON.stringify(content)} has ${option}`)
    if (!Object.hasOwn(vocab, content)) entries.push([content, id])
    else if (vocab[content] !== id) throw refused(`its token ${JSON.stringify(content)} has two ids`)
    special.push(content)
  }
  const tokens: (string | undefined)[] = Array.from({ length: entries.length })
  for (const [token, id] of entries) {
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= tokens.length || tokens[id] !== undefined)
      throw refused(`the id of its token ${JSON.stringify(token)} is not one of its own from 0 to ${tokens.length - 1}`)
    tokens[id] = token
  }
  // As many different ids as places: every place is filled.
  return { vocab: tokens as string[], special }
}

/** Merges as pairs; older files have them as strings with a space between. */
function readMerges(merges: unknown): [string, string][] {
  if (!Array.isArray(merges)) throw refused('its model has no merges')
  return merges.map((merge: unknown, rank) => {
    const parts: unknown = typeof merge === 'string' ? merge.split(' ') : merge
    if (Array.isArray(parts) && parts.length === 2) {
      const [left, right] = parts as unknown[]
      if (typeof left === 'string' && typeof right === 'string') return [left, right]
    }
    throw refused(`merge ${rank} of its model is not a pair of tokens`)
  })
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
function isByteLevel(value: unknown): value is Record<string, unknown> {
  return isRecord(value) && value.type === 'ByteLevel'
}
/** What a file leaves out, or says is off. */
function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false && value !== '' && value !== 0
}
function named(value: unknown): string {
  return isRecord(value) && typeof value.type === 'string' ? value.type : 'not named'
}
function refused(why: string): CorpusError {
  return new CorpusError(
    `This tokenizer.json cannot be used: ${why}. Choose one of byte-level BPE, such as GPT-2’s, or make a tokenizer here.`,
  )
}
