// A link, whole: what it carries ↔ its fragment. Everything that is read passed its schema, and fits the rest of the link, or none of
// it is given.
import * as v from 'valibot'
import { tokenizerOf } from '../../data/tokenize/tokenizers'
import { CheckpointError, LinkError } from '../../errors'
import { parseJson } from '../../storage/json'
import { LINK_SECTIONS, type LinkContents, type LinkSection, type LinkWeights } from '../../words/link'
import { count, text } from '../../words/schema'
import { TOKENIZER_KINDS } from '../../words/tokens'
import { curveFromBytes, curveToBytes } from './curve'
import { packedLength, readFragment, writeFragment, fragmentLength, type Section } from './envelope'
import { settingsFromJson, settingsToJson } from './settings'
import { viewFromJson, viewToJson } from './view'
import { weightHead, weightsFromBytes } from './weights'

/** What is put into a link: its contents, the weights rounded already. */
export type LinkParts = Omit<LinkContents, 'weights'> & { weights?: Uint8Array }

/** What a section's JSON may hold: byte pairs of 30,000 tokens. */
const BOUNDS = { length: 3_000_000, depth: 12, nodes: 150_000 }

const finite = v.pipe(v.number(), v.finite())
const CardSchema = v.object({
  step: count,
  params: count,
  val_loss: v.nullable(finite),
  bits_per_byte: v.nullable(finite),
  device: v.optional(v.pipe(text, v.maxLength(200))),
  sha256: v.optional(v.pipe(text, v.regex(/^[0-9a-f]{64}$/))),
})
const TokenizerSchema = v.object({
  kind: v.picklist(TOKENIZER_KINDS),
  vocab: v.array(text),
  merges: v.optional(v.array(v.tuple([text, text]))),
  special: v.optional(v.array(text)),
})

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const bytesOf = (value: object | string) =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value))

/** The sections of a link, in their order. */
export function sectionsOf(parts: LinkParts): Section[] {
  const json = (name: LinkSection, value: object | undefined): Section[] =>
    value ? [{ name, kind: 'json', bytes: bytesOf(value) }] : []
  const bytes = (name: LinkSection, value: Uint8Array | undefined): Section[] =>
    value ? [{ name, kind: 'bytes', bytes: value }] : []
  const made: Record<LinkSection, () => Section[]> = {
    settings: () => json('settings', parts.settings && settingsToJson(parts.settings)),
    card: () => json('card', parts.card),
    view: () => json('view', parts.view && viewToJson(parts.view)),
    curve: () => bytes('curve', parts.curve && curveToBytes(parts.curve)),
    tokenizer: () => json('tokenizer', parts.tokenizer),
    text: () => bytes('text', parts.text === undefined ? undefined : bytesOf(parts.text)),
    weights: () => bytes('weights', parts.weights),
  }
  return LINK_SECTIONS.flatMap((name) => made[name]())
}

/** Writes a link's fragment. Throws LinkError where it would be too long. */
export function writeLink(parts: LinkParts): Promise<string> {
  return writeFragment(sectionsOf(parts))
}

/** Characters of a link with these parts alone, however many. */
export async function linkLength(parts: LinkParts): Promise<number> {
  return fragmentLength(await packedLength(sectionsOf(parts)))
}

/** What was read: `contents` without the weights, which `weights` makes when they are wanted. */
export interface ReadLink {
  contents: Omit<LinkContents, 'weights'>
  sizes: { name: LinkSection; bytes: number }[]
  unknown: string[]
  /** Of weights, if there are any, what is known before they are made. */
  head: Pick<LinkWeights, 'bits' | 'step'> | null
  /** Makes the weights. Throws LinkError where a number is not finite. */
  weights(): LinkWeights | null
}

/** Reads a fragment. Throws LinkError, which says why, where anything of it is not what it should be. */
export async function readLink(fragment: string): Promise<ReadLink> {
  const sections = await readFragment(fragment)
  const known = new Map<string, Section>()
  const unknown: string[] = []
  for (const section of sections)
    if (LINK_SECTIONS.some((name) => name === section.name)) known.set(section.name, section)
    else unknown.push(section.name)
  const bytes = (name: LinkSection) => {
    const section = known.get(name)
    if (section?.kind === 'json') throw new LinkError(`The link’s ${name} should be bytes.`)
    return section?.bytes
  }
  const json = (name: LinkSection): { value: unknown } | undefined => {
    const section = known.get(name)
    if (!section) return undefined
    if (section.kind !== 'json') throw new LinkError(`The link’s ${name} should be JSON.`)
    try {
      return { value: parseJson(utf8.decode(section.bytes), BOUNDS) }
    } catch (cause) {
      throw new LinkError(`The link’s ${name} cannot be read.`, { cause })
    }
  }
  const parsed = <S extends v.GenericSchema>(name: LinkSection, schema: S): v.InferOutput<S> | undefined => {
    const read = json(name)
    if (!read) return undefined
    const { success, output, issues } = v.safeParse(schema, read.value)
    if (!success) throw new LinkError(`The link’s ${name} is wrong at ${v.getDotPath(issues[0]) ?? 'its beginning'}.`)
    return output
  }

  const settings = json('settings')
  const shown = json('view')
  const read = shown && viewFromJson(shown.value)
  unknown.push(...(read?.unknown ?? []))
  const curve = bytes('curve')
  const written = bytes('text')
  const contents: ReadLink['contents'] = defined({
    settings: settings && settingsFromJson(settings.value),
    card: parsed('card', CardSchema),
    view: read?.view,
    curve: curve && curveFromBytes(curve),
    tokenizer: parsed('tokenizer', TokenizerSchema),
    text: written && decoded(written),
  })
  checkTogether(contents)
  const packed = bytes('weights')
  if (packed && !(contents.settings && contents.tokenizer))
    throw new LinkError('The link has weights, but lacks the settings or the tokenizer that they belong to.')
  const head = packed ? weightHead(contents.settings!.config, packed) : null
  return {
    contents,
    sizes: LINK_SECTIONS.flatMap((name) => (known.has(name) ? [{ name, bytes: known.get(name)!.bytes.length }] : [])),
    unknown,
    head,
    weights: () => (packed ? weightsFromBytes(contents.settings!.config, packed) : null),
  }
}

/** What is there, without what is not. */
function defined<T extends object>(all: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as T
}

function decoded(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch (cause) {
    throw new LinkError('The link’s text is no text.', { cause })
  }
}

/** Settings, tokenizer and text belong together. */
function checkTogether({ settings, tokenizer, text }: ReadLink['contents']): void {
  if (text !== undefined && !settings) throw new LinkError('The link has a text, but no settings that name it.')
  if (tokenizer) {
    try {
      tokenizerOf(tokenizer)
    } catch (cause) {
      if (!(cause instanceof CheckpointError)) throw cause
      throw new LinkError(`The link’s tokenizer cannot be used: ${cause.message}`, { cause })
    }
  }
  if (!settings) return
  const { config, reads } = settings
  if (tokenizer && (tokenizer.vocab.length !== config.vocab_size || tokenizer.kind !== reads))
    throw new LinkError(
      `The link’s tokenizer has ${tokenizer.vocab.length} tokens, but its settings say ${config.vocab_size}. They do not belong together.`,
    )
}
