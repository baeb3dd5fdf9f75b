// The one shape of what comes from a disk, a file or the clipboard: a config, a recipe, a history, a recording, settings. Nothing
// believes such a value before it was read here. Records are src/storage's.
import { KEYFRAME_BUDGET } from './keyframes'
import * as v from 'valibot'
import { FIELDS } from '../config/fields'
import type { Config } from '../config/config'
import type { Field } from '../config/field'
import { KEPT, StepColumns, type PackedSteps } from './columns'
import { LOSS_UNITS } from './loss_unit'
import { NAME_STRICTNESS, PII_KINDS, TREATMENTS, type Anonymise, type CleanStep, type Split } from './recipe'
import type { Mark } from './run'
import { TOKENIZER_KINDS } from './tokens'

/** A value of type T, read from anything. */
type Reads<T> = v.GenericSchema<unknown, T>
/** The schemas of an object's fields, `Tag` aside. */
type FieldsOf<T, Tag extends string = never> = { [K in Exclude<keyof T, Tag>]-?: Reads<T[K]> }

export const text = v.string()
export const texts = v.pipe(v.array(text), v.readonly())
export const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
/** More than none, at most all. */
export const share = v.pipe(v.number(), v.gtValue(0), v.maxValue(1))
/** A run that blows up measures NaN, for which JSON writes null. */
export const measured = v.pipe(
  v.nullable(v.union([v.number(), v.nan()])),
  v.transform((x) => x ?? NaN),
)

/** A field's value by its kind. `validate` judges ranges: it knows a way out. */
function valueOf(field: Field): v.GenericSchema {
  const value = field.kind === 'bool' ? v.boolean() : field.kind === 'choice' ? v.picklist(field.options) : v.number()
  return field.absent === undefined ? value : v.optional(value as v.GenericSchema, field.absent)
}

const FIELD_NAMES = [...Object.keys(FIELDS), 'vocab_size']

const configEntries = {
  ...Object.fromEntries(Object.entries(FIELDS).map(([name, field]) => [name, valueOf(field)])),
  vocab_size: v.number(),
}
/** A config whose fields have the right types. A field that is younger than the run gets the value that it had before. */
export const ConfigSchema = v.object(configEntries) as Reads<unknown> as Reads<Config>
/** A config of a run that is kept: a field that is younger than this page stays in it, unread. */
export const KeptConfigSchema = v.looseObject(configEntries) as Reads<unknown> as Reads<Config>

/** Some fields of a config, by name; `validate` judges their values. */
export const OverridesSchema = v.pipe(
  v.unknown(),
  v.check((value) => typeof value === 'object' && value !== null && !Array.isArray(value)),
  v.strictObject(v.entriesFromList(FIELD_NAMES, v.optional(v.unknown()))) as Reads<unknown> as Reads<Partial<Config>>,
)

/** What makes the schema of an object from its fields'. Strict ones refuse a field that they do not know; others leave it out. */
type MakeObject = (fields: v.ObjectEntries) => v.GenericSchema

/** Objects of one of several kinds, which the field `tag` tells. */
function variant<T>(tag: string, object: MakeObject, kinds: Record<string, v.ObjectEntries>): Reads<T> {
  const options = Object.entries(kinds).map(([kind, fields]) => object({ [tag]: v.literal(kind), ...fields }))
  return v.variant(tag, options as never) as Reads<unknown> as Reads<T>
}

/** A recipe's parts. Numbers in a kept recipe are any that once ran; `portion` and `whole` limit those in a pasted one. */
function recipeOf(object: MakeObject, portion: Reads<number>, whole: Reads<number>) {
  const steps: { [K in CleanStep['kind']]: FieldsOf<Extract<CleanStep, { kind: K }>, 'kind'> } = {
    html: {},
    control: {},
    nfkc: {},
    quotes: {},
    whitespace: {},
    lowercase: {},
    words: { drop: texts },
    length: { min: whole, max: whole },
    language: { keep: texts },
    duplicate_lines: {},
    near_duplicates: { similarity: portion },
  }
  const refused = object({ kind: v.picklist(PII_KINDS), text }) as Reads<Anonymise['refused'][number]>
  const treatments = object(v.entriesFromList(PII_KINDS, v.picklist(TREATMENTS))) as Reads<Anonymise['treatments']>
  const anonymise: FieldsOf<Anonymise> = {
    treatments,
    names: v.picklist(NAME_STRICTNESS),
    country: text,
    own: texts,
    refused: v.pipe(v.array(refused), v.readonly()),
    seed: whole,
  }
  const split: { [K in Split['by']]: FieldsOf<Extract<Split, { by: K }>, 'by'> } = {
    // A seed here says nothing, and is left out.
    position: { seed: v.optional(v.unknown()) },
    document: { seed: whole },
  }
  return {
    step: variant<CleanStep>('kind', object, steps),
    anonymise: object(anonymise) as Reads<Anonymise>,
    split: v.pipe(
      variant<Split>('by', object, split),
      v.transform((read): Split => (read.by === 'position' ? { by: 'position' } : read)),
    ),
  }
}

