// What `npm run train` learns from: a file or a folder read as text, as chats or as tables, cleaned and anonymised if asked, and the tokenizer to
// read it with.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join, relative, sep } from 'node:path'
import { READ_AS, type ReadAs } from '../words/collecting'
import { anonymise, type Anonymised } from '../data/prepare/anonymise'
import { clean } from '../data/prepare/clean'
import { collect, textOf, type Dropped } from '../data/collect/collect'
import { loadCorpus } from '../data/made/corpora'
import { learnTokenizer } from '../data/tokenize/learn'
import { readTokenizerJson } from '../data/tokenize/tokenizer_json'
import type { Preset } from '../presets'
import { anonymiseAll, PII_KINDS, type CleanReport, type CleanStep } from '../words/recipe'
import { TOKENIZER_KINDS, type TokenizerState } from '../words/tokens'
import type { DatasetCard } from '../words/corpus'
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

export interface Source {
  name: string
  licence: string
  text: string
  /** Written between documents and turns; none in plain text. */
  special: readonly string[]
  /** Whether it begins with a conversation. */
  chats: boolean
  notices: string[]
  /** What the card cannot read off the text. */
  made: Pick<DatasetCard, 'recipe' | 'generated'>
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
  const source = text === undefined ? await presetText(preset) : await filesText(text, { ...flags, as })
  const tidy = flags.clean === undefined ? source : cleaned(source, flags.clean)
  return flags.anonymise === undefined ? tidy : withoutPeople(tidy, flags.anonymise)
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
    made: { recipe: [] },
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
  const { generated, ...corpus } = await loadCorpus(preset.corpus, (path) =>
    Promise.resolve(readFileSync(join('public', path), 'utf8')),
  )
  return { ...corpus, chats: false, notices: [], made: { recipe: [], ...(generated && { generated }) } }
}

function cleaned(source: Source, list: string): Source {
  const { text, reports } = clean(source.text, list.split(',').map(stepOf), source.special)
  const recipe = reports.map(({ step, count }) => ({ step, count }))
  return { ...source, text, notices: [...source.notices, ...reports.map(told)], made: { ...source.made, recipe } }
}

async function withoutPeople(source: Source, word: string): Promise<Source> {
  const treatment = oneOf('anonymise', word, ['mask', 'pseudonym', 'drop_line'])
  const names = readFileSync(join('public', 'corpora', 'first-names.txt'), 'utf8').split('\n')
  const made = await anonymise(source.text, anonymiseAll(treatment), { names, special: source.special })
  return { ...source, text: made.text, notices: [...source.notices, toldOf(made)] }
}

/** How much was found of each kind, and the first place. */
function toldOf({ counts, dropped_lines, places }: Anonymised): string {
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

/** The tokenizer that a new run reads its text with. Throws UsageError or CorpusError. */
export function tokenizerFor({ text, special }: Source, flags: SourceFlags): TokenizerState | undefined {
  if (flags.tokenizer?.endsWith('.json')) {
    if (flags.vocab !== undefined) throw new UsageError('--vocab is for a tokenizer that is learned; leave it out.')
    const state = readTokenizerJson(readFileSync(pathOf(flags.tokenizer), 'utf8'))
    const missing = special.find((token) => !state.special?.includes(token))
    if (missing !== undefined)
      throw new UsageError(`${flags.tokenizer} has no ${missing}, which documents need. Learn one: --tokenizer bpe.`)
    return state
  }
  const kind = oneOf('tokenizer', flags.tokenizer ?? 'char', TOKENIZER_KINDS)
  if (flags.vocab !== undefined && (kind === 'char' || kind === 'byte'))
    throw new UsageError(`--vocab is for word and bpe; ${kind} learns no tokens. Leave it out.`)
  // A plain text's characters are what it is read by if nothing is said, with a notice of those left out.
  if (kind === 'char' && special.length === 0) return undefined
  const vocab_size = flags.vocab === undefined ? DEFAULT_VOCAB : wholeNumber('vocab', flags.vocab, special.length + 1)
  return learnTokenizer(text, kind === 'word' || kind === 'bpe' ? { kind, vocab_size } : { kind }, special)
}
