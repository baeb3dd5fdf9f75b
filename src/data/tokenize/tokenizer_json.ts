// Hugging Face's tokenizer.json: every tokenizer is written, and read again; so is GPT-2's. Files that would read a text in another
// way are refused, with what they have that is not supported here.
import { CheckpointError, CorpusError } from '../../errors'
import type { TokenizerState } from '../../words/tokens'
import { BYTE_SYMBOLS } from './byte_alphabet'
import { tokenizerOf } from './tokenizers'

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

/** A tokenizer.json that is whole, and reads a text in a way that no tokenizer here does. */
export class OtherTokenizerError extends CorpusError {}

/**
 * The state of a tokenizer.json: byte-level BPE (of bytes alone, where it has no merges), characters (BPE over them that joins nothing) and
 * words (WordLevel over GPT-2's pieces). Every added token becomes a special one. Truncation and padding are ignored: they say how long a
 * text may be, not how it is read. Throws OtherTokenizerError where the file reads in another way, CorpusError where it is damaged.
 */
export function readTokenizerJson(json: string): TokenizerState {
  let file: unknown
  try {
    file = JSON.parse(json)
  } catch {
    throw damaged('it is not JSON')
  }
  return tokenizerFrom(file)
}

/** The same of a parsed file. */
export function tokenizerFrom(file: unknown): TokenizerState {
  if (!isRecord(file) || !isRecord(file.model)) throw damaged('it has no model')
  const { model, normalizer, post_processor } = file
  if (isSet(normalizer) && !isEmptySequence(normalizer)) throw other(`it has a normalizer, ${named(normalizer)}`)
  if (isSet(post_processor) && !isByteLevel(post_processor) && !isTemplate(post_processor))
    throw other(`it has a post_processor, ${named(post_processor)}`)
  for (const option of ['dropout', 'continuing_subword_prefix', 'end_of_word_suffix', 'byte_fallback', 'ignore_merges'])
    if (isSet(model[option])) throw other(`its model has ${option}`)
  // Old files do not say it; only BPE has merges.
  const type: unknown = model.type ?? (model.merges && 'BPE')
  const state =
    type === 'BPE' ? readBpe(file, model) : type === 'WordLevel' ? readWords(file, model) : refuseModel(model)
  try {
    tokenizerOf(state)
  } catch (error) {
    if (error instanceof CheckpointError) throw new CorpusError(`This tokenizer.json is damaged. ${error.message}`)
    throw error
  }
  return state
}

function readBpe({ pre_tokenizer, decoder, added_tokens }: Part, model: Part): TokenizerState {
  const pre = stepsOf(pre_tokenizer, 'pretokenizers')
  const isPlain = pre.length === 0 && Array.isArray(model.merges) && model.merges.length === 0
  if (isPlain && (!isSet(decoder) || named(decoder) === 'Fuse')) {
    const { vocab, special } = readVocab(model.vocab, added_tokens)
    return { kind: 'char', vocab, ...(special.length > 0 && { special }) }
  }
  const [first, second, ...more] = pre
  // GPT-2's pattern is ByteLevel's own, or stands before it.
  const isCut = second !== undefined && more.length === 0 && isPieces(first)
  const byteLevel = isCut ? second : first
  if (!isByteLevel(byteLevel) || (!isCut && second !== undefined))
    throw other(`its pre_tokenizer is ${pre.map(named).join(' and ') || 'not named'}, not ByteLevel`)
  if (byteLevel.add_prefix_space !== false) throw other('its pre_tokenizer adds a space before the text')
  if (!isCut && byteLevel.use_regex === false) throw other('its pre_tokenizer does not use GPT-2’s pattern')
  if (!isByteLevel(decoder)) throw other(`its decoder is ${named(decoder)}, not ByteLevel`)
  const { vocab, special } = readVocab(model.vocab, added_tokens)
  const merges = readMerges(model.merges)
  const rest = special.length > 0 && { special }
  const isBytes = merges.length === 0 && vocab.length === 256 + special.length
  return isBytes && BYTE_SYMBOLS.every((symbol, byte) => vocab[byte] === symbol)
    ? { kind: 'byte', vocab, ...rest }
    : { kind: 'bpe', vocab, merges, ...rest }
}