const kept = recipeOf(v.object, v.number(), v.number())
export const StepSchema = kept.step
export const AnonymiseSchema = kept.anonymise
export const SplitSchema = kept.split

const pasted = recipeOf(v.strictObject, share, count)
/** A recipe that a person pastes: what is left out is not done, and what is not known is refused. */
export const RecipeSchema = v.strictObject({
  clean: v.optional(v.array(pasted.step), []),
  anonymise: v.optional(v.nullable(pasted.anonymise), null),
  split: v.optional(pasted.split, { by: 'position' }),
})

const EvalSchema = v.object({
  step: count,
  val_loss: measured,
  train_loss: v.nullable(v.union([v.number(), v.nan()])),
  update_ratio: v.optional(v.number()),
})
const SampleSchema = v.pipe(
  v.object({ step: count, prompt: text, tokens: v.array(text), probabilities: v.array(measured) }),
  v.check(
    ({ tokens, probabilities }) => tokens.length === probabilities.length,
    'each token of a sample needs its probability',
  ),
)
/** Of several at one step the last counts, as in a run that repeats its steps. */
const oncePerStep = <T extends { step: number }>(list: T[]): T[] => [
  ...new Map(list.map((entry) => [entry.step, entry])).values(),
]
/** Marks that are older than their identities, or whose identities cannot be told apart, are counted up anew. */
const MarksSchema = v.pipe(
  v.array(v.object({ id: v.optional(v.pipe(count, v.maxValue(0xffff_ffff))), step: count, text })),
  v.transform((marks): Mark[] => {
    const told = marks.every(({ id }, i) => id !== undefined && id > (marks[i - 1]?.id ?? 0))
    return marks.map(({ id = 0, step, text }, i) => ({ id: told ? id : i + 1, step, text }))
  }),
)
/** What a run went through, beside its steps. */
export const happened = {
  evals: v.pipe(v.array(EvalSchema), v.transform(oncePerStep)),
  samples: v.pipe(v.array(SampleSchema), v.transform(oncePerStep)),
  events: MarksSchema,
}

/** A finished run that the page replays; `npm run record` writes it. */
export const RecordingSchema = v.object({
  name: text,
  config: ConfigSchema,
  tokenizer: v.picklist(TOKENIZER_KINDS),
  /** Bytes of its held-out text to a token. */
  bytes_per_token: v.number(),
  history: v.object({
    steps: v.pipe(
      v.array(v.object({ ...v.entriesFromList(KEPT, measured), step: count })),
      v.transform((rows): PackedSteps => StepColumns.from(rows).packed()),
    ),
    ...happened,
  }),
  /** What counting reaches on the same text, as `Lab.ladder` tells it. */
  ladder: v.nullable(v.array(v.number())),
  /** Where and how the run was made, for the reader. */
  note: text,
})

/** What a person has set about the page itself. Each setting falls back alone: one that cannot be read loses no other. */
export const SettingsSchema = v.object({
  theme: v.fallback(v.picklist(['system', 'light', 'dark']), 'system'),
  shortcuts: v.fallback(v.boolean(), true),
  engine: v.fallback(v.picklist(['auto', 'gpu', 'cpu']), 'auto'),
  /** What the kept steps of a run may take of the disk. */
  keyframeBytes: v.fallback(v.pipe(v.number(), v.minValue(0), v.maxValue(2 ** 40)), KEYFRAME_BUDGET),
  /** What the loss chart shows, where the run allows it. */
  lossUnit: v.fallback(v.picklist(LOSS_UNITS), 'nats'),
  lastRun: v.fallback(v.nullable(text), null),
  /** The run that others are compared with; null where nobody chose one. */
  baseline: v.fallback(v.nullable(text), null),
  /** What all runs together should take of the disk, in bytes; 0: what the browser allows. */
  spaceBudget: v.fallback(v.pipe(v.number(), v.minValue(0), v.maxValue(2 ** 50)), 0),
})
