// The tokenizer that comes with a foreign model: tokenizer.json, GPT-2's vocab.json and merges.txt, or what a GGUF has. Where none comes,
// or one that reads a text as none here does (SentencePiece, WordPiece, other patterns), the model reads and writes the numbers of its
// tokens instead: each is a word of its own, a space and the number. One that is damaged is refused with the model.
import { bytesOf } from '../../data/tokenize/byte_alphabet'
import { OtherTokenizerError, tokenizerFrom } from '../../data/tokenize/tokenizer_json'
import { CheckpointError, CorpusError } from '../../errors'
import type { TokenizerState } from '../../words/tokens'
import * as v from 'valibot'
import type { FileLike, Files } from './file_like'
import type { GgufValue } from './gguf_header'
import { readJson } from './read_hf'

/** `why`: set where the model reads numbers of tokens only, a sentence that says why. */
export interface ForeignTokenizer {
  state: TokenizerState
  why: string | null
}

const TOKENIZER = { length: 24_000_000, depth: 16, nodes: 900_000 }
const MERGES_BYTES = 16_000_000
/** As many as a checkpoint can carry with their merges. */
const MOST_MERGES = 250_000
const MOST_SPECIAL = 1024
const NUMBERS = 'It reads and writes numbers of tokens: “ 15 17”.'

/** The tokenizer of a Hugging Face folder. Throws CheckpointError where it is damaged. */
export async function tokenizerOfFiles(files: Files, vocab_size: number): Promise<ForeignTokenizer> {
  const json = files.get('tokenizer.json')
  if (json) {
    const file = await readJson(json, 'tokenizer.json', TOKENIZER)
    return fitted('tokenizer.json', () => tokenizerFrom(file), vocab_size)
  }
  const [vocab, merges] = [files.get('vocab.json'), files.get('merges.txt')]
  if (vocab && merges) {
    const file = await pairFile(files, vocab, merges)
    return fitted('vocab.json with merges.txt', () => tokenizerFrom(file), vocab_size)
  }
  const other = ['tokenizer.model', 'spiece.model', 'vocab.txt', 'vocab.json', 'merges.txt'].find((name) =>
    files.has(name),
  )
  return numbersOnly(
    vocab_size,
    other === undefined
      ? `No tokenizer came with it. ${NUMBERS} Bring its tokenizer.json, or vocab.json and merges.txt, to use words.`
      : `Its tokenizer came as ${other}, which is not read here. ${NUMBERS} Bring a tokenizer.json of byte-level BPE to use words.`,
  )
}

/** The tokenizer of a GGUF file, from its header. Throws CheckpointError where it is damaged. */
export function tokenizerOfGguf(values: ReadonlyMap<string, GgufValue>, vocab_size: number): ForeignTokenizer {
  const at = (key: string) => values.get(`tokenizer.ggml.${key}`)
  const model = at('model')
  if (model === undefined || model === 'none' || model === 'no_vocab')
    return numbersOnly(vocab_size, `No tokenizer came with it. ${NUMBERS}`)
  const pre = at('pre') ?? 'gpt-2'
  if (model !== 'gpt2' || (pre !== 'gpt-2' && pre !== 'gpt2'))
    return numbersOnly(
      vocab_size,
      `Its tokenizer is “${named(model)}”${model === 'gpt2' ? ` with the pattern “${named(pre)}”` : ''}, which none here is. ${NUMBERS}`,
    )
  const read = v.safeParse(
    v.object({
      tokens: v.array(v.string()),
      merges: v.optional(v.array(v.string()), []),
      types: v.optional(v.array(v.number()), []),
    }),
    { tokens: at('tokens'), merges: at('merges'), types: at('token_type') },
  )
  if (!read.success)
    throw new CheckpointError('The tokenizer of this GGUF file is damaged: its tokens or merges are no list.')
  const { tokens, merges, types } = read.output
  if (types.length > 0 && types.length !== tokens.length)
    throw new CheckpointError('The tokenizer of this GGUF file is damaged: it has more kinds than tokens, or fewer.')
  const isSpecial = (id: number) => types[id] !== undefined && types[id] !== ORDINARY && types[id] !== BYTE
  const characters = spelledCharacters(tokens, isSpecial)
  const plain = (content: string, id: number) => ({ content, id, special: true })
  const file = {
    ...(characters ? { decoder: { type: 'Fuse' } } : { pre_tokenizer: BYTE_LEVEL, decoder: BYTE_LEVEL }),
    added_tokens: tokens.flatMap((token, id) => (isSpecial(id) ? [plain(token, id)] : [])),
    model: { type: 'BPE', vocab: idsBy(characters ?? tokens), merges: characters ? [] : merges },
  }
  return fitted('tokenizer', () => tokenizerFrom(file), vocab_size)
}

/** llama.cpp's kinds of tokens; the others are unknown, control, user's own and unused. */
const ORDINARY = 1
const BYTE = 6
const BYTE_LEVEL = { type: 'ByteLevel', add_prefix_space: false, use_regex: true }
const named = (value: unknown) => String(value).slice(0, 40)

/**
 * The tokens as single characters, where all are spelled so in GPT-2's alphabet and they are not its 256 bytes: a tokenizer of characters
 * as llama.cpp can have it. Else null.
 */
function spelledCharacters(tokens: readonly string[], isSpecial: (id: number) => boolean): string[] | null {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const characters: string[] = []
  for (const [id, token] of tokens.entries()) {
    if (isSpecial(id)) {
      characters.push(token)
      continue
    }
    const bytes = token.length <= 4 ? bytesOf(token) : undefined
    if (!bytes?.length) return null
    try {
      const character = decoder.decode(bytes)
      if ([...character].length !== 1) return null
      characters.push(character)
    } catch {
      return null // A lone byte of a longer character: these are bytes.
    }
  }
  return characters
}

