// What the file says about its model, as a list: a model card in short.
import type { ModelConfig } from '../../config/config'
import { countParams } from '../../params'
import type { DemoForm } from '../../words/demo'
import type { TokenizerState } from '../../words/tokens'

/** Where a model comes from. */
export interface Origin {
  corpus: string
  licence: string
  /** Updates made. */
  step: number
  /** Validation loss, nats a token, where it was measured. */
  val_loss: number | null
}

const POSITIONS = { learned: 'learned positions', rope: 'rotary positions (RoPE)', none: 'no positions' }
const NORMS = { layernorm: 'LayerNorm', rmsnorm: 'RMSNorm' }
const MLPS = { gelu: 'GELU', swiglu: 'SwiGLU', relu2: 'squared ReLU' }
const READS = { char: 'characters', byte: 'bytes', word: 'words', bpe: 'byte pairs' }
const FORMS = { f16: 'in 16 bits', int8: 'in 8 bits, in groups of 32' }

const number = new Intl.NumberFormat('en')

export function factsOf(
  c: ModelConfig,
  { kind, vocab }: TokenizerState,
  { corpus, licence, step, val_loss }: Origin,
  form: DemoForm,
): [string, string][] {
  const heads = c.n_kv_head === c.n_head ? `${c.n_head} heads` : `${c.n_head} heads (${c.n_kv_head} key/value)`
  return [
    ['Learned from', corpus],
    ...(licence === '' ? [] : [['Licence of the text', licence] as [string, string]]),
    ['Training', `${number.format(step)} steps`],
    ...(val_loss === null
      ? []
      : [['Validation loss', `${val_loss.toFixed(3)} nats a token, before rounding`] as [string, string]]),
    ['Parameters', `${number.format(countParams(c))}, ${FORMS[form]}`],
    [
      'Architecture',
      `${c.n_layer} layers, ${heads}, ${c.n_embd} wide, ${POSITIONS[c.position]}, ${NORMS[c.norm]}, ${MLPS[c.mlp]}`,
    ],
    [
      'Reads',
      `${READS[kind]}, ${number.format(vocab.length)} different ones, ${number.format(c.block_size)} at a time`,
    ],
  ]
}
