// A run's settings as a difference to a preset, derived from the one table of settings (src/config/fields.ts). A field that is younger
// than a link has the value there that runs had before it. Presets may change: a checksum over the whole config tells whether the one
// that this page has gives what the sharer had.
import * as v from 'valibot'
import type { Config } from '../../config/config'
import { FIELDS, type FieldName } from '../../config/fields'
import { validate } from '../../config/validate'
import { LinkError } from '../../errors'
import { configFor, PRESETS } from '../../presets'
import { xxh32 } from '../../storage/checksum'
import { GatesSchema } from '../../storage/schema'
import { ConfigSchema, count, OverridesSchema, SplitSchema, text } from '../../words/schema'
import { TOKENIZER_KINDS } from '../../words/tokens'
import type { LinkSettings } from '../../words/link'

const NAMES = Object.keys(FIELDS) as FieldName[]
/** Characters of the texts that a person typed, at most. */
export const LONGEST = { name: 200, prompt: 2000, licence: 1000 }

const short = (most: number) => v.pipe(text, v.maxLength(most))
const SettingsSchema = v.object({
  name: short(LONGEST.name),
  prompt: short(LONGEST.prompt),
  preset: v.nullable(short(64)),
  /** What differs from the preset. */
  config: OverridesSchema,
  vocab_size: v.pipe(count, v.minValue(1), v.maxValue(1_000_000)),
  sum: count,
  corpus: v.object({
    name: short(LONGEST.name),
    fingerprint: v.pipe(text, v.regex(/^[0-9a-f]{64}$/)),
    characters: count,
    licence: short(LONGEST.licence),
    split: v.optional(SplitSchema),
  }),
  builtIn: v.nullable(short(64)),
  reads: v.picklist(TOKENIZER_KINDS),
  gates: v.optional(GatesSchema),
  bytes_per_token: v.optional(v.pipe(v.number(), v.finite(), v.minValue(0))),
})

/** Of a field with a value for runs that are older than it, that value; it stands in a link only where it differs. */
const older = (name: FieldName) => FIELDS[name].absent

/** The settings that a difference is told to: a preset's, or (null) the defaults. */
function baseOf(preset: string | null, vocab_size: number): Config {
  const found = PRESETS.find(({ id }) => id === preset)
  if (preset !== null && !found)
    throw new LinkError(
      `The link tells its settings by the preset “${preset}”, which this page does not have. Load the page again for a newer one.`,
    )
  const base = configFor(found?.config ?? {}, vocab_size)
  for (const name of NAMES) {
    const absent = older(name)
    if (absent !== undefined) Reflect.set(base, name, absent)
  }
  return base
}

/** The same number for the same settings, also where a later page has fields that this one lacks. */
function sumOf(config: Config): number {
  const told = NAMES.filter((name) => config[name] !== older(name)).map((name) => [name, config[name]])
  return xxh32(new TextEncoder().encode(JSON.stringify([...told, config.vocab_size])))
}

function difference(config: Config, preset: string | null): Partial<Config> {
  const base = baseOf(preset, config.vocab_size)
  return Object.fromEntries(NAMES.filter((name) => config[name] !== base[name]).map((name) => [name, config[name]]))
}

/** Settings as they stand in a link. `preset` of what is given is a wish: the one with the least to tell is taken. */
export function settingsToJson(settings: LinkSettings): object {
  const { config, name, prompt, corpus, builtIn, reads, gates, bytes_per_token } = settings
  const ways = [null, ...PRESETS.map(({ id }) => id)].map((preset) => ({ preset, config: difference(config, preset) }))
  const length = (way: (typeof ways)[number]) => JSON.stringify(way).length
  const shortest = ways.reduce((a, b) => (length(b) < length(a) ? b : a))
  return {
    name: name.slice(0, LONGEST.name),
    prompt: prompt.slice(0, LONGEST.prompt),
    ...shortest,
    vocab_size: config.vocab_size,
    sum: sumOf(config),
    corpus: { ...corpus, name: corpus.name.slice(0, LONGEST.name), licence: corpus.licence.slice(0, LONGEST.licence) },
    builtIn,
    reads,
    ...(gates && { gates }),
    ...(bytes_per_token !== undefined && { bytes_per_token }),
  }
}

/** Throws LinkError where they are no settings, or not those that were shared. */
export function settingsFromJson(value: unknown): LinkSettings {
  const { success, output, issues } = v.safeParse(SettingsSchema, value)
  if (!success) throw new LinkError(`The link’s settings are wrong at ${v.getDotPath(issues[0]) ?? 'their beginning'}.`)
  const { config: overrides, vocab_size, sum, ...others } = output
  const config: Config = { ...baseOf(output.preset, vocab_size), ...overrides, vocab_size }
  const typed = v.safeParse(ConfigSchema, config)
  const problems = typed.success ? validate(config) : [{ message: 'A setting is of another kind.' }]
  if (problems.length > 0)
    throw new LinkError(`The link’s settings cannot be run: ${problems.map(({ message }) => message).join(' ')}`)
  if (sumOf(config) !== sum)
    throw new LinkError(
      'The link’s settings are told by a preset that has changed since. Open it with the page that made it.',
    )
  return { ...others, config }
}
