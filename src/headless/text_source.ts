// What `npm run train` learns from: a file or a folder read as text, as chats or as tables. Also what its flags say is done to
// that text.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join, relative, sep } from 'node:path'
import { READ_AS, type ReadAs } from '../words/collecting'
import { collect, textOf, type Dropped } from '../data/collect/collect'
import { loadCorpus } from '../data/made/corpora'
import type { Collected, Prepared } from '../data/dataset/prepare'
import { readTokenizerJson } from '../data/tokenize/tokenizer_json'
import type { Preset } from '../presets'
import {
  anonymiseAll,
  PII_KINDS,
  type CleanReport,
  type CleanStep,
  type PersonalReport,
  type Preparation,
} from '../words/recipe'
import { TOKENIZER_KINDS, type TokenizerChoice } from '../words/tokens'
import { oneOf, pathOf, UsageError, wholeNumber } from './command'

/** Tokens that are learned where nobody says how many: twice the bytes, small enough for a small model's head. */
const DEFAULT_VOCAB = 512

export interface SourceFlags {
  text?: string | undefined
  as?: string | undefined
  columns?: string | undefined
  assistant?: string | undefined
  clean?: string | undefined
  anonymise?: string | undefined
  tokenizer?: string | undefined
  vocab?: string | undefined
}

export interface Source extends Collected {
  /** Whether it begins with a conversation. */
  chats: boolean
  notices: string[]
}

/** The text of --text, or of a preset that brings its own. Throws UsageError or CorpusError. */
export async function readSource(flags: SourceFlags, preset: Preset | null): Promise<Source> {
  const as = oneOf('as', flags.as ?? 'text', READ_AS)
  if (flags.columns !== undefined && as !== 'table' && as !== 'auto')
    throw new UsageError('--columns is for --as table.')
  if (flags.assistant !== undefined && as !== 'chats' && as !== 'auto')
    throw new UsageError('--assistant is for --as chats.')
  if (flags.anonymise === 'drop_line' && as !== 'text')
    throw new UsageError('--anonymise drop_line is for plain text; documents take mask or pseudonym.')
  if (flags.anonymise !== undefined && flags.clean?.split(',').includes('lowercase'))
    throw new UsageError('Names are known by their capitals: leave lowercase out of --clean, or --anonymise out.')
  const { text } = flags
  return text === undefined ? presetText(preset) : filesText(text, { ...flags, as })
}

async function filesText(path: string, flags: SourceFlags & { as: ReadAs }): Promise<Source> {
  const { as, assistant } = flags
  const found = await collect(filesAt(pathOf(path)), { as, assistant, columns: flags.columns?.split(',') })
  const [first] = found.parts
  const notices = [...found.notices, ...found.refused.map(({ why }) => `Not read: ${why}`)]
  if (found.hidden > 0) notices.push(`Hidden files passed over: ${found.hidden}.`)
  if (found.parts.length > 1) notices.push(`Files read: ${found.parts.length}.`)
  return {
    name: basename(path),
    licence: 'not stated',
    ...textOf(found.parts),
    chats: first?.kind === 'chat',
    notices,
  }
}

/** A file, or all files in a folder, to be opened when their turn comes. */
function filesAt(path: string): Dropped[] {
  if (!statSync(path).isDirectory()) return [storedAt(path, dirname(path))]
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => storedAt(join(entry.parentPath, entry.name), path))
}

function storedAt(path: string, folder: string): Dropped {
  const name = relative(folder, path).split(sep).join('/')
  const arrayBuffer = async () => new Uint8Array(await readFile(path)).buffer
  return { name, data: { size: statSync(path).size, arrayBuffer } }
}

async function presetText(preset: Preset | null): Promise<Source> {
  if (!preset?.corpus) throw new UsageError('Which text? Say --text FILE, or a --preset with a text of its own.')
  const corpus = await loadCorpus(preset.corpus, (path) => Promise.resolve(readFileSync(join('public', path), 'utf8')))
  return { ...corpus, chats: false, notices: [] }
}

