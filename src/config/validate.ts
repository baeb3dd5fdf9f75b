// Whether a config makes a model that can be trained. Never throws: it answers with problems and a way out of each.
import type { Config } from './config'
import { FIELDS, type FieldName } from './fields'

export interface Problem {
  field: keyof Config
  message: string
  /** A value that would solve it, if there is one. */
  fix?: Config[keyof Config]
}

/**
 * Everything wrong with a config, each problem beside its field and with a way out; an empty list means that it can run.
 * Takes `unknown` fields in its stride: a value of the wrong type is a problem, not an exception.
 */
export function validate(config: Config): Problem[] {
  const problems: Problem[] = []
  const say = (field: keyof Config, message: string, fix?: Problem['fix']) =>
    problems.push({ field, message, ...(fix === undefined ? {} : { fix }) })
  if (!Number.isInteger(config.vocab_size) || config.vocab_size < 1)
    say(
      'vocab_size',
      `The vocabulary has ${String(config.vocab_size)} tokens; it needs at least one. Choose a text first.`,
    )
  for (const [key, field] of Object.entries(FIELDS)) {
    const name = key as FieldName
    const value: unknown = config[name]
    if (field.kind === 'bool') {
      if (typeof value !== 'boolean')
        say(name, `${field.label} must be true or false, not ${show(value)}; try ${field.default}.`, field.default)
    } else if (field.kind === 'choice') {
      if (!field.options.some((o) => o === value))
        say(name, `${field.label} must be one of ${field.options.join(', ')}, not ${show(value)}.`, field.default)
    } else if (typeof value !== 'number' || !Number.isFinite(value)) {
      say(name, `${field.label} must be a number, not ${show(value)}; try ${field.default}.`, field.default)
    } else if (field.kind === 'int' && !Number.isInteger(value)) {
      say(name, `${field.label} must be a whole number; try ${Math.round(value)}.`, Math.round(value))
    } else if (value < field.min || value > field.max) {
      const fix = Math.min(field.max, Math.max(field.min, value))
      say(name, `${field.label} ${value} is outside ${field.min} … ${field.max}; try ${fix}.`, fix)
    }
  }
  if (problems.length > 0) return problems
  const { n_embd, n_head, n_kv_head } = config
  if (n_embd % n_head !== 0) {
    const fix = Math.max(1, Math.round(n_embd / n_head)) * n_head
    say('n_embd', `n_embd ${n_embd} is not a multiple of n_head ${n_head}; try ${fix}.`, fix)
  } else if (config.position === 'rope' && (n_embd / n_head) % 2 !== 0) {
    const fix = (n_embd / n_head + 1) * n_head
    say(
      'n_embd',
      `RoPE turns pairs of numbers, and a head of ${n_embd / n_head} has an odd one left; try n_embd ${fix}.`,
      fix,
    )
  }
  if (n_head % n_kv_head !== 0) {
    const divisors = Array.from({ length: n_head }, (_, i) => i + 1).filter((d) => n_head % d === 0)
    const fix = divisors.reduce((a, b) => (Math.abs(b - n_kv_head) < Math.abs(a - n_kv_head) ? b : a))
    say('n_kv_head', `n_kv_head ${n_kv_head} does not divide n_head ${n_head}; try ${fix}.`, fix)
  }
  if (config.min_lr > config.learning_rate)
    say(
      'min_lr',
      `The lowest rate ${config.min_lr} is above the learning rate ${config.learning_rate}; try ${config.learning_rate / 10}.`,
      config.learning_rate / 10,
    )
  if (config.schedule !== 'constant' && config.warmup_iters >= config.max_iters && config.warmup_iters > 0) {
    const fix = Math.floor(config.max_iters / 10)
    say(
      'warmup_iters',
      `A warm-up of ${config.warmup_iters} steps never ends in a run of ${config.max_iters}; try ${fix}.`,
      fix,
    )
  }
  return problems
}

function show(value: unknown): string {
  return typeof value === 'string' ? `"${value}"` : String(value)
}
