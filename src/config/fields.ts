// The one table of everything that a person can set, and what follows from it alone.
import type { Config, ModelConfig } from './config'
import type { FieldOf } from './field'
import { MODEL_FIELDS } from './model_fields'
import { TRAINING_FIELDS } from './training_fields'

/** Every field a person can set, in the order in which Advanced lists them. */
export const FIELDS: { readonly [K in Exclude<keyof Config, 'vocab_size'>]: FieldOf<Config[K]> } = {
  ...MODEL_FIELDS,
  ...TRAINING_FIELDS,
}

/** A field that `FIELDS` describes: everything but `vocab_size`. */
export type FieldName = keyof typeof FIELDS

/** The default of every field, for a given vocabulary. */
export function defaultConfig(vocab_size: number): Config {
  const entries = Object.entries(FIELDS).map(([name, field]) => [name, field.default])
  return { ...(Object.fromEntries(entries) as Omit<Config, 'vocab_size'>), vocab_size }
}

/** The MLP width that habit gives: 4 × width, or 8/3 × width rounded up to a multiple of 8 for SwiGLU's two inputs. */
export function defaultInner(n_embd: number, mlp: ModelConfig['mlp']): number {
  return mlp === 'swiglu' ? Math.ceil((8 * n_embd) / 3 / 8) * 8 : 4 * n_embd
}