/** What the flags say is done to a text. Throws UsageError, and CheckpointError for a tokenizer.json that cannot be read. */
export function preparationOf(source: Source, flags: SourceFlags): Preparation {
  const treatment = flags.anonymise && oneOf('anonymise', flags.anonymise, ['mask', 'pseudonym', 'drop_line'])
  return {
    clean: flags.clean?.split(',').map(stepOf) ?? [],
    anonymise: treatment ? anonymiseAll(treatment) : null,
    split: { by: 'position' },
    tokenizer: tokenizerFor(source, flags),
  }
}

/** The list that names are found with. */
export function firstNames(): Promise<string[]> {
  return Promise.resolve(readFileSync(join('public', 'corpora', 'first-names.txt'), 'utf8').split('\n'))
}

/** What was done, for the reader. */
export function noticesOf({ reports, personal, notices }: Prepared): string[] {
  return [...reports.map(told), ...(personal ? [toldOf(personal)] : []), ...notices]
}

/** How much was found of each kind, and the first place. */
function toldOf({ counts, dropped_lines, places }: PersonalReport): string {
  const found = PII_KINDS.flatMap((kind) => (counts[kind].found > 0 ? `${counts[kind].found} ${kind}` : []))
  const [first] = places
  if (!first) return 'Anonymised: nothing personal was found'
  const dropped = dropped_lines > 0 ? `, ${dropped_lines} lines gone` : ''
  return `Anonymised: ${found.join(', ')}${dropped}, first in line ${first.line}: ${JSON.stringify(first.before)} → ${JSON.stringify(first.after)}`
}

const PLAIN_STEPS = ['nfkc', 'control', 'whitespace', 'html', 'lowercase', 'quotes', 'duplicate_lines'] as const
const STEPS = `${PLAIN_STEPS.join(', ')}, near_duplicates:SIMILARITY, length:MIN-MAX, language:CODE+CODE, words:WORD+WORD`

/** `length:10-500` as a step. */
function stepOf(word: string): CleanStep {
  const [kind, value = ''] = word.split(':')
  const plain = PLAIN_STEPS.find((step) => step === kind)
  if (plain && value === '') return { kind: plain }
  const list = value.split('+').filter((item) => item !== '')
  if (kind === 'near_duplicates' && value !== '') return { kind, similarity: Number(value) }
  if (kind === 'language' && list.length > 0) return { kind, keep: list }
  if (kind === 'words' && list.length > 0) return { kind, drop: list }
  const [, min, max] = /^(\d+)-(\d+)$/.exec(value) ?? []
  if (kind === 'length' && min !== undefined) return { kind, min: Number(min), max: Number(max) }
  throw new UsageError(`--clean has no step "${word}"; there are ${STEPS}.`)
}

/** A step, how often it changed something, and the first place. */
function told({ step, count, places }: CleanReport): string {
  const [first] = places
  const shown = (text: string | null) => (text === null ? 'gone' : JSON.stringify(text))
  const document = first?.document === undefined ? '' : `document ${first.document}, `
  const place = first ? `, first in ${document}line ${first.line}: ${shown(first.before)} → ${shown(first.after)}` : ''
  return `Cleaned, ${step.kind}: ${count} ${count === 1 ? 'change' : 'changes'}${place}`
}

/** The tokenizer that a new run reads its text with. */
function tokenizerFor({ special }: Source, flags: SourceFlags): TokenizerChoice {
  if (flags.tokenizer?.endsWith('.json')) {
    if (flags.vocab !== undefined) throw new UsageError('--vocab is for a tokenizer that is learned; leave it out.')
    const state = readTokenizerJson(readFileSync(pathOf(flags.tokenizer), 'utf8'))
    const missing = special.find((token) => !state.special?.includes(token))
    if (missing !== undefined)
      throw new UsageError(`${flags.tokenizer} has no ${missing}, which documents need. Learn one: --tokenizer bpe.`)
    return { kind: 'given', state }
  }
  const kind = oneOf('tokenizer', flags.tokenizer ?? 'char', TOKENIZER_KINDS)
  if (flags.vocab !== undefined && (kind === 'char' || kind === 'byte'))
    throw new UsageError(`--vocab is for word and bpe; ${kind} learns no tokens. Leave it out.`)
  const vocab_size = flags.vocab === undefined ? DEFAULT_VOCAB : wholeNumber('vocab', flags.vocab, special.length + 1)
  return kind === 'word' || kind === 'bpe' ? { kind, vocab_size } : { kind }
}
