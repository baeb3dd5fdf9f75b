// A copied recipe, read back: JSON from outside, checked by its schema, so that it can be replayed on another text. What is wrong
// is said by its place, with what would be right.
import * as v from 'valibot'
import type { Preparation } from '../../words/recipe'
import { count, RecipeSchema, share } from '../../words/schema'
import { m } from '../messages'
import { COUNTRIES, LANGUAGES } from '../parts/regions'

/** What is done to a text before it is read: all of a preparation but the tokenizer. */
export type Made = Omit<Preparation, 'tokenizer'>

/** A wrong place, in words for a person. */
class Wrong extends Error {}

const say = m.recipe.pasted
/** Characters of what was pasted that a message repeats. */
const REPEATED = 40

/** A recipe as “Copy the recipe” writes it; what it leaves out is not done. */
export function parseRecipe(text: string): { made: Made } | { problem: string } {
  try {
    return { made: madeFrom(jsonOf(text)) }
  } catch (error) {
    if (error instanceof Wrong) return { problem: error.message }
    throw error
  }
}

function jsonOf(text: string): unknown {
  if (text.trim() === '') throw new Wrong(say.empty)
  try {
    return JSON.parse(text)
  } catch {
    throw new Wrong(say.noJson)
  }
}

function madeFrom(json: unknown): Made {
  if (typeof json !== 'object' || json === null || !Object.keys(RecipeSchema.entries).some((name) => name in json))
    throw new Wrong(say.noRecipe)
  const { success, output: made, issues } = v.safeParse(RecipeSchema, json)
  if (!success) throw new Wrong(told(issues[0]))
  const { clean, anonymise } = made
  const twice = clean.find(({ kind }, i) => clean.findIndex((step) => step.kind === kind) < i)
  if (twice) throw new Wrong(say.twice(twice.kind))
  for (const [i, step] of clean.entries()) {
    const where = say.stepAt(i + 1)
    if (step.kind === 'length' && step.min > step.max)
      throw new Wrong(say.mustBe(`${where}, max`, say.atLeast(step.min)))
    if (step.kind === 'language' && step.keep.some((code) => !LANGUAGES.includes(code)))
      throw new Wrong(say.mustBe(`${where}, keep`, say.language))
  }
  if (anonymise && !COUNTRIES.includes(anonymise.country))
    throw new Wrong(say.mustBe('anonymise, country', say.country))
  return made
}

/** What is wrong with one place: a field that nobody knows, or a value that is not what the schema has there. */
function told({ path: found, expected }: v.BaseIssue<unknown>): string {
  const path: Path = found ?? []
  const last = path.at(-1)
  const around = path.slice(0, -1)
  if (last && expected === 'never')
    return say.stranger(whereOf(around), short(String(last.key)), namesOf(chosen(schemaAt(around), last.input)))
  const schema = schemaAt(path)
  // A list of texts is told as one.
  if (schema.type === 'string' && typeof last?.key === 'number') return say.mustBe(whereOf(around), say.texts)
  if (schema.type !== 'picklist') return say.mustBe(whereOf(path), wordsFor(schema))
  const value = typeof last?.value === 'string' ? short(last.value) : null
  return say.oneOf(whereOf(path), schema.options as readonly string[], value)
}

type Path = readonly v.IssuePathItem[]

/** The place in words: a step by its number, an item of another list by the list. */
function whereOf(path: Path): string {
  const names = path.flatMap(({ key }) => (typeof key === 'string' ? key : []))
  const [first, second] = path
  if (!first) return say.whole
  return first.key === 'clean' && second
    ? [say.stepAt(Number(second.key) + 1), ...names.slice(1)].join(', ')
    : names.join(', ')
}

/** What a schema of a recipe is made of, by its `type`. */
interface Schema extends v.GenericSchema {
  entries?: Record<string, Schema>
  item?: Schema
  wrapped?: Schema
  /** Of a picklist its texts; of a variant its objects, told apart by their field `key`. */
  options?: readonly unknown[]
  key?: string
  literal?: string
}

/** The schema of one place. */
function schemaAt(path: Path): Schema {
  let schema: Schema = RecipeSchema
  for (const { key, input } of path) {
    const here = chosen(schema, input)
    if (here.type === 'variant') return v.picklist(kindsOf(here))
    schema = (here.item ?? here.entries?.[String(key)])!
  }
  return chosen(schema, null)
}

/** The schema itself, where it may be left out or null; of a variant the option that `value` asks for, if there is one. */
function chosen(schema: Schema, value: unknown): Schema {
  if (schema.wrapped) return chosen(schema.wrapped, value)
  if (schema.type !== 'variant' || typeof value !== 'object' || value === null) return schema
  const tag: unknown = Reflect.get(value, schema.key!)
  return optionsOf(schema).find(({ entries }) => entries![schema.key!]!.literal === tag) ?? schema
}

const optionsOf = ({ options }: Schema) => options as readonly Schema[]
const kindsOf = (variant: Schema): string[] => optionsOf(variant).map(({ entries }) => entries![variant.key!]!.literal!)

/** The fields that an object of this schema may have. */
function namesOf({ entries, options = [] }: Schema): string[] {
  if (entries) return Object.keys(entries)
  return [...new Set(options.flatMap((option) => namesOf(option as Schema)))]
}

function wordsFor(schema: Schema): string {
  const { type, item } = schema
  if (schema === share) return say.similarity
  if (schema === count) return say.whole0
  if (item) return item.type === 'string' ? say.texts : say.list
  if (type === 'string') return say.text
  return schema.key === 'kind' ? say.step : say.object(namesOf(schema))
}

const short = (text: string) => (text.length > REPEATED ? `${text.slice(0, REPEATED)}…` : text)
