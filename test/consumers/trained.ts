// Small models of every architecture and tokenizer, trained for some steps so that their numbers are not what they began with.
import type { Config } from '../../src/config/config'
import { makeDataset, type Dataset } from '../../src/data/dataset/dataset'
import { SPECIAL_TOKENS, writeDocuments } from '../../src/data/tokenize/chat_format'
import { learnTokenizer } from '../../src/data/tokenize/learn'
import { headInputs } from '../../src/inspect/head_inputs'
import { logits } from '../../src/inspect/predictions'
import { Probe } from '../../src/inspect/probe'
import { configFor } from '../../src/presets'
import { endToken, type EndToken } from '../../src/share/formats/end_row'
import { lacksEnd } from '../../src/share/formats/gguf_tokenizer'
import type { Outgoing } from '../../src/share/formats/fold'
import { Session } from '../../src/train/session'
import { Weights } from '../../src/train/weights'
import { openWasm } from '../../src/wasm/engine'
import type { TokenizerChoice } from '../../src/words/tokens'

const LINES = [
  'The whale — Moby Dick — rose; “there she blows!”',
  'Café, naïve, 東京 and 🐋: 3,141 letters.',
  'It’s his, we’ll see.',
]
/** Letters of one to four bytes. */
export const TEXT = Array.from({ length: 200 }, (_, i) => `${i} ${LINES[i % 3]}\n`).join('')
const CHATS = writeDocuments(
  Array.from({ length: 120 }, (_, i) => ({
    messages: [
      { role: 'user' as const, content: `What is ${i}?` },
      { role: 'assistant' as const, content: `${i} is a number, naïve one.` },
    ],
  })),
)

export const TOKENIZERS = {
  char: { kind: 'char' },
  byte: { kind: 'byte' },
  bpe: { kind: 'bpe', vocab_size: 300 },
  word: { kind: 'word', vocab_size: 256 },
} as const satisfies Record<string, TokenizerChoice>

const SHAPE: Partial<Config> = {
  n_layer: 2,
  n_head: 4,
  n_kv_head: 4,
  n_embd: 32,
  n_inner: 64,
  block_size: 48,
  batch_size: 4,
  max_iters: 80,
  warmup_iters: 4,
  eval_interval: 80,
  eval_iters: 1,
  learning_rate: 4e-3,
  min_lr: 4e-4,
}

const GPT2 = { position: 'learned', norm: 'layernorm', mlp: 'gelu', bias: true } as const
const LLAMA = { position: 'rope', norm: 'rmsnorm', mlp: 'swiglu', bias: false } as const
/** One model of each family, and what is odd about some. */
export const MODELS: Record<string, Partial<Config>> = {
  gpt2: GPT2,
  'gpt2, grouped queries, no biases, untied': { ...GPT2, n_kv_head: 2, bias: false, tie: false },
  'gpt2, no positions': { ...GPT2, position: 'none' },
  llama: LLAMA,
  'llama, grouped queries, biases, untied, another base': {
    ...LLAMA,
    n_kv_head: 2,
    bias: true,
    tie: false,
    rope_theta: 500,
    norm_eps: 1e-6,
  },
  arcee: { ...LLAMA, mlp: 'relu2' },
  starcoder2: { ...LLAMA, n_kv_head: 2, norm: 'layernorm', mlp: 'gelu', bias: true },
  'starcoder2, no biases': { ...LLAMA, norm: 'layernorm', mlp: 'gelu' },
  stablelm: { ...LLAMA, norm: 'layernorm' },
}

export interface Trained extends Outgoing {
  dataset: Dataset
  /** What the model computes of a text, [T, V]. */
  logits(tokens: ArrayLike<number>): Promise<Float32Array>
  /** For GGUF; null where it needs none. */
  end: EndToken | null
}

/** A model after 80 steps; `chats` are conversations with special tokens; `plain`: letters of one byte alone. */
export async function trained(
  change: Partial<Config>,
  choice: TokenizerChoice = TOKENIZERS.char,
  chats = false,
  plain = false,
): Promise<Trained> {
  const whole = chats ? CHATS : TEXT
  const text = plain ? whole.replace(/[^\n -~]/g, '') : whole
  const state = learnTokenizer(text, choice, chats ? SPECIAL_TOKENS : [])
  const { dataset } = await makeDataset(text, { name: 'whales', licence: 'public domain' }, 0.1, state)
  const config = configFor({ ...SHAPE, ...change }, state.vocab.length)
  const spec = { name: 'Whales', config, corpus: dataset.corpus, tokenizer: state, prompt: '1' }
  const session = await Session.open(openWasm(), spec, dataset, null, () => undefined)
  while (!session.finished) await session.advance()
  const weights = new Map([...(await session.weightsNow())].map(([name, { data }]) => [name, data]))
  return { dataset, ...(await asTrained({ spec, step: session.step, weights }, dataset)) }
}

/** The same of weights that are at hand. */
export async function asTrained(model: Outgoing, dataset: Dataset | null): Promise<Omit<Trained, 'dataset'>> {
  const { spec, weights } = model
  const { config, tokenizer } = spec
  const head = weights.get('lm_head.weight') ?? weights.get('transformer.wte.weight')!
  const probe = new Probe(await Weights.open(openWasm(), config, weights))
  return {
    ...model,
    logits: (tokens) => logits(probe, { tokens }),
    end: lacksEnd(tokenizer)
      ? endToken(await headInputs(openWasm(), spec, weights, dataset?.tokens ?? null), head, config.n_embd)
      : null,
  }
}

/** The largest difference of two arrays. */
export function apart(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity
  let most = 0
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i]! - b[i]!))
  return Number.isNaN(most) ? Infinity : most
}

/** The place of the largest number. */
export function argmax(row: Float32Array): number {
  let best = 0
  for (let i = 1; i < row.length; i++) if (row[i]! > row[best]!) best = i
  return best
}
