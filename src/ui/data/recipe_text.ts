// A copied recipe, read back: JSON from outside, checked field by field, so that it can be replayed on another text. What is
// wrong is said by its place, with what would be right.
import {
  NAME_STRICTNESS,
  PII_KINDS,
  TREATMENTS,
  type Anonymise,
  type CleanStep,
  type PiiKind,
  type Treatment,
  type Preparation,
  type Split,
} from '../../words/recipe'
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
  if (!isObject(json) || !['clean', 'anonymise', 'split'].some((name) => name in json)) throw new Wrong(say.noRecipe)
  const {
    clean = [],
    anonymise = null,
    split = { by: 'position' },
  } = fieldsOf(json, say.whole, ['clean', 'anonymise', 'split'])
  const steps = listOf(clean, 'clean').map(stepFrom)
  const twice = steps.find(({ kind }, i) => steps.findIndex((step) => step.kind === kind) < i)
  if (twice) throw new Wrong(say.twice(twice.kind))
  return { clean: steps, anonymise: anonymise === null ? null : anonymiseFrom(anonymise), split: splitFrom(split) }
}

function stepFrom(value: unknown, i: number): CleanStep {
  const where = say.stepAt(i + 1)
  if (!isObject(value)) throw new Wrong(say.mustBe(where, say.step))
  const kind = oneOf(value['kind'], `${where}, kind`, Object.keys(m.recipe.steps) as CleanStep['kind'][])
  switch (kind) {
    case 'near_duplicates': {
      const { similarity } = fieldsOf(value, where, ['kind', 'similarity'])
      if (typeof similarity === 'number' && similarity > 0 && similarity <= 1) return { kind, similarity }
      throw new Wrong(say.mustBe(`${where}, similarity`, say.similarity))
    }
    case 'length': {
      const { min, max } = fieldsOf(value, where, ['kind', 'min', 'max'])
      const length = { kind, min: whole(min, `${where}, min`), max: whole(max, `${where}, max`) }
      if (length.min > length.max) throw new Wrong(say.mustBe(`${where}, max`, say.atLeast(length.min)))
      return length
    }
    case 'language': {
      const { keep } = fieldsOf(value, where, ['kind', 'keep'])
      return {
        kind,
        keep: texts(keep, `${where}, keep`).map((code) => known(code, `${where}, keep`, LANGUAGES, say.language)),
      }
    }
    case 'words': {
      const { drop } = fieldsOf(value, where, ['kind', 'drop'])
      return { kind, drop: texts(drop, `${where}, drop`) }
    }
    default:
      fieldsOf(value, where, ['kind'])
      return { kind }
  }
}

function anonymiseFrom(value: unknown): Anonymise {
  const names = ['treatments', 'names', 'country', 'own', 'refused', 'seed'] as const
  const fields = fieldsOf(value, 'anonymise', names)
  const treated = fieldsOf(fields.treatments, 'anonymise, treatments', PII_KINDS)
  const treatments = Object.fromEntries(
    PII_KINDS.map((kind) => [kind, oneOf(treated[kind], `anonymise, treatments, ${kind}`, TREATMENTS)]),
  ) as Record<PiiKind, Treatment>
  return {
    treatments,
    names: oneOf(fields.names, 'anonymise, names', NAME_STRICTNESS),
    country: known(fields.country, 'anonymise, country', COUNTRIES, say.country),
    own: texts(fields.own, 'anonymise, own'),
    refused: listOf(fields.refused, 'anonymise, refused').map((hit) => {
      const { kind, text } = fieldsOf(hit, 'anonymise, refused', ['kind', 'text'])
      if (typeof text !== 'string') throw new Wrong(say.mustBe('anonymise, refused, text', say.text))
      return { kind: oneOf(kind, 'anonymise, refused, kind', PII_KINDS), text }
    }),
    seed: whole(fields.seed, 'anonymise, seed'),
  }
}

function splitFrom(value: unknown): Split {
  const { by, seed } = fieldsOf(value, 'split', ['by', 'seed'])
  return oneOf(by, 'split, by', ['position', 'document']) === 'position'
    ? { by: 'position' }
    : { by: 'document', seed: whole(seed, 'split, seed') }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The fields of an object that has no others. */
function fieldsOf<K extends string>(value: unknown, where: string, names: readonly K[]): Partial<Record<K, unknown>> {
  if (!isObject(value)) throw new Wrong(say.mustBe(where, say.object(names)))
  const stranger = Object.keys(value).find((name) => !names.some((known) => known === name))
  if (stranger !== undefined) throw new Wrong(say.stranger(where, short(stranger), names))
  return value as Partial<Record<K, unknown>>
}

function listOf(value: unknown, where: string): unknown[] {
  if (Array.isArray(value)) return value
  throw new Wrong(say.mustBe(where, say.list))
}

function texts(value: unknown, where: string): string[] {
  const list = listOf(value, where)
  if (list.every((item) => typeof item === 'string')) return list
  throw new Wrong(say.mustBe(where, say.texts))
}

function whole(value: unknown, where: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw new Wrong(say.mustBe(where, say.whole0))
}

function oneOf<T extends string>(value: unknown, where: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value)
  if (found !== undefined) return found
  throw new Wrong(say.oneOf(where, allowed, typeof value === 'string' ? short(value) : null))
}

/** A code of a list that is too long to be told. */
function known(value: unknown, where: string, codes: readonly string[], what: string): string {
  const found = codes.find((code) => code === value)
  if (found !== undefined) return found
  throw new Wrong(say.mustBe(where, what))
}

const short = (text: string) => (text.length > REPEATED ? `${text.slice(0, REPEATED)}…` : text)
