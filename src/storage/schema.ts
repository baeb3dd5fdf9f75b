// What a checkpoint's header, a run's history and a run's record must look like, and what is said where they do not.
import * as v from 'valibot'
import { validate } from '../config/validate'
import { CheckpointError } from '../errors'
import { KEPT, PACKED } from '../words/columns'
import type { Origin } from '../words/kept'
import { PII_KINDS } from '../words/recipe'
import {
  AnonymiseSchema,
  KeptConfigSchema,
  count,
  happened,
  measured,
  SplitSchema,
  StepSchema,
  text,
} from '../words/schema'
import { TOKENIZER_KINDS } from '../words/tokens'
import type { CheckpointMeta, RunSpec } from '../words/run'
import type { PackedHistory } from '../words/history'
import type { Piece } from '../words/pieces'

/** The versions of the checkpoint header that can be read. The third has no moments, without which older pages would take it for damaged. */
export const KNOWN_VERSIONS = [1, 2, 3] as const

const characterCounts = v.array(v.looseObject({ character: text, count }))

const CardSchema = v.looseObject({
  words: count,
  lines: count,
  longest_line: count,
  duplicate_share: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
  documents: count,
  conversations: count,
  turns: count,
  alphabet: v.looseObject({ size: count, frequent: characterCounts, rare: characterCounts }),
  language: v.nullable(text),
  recipe: v.array(v.looseObject({ step: StepSchema, count })),
  anonymise: v.optional(AnonymiseSchema),
  personal: v.optional(
    v.looseObject({
      kinds: v.array(v.looseObject({ kind: v.picklist(PII_KINDS), found: count, went_through: count })),
      dropped_lines: count,
    }),
  ),
  generated: v.optional(v.looseObject({ task: text, settings: v.record(text, v.number()), seed: v.number() })),
})

/** Gates by the address of their set. */
export const GatesSchema = v.record(text, v.array(v.pipe(v.number(), v.finite())))
const SpecSchema = v.looseObject({
  name: text,
  config: KeptConfigSchema,
  corpus: v.looseObject({
    name: text,
    fingerprint: v.pipe(text, v.regex(/^[0-9a-f]{64}$/, 'must be 64 hex digits')),
    characters: count,
    licence: text,
    split: v.optional(SplitSchema),
    card: v.optional(CardSchema),
  }),
  tokenizer: v.looseObject({
    kind: v.picklist(TOKENIZER_KINDS),
    vocab: v.array(text),
    merges: v.optional(v.array(v.tuple([text, text]))),
    special: v.optional(v.array(text)),
  }),
  prompt: text,
  bytes_per_token: v.optional(v.pipe(v.number(), v.finite(), v.minValue(0))),
  gates: v.optional(GatesSchema),
  imported: v.optional(v.looseObject({ from: text, format: text })),
})

/** Which kernel was chosen for which class of calls. */
export const ChoicesSchema = v.array(
  v.looseObject({
    key: text,
    variant: text,
    ms: v.record(text, v.number()),
    flops: v.number(),
    refused: v.array(text),
  }),
)

const MetaSchema = v.looseObject({
  format: v.literal('glasshouse-checkpoint'),
  /** The first lacked a checksum. */
  version: v.pipe(
    v.picklist(KNOWN_VERSIONS),
    v.transform((version) => (version === 3 ? 3 : 2)),
  ),
  step: count,
  tokens: count,
  elapsed_s: v.pipe(v.number(), v.finite(), v.minValue(0)),
  best_val_loss: v.nullable(v.pipe(v.number(), v.finite())),
  recent: v.optional(v.looseObject({ sum: v.number(), count })),
  spec: SpecSchema,
  kernels: v.optional(v.looseObject({ adapter: text, choices: ChoicesSchema })),
})

const pieces = v.array(v.object({ id: count, level: count }))
/** Typed in the browser's database, a plain list in JSON. */
const column = v.union([v.instance(Float64Array), v.array(measured)])
const StepsSchema = v.pipe(
  v.object({
    ...v.entriesFromList(KEPT, column),
    low: v.optional(column),
    high: v.optional(column),
    span: v.optional(column),
    pieces: v.optional(pieces),
  }),
  v.check(
    (steps) => PACKED.every((name) => (steps[name]?.length ?? steps.step.length) === steps.step.length),
    'the columns of the steps have different lengths',
  ),
)
const PiecesSchema = v.object({ evals: pieces, samples: pieces, events: pieces })
const HistorySchema = v.object({ steps: StepsSchema, ...happened, pieces: v.optional(PiecesSchema) })

