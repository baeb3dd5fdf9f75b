// What a checkpoint's header and a run's record must look like: everything that comes back from a disk or out of a file is
// parsed here, once, before anything believes it.
import * as v from 'valibot'
import { MLPS, NORMS, POSITIONS, PRECISIONS, RECOMPUTES, SCHEDULES, validate } from '../config'
import { CheckpointError } from '../errors'
import { NAME_STRICTNESS, PII_KINDS, TREATMENTS } from '../words/recipe'
import { TOKENIZER_KINDS } from '../words/tokens'
import type { CheckpointMeta, RunSpec } from '../words/run'

/** The versions of the checkpoint header that can be read. */
export const KNOWN_VERSIONS = [1] as const

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const text = v.string()
/** A run that blows up measures NaN, for which JSON writes null. */
const measured = v.pipe(
  v.nullable(v.union([v.number(), v.nan()])),
  v.transform((x) => x ?? NaN),
)

const ConfigSchema = v.object({
  n_layer: v.number(),
  n_head: v.number(),
  n_kv_head: v.number(),
  n_embd: v.number(),
  n_inner: v.number(),
  block_size: v.number(),
  vocab_size: v.number(),
  dropout: v.number(),
  bias: v.boolean(),
  tie: v.boolean(),
  position: v.picklist(POSITIONS),
  norm: v.picklist(NORMS),
  mlp: v.picklist(MLPS),
  rope_theta: v.number(),
  norm_eps: v.number(),
  batch_size: v.number(),
  gradient_accumulation_steps: v.number(),
  learning_rate: v.number(),
  min_lr: v.number(),
  schedule: v.picklist(SCHEDULES),
  warmup_iters: v.number(),
  max_iters: v.number(),
  decay_fraction: v.number(),
  weight_decay: v.number(),
  beta1: v.number(),
  beta2: v.number(),
  eps: v.number(),
  grad_clip: v.number(),
  label_smoothing: v.number(),
  // Younger than the format: a run that does not say recomputes nothing, and is exact.
  recompute: v.optional(v.picklist(RECOMPUTES), 'none'),
  precision: v.optional(v.picklist(PRECISIONS), 'f32'),
  eval_interval: v.number(),
  eval_iters: v.number(),
  val_fraction: v.number(),
  seed: v.number(),
})

const texts = v.pipe(v.array(text), v.readonly())
const StepSchema = v.variant('kind', [
  v.object({ kind: v.picklist(['nfkc', 'control', 'whitespace', 'html', 'lowercase', 'quotes', 'duplicate_lines']) }),
  v.object({ kind: v.literal('near_duplicates'), similarity: v.number() }),
  v.object({ kind: v.literal('length'), min: v.number(), max: v.number() }),
  v.object({ kind: v.literal('language'), keep: texts }),
  v.object({ kind: v.literal('words'), drop: texts }),
])
const treatment = v.picklist(TREATMENTS)
const kind = v.picklist(PII_KINDS)
const AnonymiseSchema = v.object({
  treatments: v.object({
    email: treatment,
    phone: treatment,
    card: treatment,
    iban: treatment,
    ip: treatment,
    url: treatment,
    handle: treatment,
    account: treatment,
    birth_date: treatment,
    address: treatment,
    name: treatment,
    own: treatment,
  }),
  names: v.picklist(NAME_STRICTNESS),
  country: text,
  own: texts,
  refused: v.pipe(v.array(v.object({ kind, text })), v.readonly()),
  seed: v.number(),
})
const characterCounts = v.array(v.object({ character: text, count }))

const CardSchema = v.object({
  words: count,
  lines: count,
  longest_line: count,
  duplicate_share: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
  documents: count,
  conversations: count,
  turns: count,
  alphabet: v.object({ size: count, frequent: characterCounts, rare: characterCounts }),
  language: v.nullable(text),
  recipe: v.array(v.object({ step: StepSchema, count })),
  anonymise: v.optional(AnonymiseSchema),
  personal: v.optional(
    v.object({ kinds: v.array(v.object({ kind, found: count, went_through: count })), dropped_lines: count }),
  ),
  generated: v.optional(v.object({ task: text, settings: v.record(text, v.number()), seed: v.number() })),
})