/** Ids by token. Throws CheckpointError where a token is there twice. */
function idsBy(tokens: readonly string[]): Record<string, number> {
  const ids = new Map(tokens.map((token, id) => [token, id]))
  if (ids.size !== tokens.length)
    throw new CheckpointError('The tokenizer of this file is damaged: it has the same token twice.')
  return Object.fromEntries(ids)
}

const AddedToken = v.looseObject({ content: v.string() })

/** vocab.json and merges.txt as one tokenizer.json, with the special tokens that the other files name. */
async function pairFile(files: Files, vocab: FileLike, merges: FileLike): Promise<unknown> {
  const ids = await readJson(vocab, 'vocab.json', TOKENIZER)
  if (!v.is(v.record(v.string(), v.number()), ids))
    throw new CheckpointError('vocab.json is not a list of tokens with their ids.')
  if (merges.size > MERGES_BYTES) throw new CheckpointError(`merges.txt is too large to be one: ${merges.size} bytes.`)
  const lines = (await merges.text()).split(/\r?\n/)
  if (lines[0]?.startsWith('#version')) lines.shift()
  const added = new Map<number, unknown>()
  const end = '<|endoftext|>'
  if (Object.hasOwn(ids, end)) added.set(ids[end]!, { content: end, id: ids[end], special: true })
  const more = files.get('added_tokens.json')
  if (more) {
    const read = await readJson(more, 'added_tokens.json', SETTINGS)
    if (!v.is(v.record(v.string(), v.number()), read))
      throw new CheckpointError('added_tokens.json is not a list of tokens with their ids.')
    for (const [content, id] of Object.entries(read)) added.set(id, { content, id, special: true })
  }
  let add_prefix_space = false
  const config = files.get('tokenizer_config.json')
  if (config) {
    const read = v.safeParse(
      v.looseObject({
        add_prefix_space: v.nullish(v.boolean(), false),
        added_tokens_decoder: v.nullish(v.record(v.string(), AddedToken), {}),
      }),
      await readJson(config, 'tokenizer_config.json', SETTINGS),
    )
    if (!read.success) throw new CheckpointError('tokenizer_config.json is not what it should be.')
    add_prefix_space = read.output.add_prefix_space
    for (const [id, token] of Object.entries(read.output.added_tokens_decoder))
      added.set(Number(id), { ...token, id: Number(id) })
  }
  return {
    pre_tokenizer: { ...BYTE_LEVEL, add_prefix_space },
    decoder: BYTE_LEVEL,
    added_tokens: [...added.values()],
    model: { type: 'BPE', vocab: ids, merges: lines.filter((line) => line !== '') },
  }
}
const SETTINGS = { length: 2_000_000, depth: 16, nodes: 50_000 }

/** The tokenizer, as many tokens as the model has. */
function fitted(what: string, read: () => TokenizerState, vocab_size: number): ForeignTokenizer {
  let state: TokenizerState
  try {
    state = read()
  } catch (error) {
    if (error instanceof OtherTokenizerError) {
      const why = error.message
        .replace(/^This tokenizer\.json cannot be used: /, '')
        .replace(/\. Choose one of .*$/, '')
      return numbersOnly(vocab_size, `Its tokenizer reads a text as none here does: ${why}. ${NUMBERS}`)
    }
    if (error instanceof CorpusError)
      throw new CheckpointError(error.message.replace('This tokenizer.json', `The model’s ${what}`))
    throw error
  }
  if ((state.merges?.length ?? 0) > MOST_MERGES)
    return numbersOnly(
      vocab_size,
      `Its tokenizer has ${state.merges?.length} merges; at most ${MOST_MERGES} are read. ${NUMBERS}`,
    )
  const { vocab, special = [] } = state
  if (vocab.length > vocab_size) {
    // Tokens that were added and never given a row of the embedding.
    const beyond = vocab.slice(vocab_size)
    if (!beyond.every((token) => special.includes(token)))
      return numbersOnly(
        vocab_size,
        `Its tokenizer has ${vocab.length} tokens, and the model ${vocab_size}: they do not belong together. ${NUMBERS}`,
      )
    const left = special.filter((token) => !beyond.includes(token))
    return { state: withTokens(state, vocab.slice(0, vocab_size), left), why: null }
  }
  const missing = vocab_size - vocab.length
  if (missing === 0) return { state, why: null }
  if (missing + special.length > MOST_SPECIAL)
    return numbersOnly(
      vocab_size,
      `Its tokenizer has ${vocab.length} tokens, and the model ${vocab_size}: they do not belong together. ${NUMBERS}`,
    )
  // Rows of the embedding that no token has, as models are given to be a round number.
  const fillers = Array.from({ length: missing }, (_, i) => `<|unused ${vocab.length + i}|>`)
  return { state: withTokens(state, [...vocab, ...fillers], [...special, ...fillers]), why: null }
}

function withTokens({ kind, merges }: TokenizerState, vocab: string[], special: string[]): TokenizerState {
  return { kind, vocab, ...(merges && { merges }), ...(special.length > 0 && { special }) }
}

function numbersOnly(vocab_size: number, why: string): ForeignTokenizer {
  const vocab = Array.from({ length: vocab_size }, (_, id) => ` ${id}`)
  return { state: { kind: 'word', vocab }, why }
}
