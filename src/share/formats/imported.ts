// An opened model as a run here: weights alone, at step 0, without a text, marked with where it came from; and the same on a text, with its
// own tokenizer.
import type { Config } from '../../config/config'
import type { Dataset } from '../../data/dataset/dataset'
import { measureTokens } from '../../data/dataset/dataset'
import { tokenizerOf } from '../../data/tokenize/tokenizers'
import { ImportError } from '../../errors'
import { configFor } from '../../presets'
import { META } from '../../storage/checkpoint'
import { parseJson } from '../../storage/json'
import type { Checkpoint, RunSpec } from '../../words/run'
import type { TokenizerState } from '../../words/tokens'
import type { Weights } from './foreign'
import type { OpenedModel } from './read_model'

/** SHA-256 of no text. */
const NO_TEXT = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/** How a model that can write already is trained further, until a person says otherwise: small steps, and few of them. */
const TUNING: Partial<Config> = {
  batch_size: 4,
  learning_rate: 1e-4,
  min_lr: 1e-5,
  schedule: 'cosine',
  warmup_iters: 20,
  max_iters: 200,
  eval_interval: 50,
  eval_iters: 5,
}

/** What a run of it is made of. */
export function importedSpec({ name, format, config, tokenizer }: OpenedModel, from: string): RunSpec {
  return {
    name,
    config: configFor({ ...config, ...TUNING }, config.vocab_size),
    corpus: { name: 'no text', fingerprint: NO_TEXT, characters: 0, licence: 'not stated' },
    tokenizer,
    prompt: promptOf(tokenizer),
    imported: { from: from.slice(0, 500), format },
  }
}

/** The checkpoint of weights alone. Throws ImportError where what goes with them is more than a checkpoint can carry. */
export function importedCheckpoint(spec: RunSpec, weights: Weights): Checkpoint {
  const meta: Checkpoint['meta'] = {
    format: 'glasshouse-checkpoint',
    version: 3,
    step: 0,
    tokens: 0,
    elapsed_s: 0,
    best_val_loss: null,
    spec,
  }
  try {
    parseJson(JSON.stringify(meta), META)
  } catch (cause) {
    throw new ImportError(
      `Its tokenizer of ${spec.tokenizer.vocab.length} tokens is more than a run here can carry (${cause instanceof Error ? cause.message : String(cause)}).`,
      { cause },
    )
  }
  return { meta, tensors: weights }
}

/** Something that the tokenizer has a token for. */
function promptOf(state: TokenizerState): string {
  const tokenizer = tokenizerOf(state)
  const wanted = ['Once upon a time', 'The', '\n', ' ', ' 0'].find((text) => {
    const { ids, unknown } = tokenizer.encode(text)
    return ids.length > 0 && unknown.length === 0
  })
  return wanted ?? tokenizer.token(0)
}

/** The spec of an imported model on a text that its own tokenizer has read, with other settings of training. */
export function specOnText(spec: RunSpec, dataset: Dataset, change: Partial<Config>): RunSpec {
  const config = { ...spec.config, ...change }
  return { ...spec, config, corpus: dataset.corpus, ...measureTokens(dataset, config.val_fraction) }
}

/** Weights for a context that may be shorter than their own: learned positions lose their end. */
export function withContext(tensors: Checkpoint['tensors'], { block_size, n_embd }: Config): Checkpoint['tensors'] {
  const name = 'transformer.wpe.weight'
  const places = tensors.get(name)
  if (!places || (places.shape[0] ?? 0) <= block_size) return tensors
  const data = places.data.slice(0, block_size * n_embd)
  return new Map(tensors).set(name, { shape: [block_size, n_embd], data })
}