const kept = v.nullable(v.looseObject({ serial: count, step: count, size_bytes: count, seal: v.optional(text) }))
const RecordSchema = v.looseObject({
  id: text,
  created: v.number(),
  updated: v.number(),
  status: v.picklist(['paused', 'finished', 'failed']),
  reason: v.nullable(text),
  spec: SpecSchema,
  notes: text,
  params: count,
  last_val_loss: v.nullable(v.number()),
  best_val_loss: v.nullable(v.number()),
  kept: v.looseObject({ latest: kept, previous: kept, best: kept }),
  history: v.optional(v.looseObject({ steps: pieces, evals: pieces, samples: pieces, events: pieces })),
  starred: v.optional(v.boolean()),
  train_loss: v.optional(v.nullable(v.number())),
  origin: v.optional(v.looseObject({ how: text, run: v.nullable(text), name: text, step: count })),
})

/** A checkpoint on the disk. */
export interface Kept {
  serial: number
  step: number
  size_bytes: number
  /** The digits of its seal, by which it is known from every other; absent in records that did not say so yet. */
  seal?: string | undefined
}

/**
 * A run as it is kept, with the checkpoints that it points at; one checkpoint may have two roles. Nothing trains a run that
 * is only on disk, so `running` is not among its states. Fields that a later version added stay in it, unread.
 */
export interface RunRecord {
  id: string
  created: number
  updated: number
  status: 'paused' | 'finished' | 'failed'
  reason: string | null
  spec: RunSpec
  notes: string
  params: number
  last_val_loss: number | null
  best_val_loss: number | null
  kept: { latest: Kept | null; previous: Kept | null; best: Kept | null }
  /** The pieces of its history; absent where it was kept as a whole, before there were pieces. */
  history?: Record<'steps' | 'evals' | 'samples' | 'events', Piece[]> | undefined
  /** A person marked it; absent where nobody did. */
  starred?: boolean | undefined
  /** Mean training loss of the last steps before the save, nats a token; absent in older runs. */
  train_loss?: number | null | undefined
  /** Where its first weights came from; absent where they were drawn by chance, and in older runs. */
  origin?: Origin | undefined
}

/** The record, or the name of the field by which it is not one. */
export function parseRecord(value: unknown): RunRecord | { wrong: string } {
  const result = v.safeParse(RecordSchema, value)
  return result.success ? result.output : { wrong: v.getDotPath(result.issues[0]) ?? 'all of it' }
}

/** The numbers beside the weights. Throws CheckpointError naming the field that is wrong. */
export function parseMeta(value: unknown): CheckpointMeta {
  const meta: CheckpointMeta = parse('meta', MetaSchema, value)
  checkSpec(meta.spec)
  return meta
}

/** Throws CheckpointError naming what is wrong with it. */
export function parseHistory(value: unknown): PackedHistory {
  return parse('history', HistorySchema, value)
}

function parse<S extends v.GenericSchema>(what: string, schema: S, value: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, value)
  if (result.success) return result.output
  const [issue] = result.issues
  const where = v.getDotPath(issue)
  throw new CheckpointError(
    `The checkpoint’s ${what} is wrong${where === null ? '' : ` at ${where}`}: ${issue.message}. Open another checkpoint.`,
  )
}

function checkSpec({ config, tokenizer }: RunSpec): void {
  const problems = validate(config)
  if (problems.length > 0)
    throw new CheckpointError(
      `The checkpoint’s config cannot be run: ${problems.map((p) => p.message).join(' ')} Open another checkpoint.`,
    )
  const seen = new Set<string>()
  const special = new Set(tokenizer.special)
  const isOneCharacter = (token: string) => tokenizer.kind !== 'char' || special.has(token) || [...token].length === 1
  const odd = tokenizer.vocab.find((token) => !isOneCharacter(token) || seen.size === seen.add(token).size)
  if (odd !== undefined)
    throw new CheckpointError(
      `The checkpoint’s tokenizer has the token ${JSON.stringify(odd)}, which is not ${tokenizer.kind === 'char' ? 'one character' : 'a token'} of its own. Open another checkpoint.`,
    )
  if (tokenizer.vocab.length !== config.vocab_size)
    throw new CheckpointError(
      `The checkpoint’s tokenizer has ${tokenizer.vocab.length} tokens, but its config says ${config.vocab_size}. Open another checkpoint.`,
    )
}