function readWords({ pre_tokenizer, decoder, added_tokens }: Part, model: Part): TokenizerState {
  const pre = stepsOf(pre_tokenizer, 'pretokenizers')
  if (pre.length !== 1 || !isPieces(pre[0]))
    throw other(`its pre_tokenizer is ${pre.map(named).join(' and ') || 'not named'}, not GPT-2’s pattern`)
  if (isSet(decoder) && named(decoder) !== 'Fuse') throw other(`its decoder is ${named(decoder)}, not Fuse`)
  const { unk_token } = model
  if (typeof unk_token === 'string' && isRecord(model.vocab) && Object.hasOwn(model.vocab, unk_token))
    throw other(`words that it does not know become ${JSON.stringify(unk_token)}, and are left out here`)
  const { vocab, special } = readVocab(model.vocab, added_tokens)
  return { kind: 'word', vocab, ...(special.length > 0 && { special }) }
}

function refuseModel(model: Part): never {
  throw other(`its model is ${named(model)}, not BPE`)
}

type Part = Record<string, unknown>

/** A Split that cuts a text into GPT-2's pieces. */
function isPieces(value: unknown): boolean {
  if (!isRecord(value) || value.type !== 'Split' || isSet(value.invert)) return false
  const regex = isRecord(value.pattern) ? value.pattern['Regex'] : undefined
  return regex === PIECES && value.behavior === 'Isolated'
}

/** The steps of a pre_tokenizer, which may be one, several in a Sequence, or none. */
function stepsOf(value: unknown, name: string): unknown[] {
  if (!isSet(value)) return []
  if (!isRecord(value) || value.type !== 'Sequence') return [value]
  const steps = value[name]
  return Array.isArray(steps) ? (steps as unknown[]) : [value]
}
const isEmptySequence = (value: unknown) => isRecord(value) && stepsOf(value, 'normalizers').length === 0
/** It only puts special tokens around a text; here whoever writes a prompt does. */
const isTemplate = (value: unknown) => isRecord(value) && value.type === 'TemplateProcessing'

function readVocab(vocab: unknown, added: unknown): { vocab: string[]; special: string[] } {
  if (!isRecord(vocab)) throw damaged('its model has no vocabulary')
  const entries: [string, unknown][] = Object.entries(vocab)
  const special: string[] = []
  if (added !== undefined && added !== null && !Array.isArray(added)) throw damaged('its added_tokens are not a list')
  for (const token of (added ?? []) as unknown[]) {
    if (!isRecord(token) || typeof token.content !== 'string') throw damaged('one of its added_tokens has no content')
    const { content, id } = token
    for (const option of ['single_word', 'lstrip', 'rstrip'])
      if (isSet(token[option])) throw other(`its added token ${JSON.stringify(content)} has ${option}`)
    if (!Object.hasOwn(vocab, content)) entries.push([content, id])
    else if (vocab[content] !== id) throw damaged(`its token ${JSON.stringify(content)} has two ids`)
    special.push(content)
  }
  const tokens: (string | undefined)[] = Array.from({ length: entries.length })
  for (const [token, id] of entries) {
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= tokens.length || tokens[id] !== undefined)
      throw damaged(`the id of its token ${JSON.stringify(token)} is not one of its own from 0 to ${tokens.length - 1}`)
    tokens[id] = token
  }
  // As many different ids as places: every place is filled.
  return { vocab: tokens as string[], special }
}

/** Merges as pairs; older files have them as strings with a space between. */
function readMerges(merges: unknown): [string, string][] {
  if (!Array.isArray(merges)) throw damaged('its model has no merges')
  return merges.map((merge: unknown, rank) => {
    const parts: unknown = typeof merge === 'string' ? merge.split(' ') : merge
    if (Array.isArray(parts) && parts.length === 2) {
      const [left, right] = parts as unknown[]
      if (typeof left === 'string' && typeof right === 'string') return [left, right]
    }
    throw damaged(`merge ${rank} of its model is not a pair of tokens`)
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
const WAY_OUT = 'Choose one of byte-level BPE, such as GPT-2’s, or make a tokenizer here.'
function damaged(why: string): CorpusError {
  return new CorpusError(`This tokenizer.json cannot be used: ${why}. ${WAY_OUT}`)
}
function other(why: string): OtherTokenizerError {
  return new OtherTokenizerError(`This tokenizer.json cannot be used: ${why}. ${WAY_OUT}`)
}