const SpecSchema = v.object({
  name: text,
  config: ConfigSchema,
  corpus: v.object({
    name: text,
    fingerprint: v.pipe(text, v.regex(/^[0-9a-f]{64}$/, 'must be 64 hex digits')),
    characters: count,
    licence: text,
    split: v.optional(
      v.variant('by', [
        v.object({ by: v.literal('position') }),
        v.object({ by: v.literal('document'), seed: v.number() }),
      ]),
    ),
    card: v.optional(CardSchema),
  }),
  tokenizer: v.object({
    kind: v.picklist(TOKENIZER_KINDS),
    vocab: v.array(text),
    merges: v.optional(v.array(v.tuple([text, text]))),
    special: v.optional(v.array(text)),
  }),
  prompt: text,
  bytes_per_token: v.optional(v.pipe(v.number(), v.finite(), v.minValue(0))),
})

/** Which kernel was chosen for which class of calls. */
export const ChoicesSchema = v.array(
  v.object({
    key: text,
    variant: text,
    ms: v.record(text, v.number()),
    flops: v.number(),
    refused: v.array(text),
  }),
)

const MetaSchema = v.object({
  format: v.literal('glasshouse-checkpoint'),
  version: v.literal(1),
  step: count,
  tokens: count,
  elapsed_s: v.pipe(v.number(), v.finite(), v.minValue(0)),
  best_val_loss: v.nullable(v.pipe(v.number(), v.finite())),
  spec: SpecSchema,
  kernels: v.optional(v.object({ adapter: text, choices: ChoicesSchema })),
})

/** Typed in the browser's database, a plain list in JSON. */
const column = v.union([v.instance(Float64Array), v.array(measured)])
const HistorySchema = v.pipe(
  v.object({
    steps: v.object({
      step: column,
      loss: column,
      grad_norm: column,
      learning_rate: column,
      step_ms: column,
      tokens: column,
    }),
    evals: v.array(
      v.object({
        step: count,
        val_loss: measured,
        train_loss: v.nullable(v.union([v.number(), v.nan()])),
        update_ratio: v.optional(v.number()),
      }),
    ),
    samples: v.array(
      v.pipe(
        v.object({ step: count, prompt: text, tokens: v.array(text), probabilities: v.array(measured) }),
        v.check(
          ({ tokens, probabilities }) => tokens.length === probabilities.length,
          'each token of a sample needs its probability',
        ),
      ),
    ),
    events: v.array(v.object({ step: count, text })),
  }),
  v.check(
    ({ steps }) => Object.values(steps).every((c) => c.length === steps.step.length),
    'the columns of the steps have different lengths',
  ),
)

const kept = v.nullable(v.object({ serial: count, step: count, size_bytes: count }))
const RecordSchema = v.object({
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
  kept: v.object({ latest: kept, previous: kept, best: kept }),
})

/**
 * A run as it is kept, with the checkpoints that it points at; one checkpoint may have two roles. Nothing trains a run that
 * is only on disk, so `running` is not among its states.
 */
export type RunRecord = v.InferOutput<typeof RecordSchema>

/** The record, or null where it is not one. */
export function parseRecord(value: unknown): RunRecord | null {
  const result = v.safeParse(RecordSchema, value)
  return result.success ? result.output : null
}

/** The numbers beside the weights. Throws CheckpointError naming the field that is wrong. */
export function parseMeta(value: unknown): CheckpointMeta {
  const meta: CheckpointMeta = parse('meta', MetaSchema, value)
  checkSpec(meta.spec)
  return meta
}

/** A run's history with its steps as columns. */
export type PackedHistory = v.InferOutput<typeof HistorySchema>

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
