// Ready-made runs, and the size dial: named stops from a few thousand to ten million parameters. Only what differs from the
// defaults of FIELDS is written down, each value with its reason.
import { defaultConfig, defaultInner } from './config/fields'
import type { Config } from './config/config'

export interface Preset {
  id: string
  name: string
  /** One sentence: what is trained on what. */
  about: string
  /** What the run reaches, in words; test/presets.test.ts holds it to them. */
  promise: string
  /** Steps after which what it writes can be read, where words are what it promises. */
  words_by?: number
  /** A built-in text by its id; null stands for the visitor's own text. */
  corpus: string | null
  /** What samples start from. */
  prompt: string
  config: Partial<Config>
  /** Parts that are turned down from the first step on (src/model/gates.ts). */
  gates?: Readonly<Record<string, readonly number[]>>
}

/** One stop of the size dial. */
export interface Size {
  name: string
  /** One sentence: what a model of this size can learn, and where it trains comfortably. */
  about: string
  config: Partial<Config>
}

/** What the stops share: full attention, SwiGLU's habitual width, a rate that falls to a tenth, one twentieth of the run to warm up. */
const stop = (
  name: string,
  about: string,
  [n_layer, n_head, n_embd]: [number, number, number],
  [block_size, batch_size]: [number, number],
  [learning_rate, max_iters]: [number, number],
): Size => ({
  name,
  about,
  config: {
    n_layer,
    n_head,
    n_kv_head: n_head,
    n_embd,
    n_inner: defaultInner(n_embd, 'swiglu'),
    block_size,
    batch_size,
    learning_rate,
    min_lr: learning_rate / 10,
    max_iters,
    warmup_iters: max_iters / 20,
  },
})

/**
 * The dial's stops, smallest first, from [layers, heads, width], [context, batch] and [rate, steps]. Parameters are counted for
 * an alphabet of 81 characters. Rates of the first four were searched for on Moby Dick: the smaller a model, the hotter it may run.
 */
export const SIZES: readonly Size[] = [
  // 4,672 parameters
  stop('Speck', 'Learns which letters follow which. Trains in seconds.', [1, 2, 16], [32, 16], [2e-2, 1000]),
  // 27,840
  stop('Seed', 'Learns to spell short words. Trains in seconds.', [2, 2, 32], [64, 16], [1e-2, 1500]),
  // 206,464
  stop('Sprout', 'Learns words. A minute or less on most GPUs.', [4, 4, 64], [64, 16], [5e-3, 2000]),
  // 802,048
  stop('Sapling', 'Learns words and how they join. Some minutes on a small GPU.', [4, 4, 128], [64, 16], [2e-3, 2500]),
  // 2,672,256
  stop('Young tree', 'Learns phrases and whole lines. For a good GPU.', [6, 6, 192], [128, 24], [2e-3, 3000]),
  // 4,767,232
  stop('Tree', 'Learns sentences. For a good GPU and some patience.', [6, 8, 256], [256, 32], [1e-3, 4000]),
  // 10,652,928, the shape and the batch of nanoGPT's train_shakespeare_char.py
  stop(
    'Old tree',
    'Learns a style, and of a short text the text itself. For a large GPU.',
    [6, 6, 384],
    [256, 64],
    [1e-3, 5000],
  ),
]

/** The stop on which the dial stands when the page opens: the default preset's. */
export const DEFAULT_SIZE = 2

/** What a stop of the dial sets; stops beyond either end are that end. */
export function sizeDial(step: number): Partial<Config> {
  return SIZES[Math.min(SIZES.length - 1, Math.max(0, Math.round(step)))]!.config
}

/** The stop of the dial that these settings stand on, or null. */
export function stopOf(config: Partial<Config>): number | null {
  const stop = SIZES.findIndex((size) =>
    Object.entries(size.config).every(([name, value]) => Reflect.get(config, name) === value),
  )
  return stop < 0 ? null : stop
}

export const PRESETS: readonly Preset[] = [
  {
    id: 'moby-dick',
    name: 'Moby Dick',
    about: 'A small model reads Melville letter by letter, and begins to write like him.',
    promise: 'Readable words within a minute, and better than two letters of memory (the trigram line) by step 500.',
    words_by: 500,
    corpus: 'moby-dick',
    prompt: 'The whale',
    config: {
      ...sizeDial(DEFAULT_SIZE),
      // 1e-2 is behind all the way; 2e-3 leads at first and ends 0.01 nats behind.
      learning_rate: 5e-3,
    },
  },
  {
    id: 'names',
    name: 'Names',
    about: 'A very small model reads 8,422 first names, and invents new ones.',
    promise: 'New names that can be spoken, better than two letters of memory (the trigram line).',
    corpus: 'first-names',
    prompt: '\n', // every name stands on a line of its own
    config: {
      ...sizeDial(DEFAULT_SIZE),
      n_layer: 2, // names are short: little is to be built on top of little
      block_size: 32, // four or five names: nothing further back helps
      max_iters: 1000, // longer, it begins to learn the names by heart
      warmup_iters: 50,
    },
  },
  {
    id: 'sort-letters',
    name: 'Sort letters',
    about: 'A very small model learns to put letters in order, by a rule rather than by heart.',
    promise: 'Nine of ten words that it never saw are sorted right.',
    corpus: 'sort-letters',
    prompt: '\ndbca>', // without the line break it could be the end of a longer word
    config: {
      ...sizeDial(1),
      n_layer: 3, // two find the rule late, or not at all
      block_size: 32, // three or four lines
      learning_rate: 5e-3, // at twice that it finds the rule with some seeds only
      min_lr: 5e-4, // learning_rate / 10
      max_iters: 1200, // of a thousand words 980 are right after 1,000 steps
      warmup_iters: 60,
    },
  },
  {
    id: 'shakespeare-cpu',
    name: 'nanoGPT’s CPU settings',
    about: 'The settings that nanoGPT recommends for a laptop without a GPU, for a text of your own.',
    promise: 'On tiny Shakespeare, a validation loss of 1.93 or less after 2,000 steps, as nanoGPT in PyTorch.',
    corpus: null,
    prompt: '\n',
    // github.com/karpathy/nanoGPT, README.md, the settings for a laptop, over config/train_shakespeare_char.py
    config: {
      n_layer: 4,
      n_head: 4,
      n_kv_head: 4,
      n_embd: 128,
      n_inner: 512, // 4 × width
      block_size: 64,
      position: 'learned', // the GPT-2 architecture
      norm: 'layernorm',
      mlp: 'gelu',
      bias: false, // nanoGPT's default: a little better and faster
      tie: true,
      dropout: 0, // 2,000 steps are too few to overfit
      batch_size: 12,
      gradient_accumulation_steps: 1,
      learning_rate: 1e-3, // small networks bear a higher rate
      min_lr: 1e-4, // learning_rate / 10
      schedule: 'cosine',
      warmup_iters: 100,
      max_iters: 2000,
      weight_decay: 0.1,
      beta1: 0.9,
      beta2: 0.99, // above GPT-3's 0.95, because a step has few tokens
      grad_clip: 1,
      eval_interval: 250,
      eval_iters: 200, // a steady number, to compare with nanoGPT's
      val_fraction: 0.1,
    },
  },
  {
    id: 'say-again',
    name: 'Say again',
    about:
      'Attention alone learns to copy: two layers whose MLPs are switched off find the induction head. See it in Look inside.',
    promise: 'A head of the second layer looks at what followed the same letter before, labelled “induction”.',
    corpus: 'say-again',
    prompt: '\nwhale>',
    config: {
      ...sizeDial(1),
      n_layer: 2, // one head to find the token before, one to use it
      n_head: 2,
      n_kv_head: 2,
      n_embd: 64,
      n_inner: 8, // the MLPs are off: their gates are 0
      tie: false, // tied, the previous-token head comes late or not at all
      block_size: 64, // two words of 32 letters
      learning_rate: 3e-3, // at 1e-2 the wrong layer looks back
      min_lr: 3e-4, // learning_rate / 10
      weight_decay: 0,
      max_iters: 1000,
      warmup_iters: 50,
    },
    gates: { 'h.0.mlp.gate': [0], 'h.1.mlp.gate': [0] },
  },
  {
    id: 'by-heart',
    name: 'By heart',
    about: 'One paragraph, read over and over, until the model can recite it: overfitting on purpose.',
    promise: 'Recites its paragraph word for word.',
    corpus: 'call-me-ishmael',
    prompt: 'Call me Ishmael.',
    config: {
      ...sizeDial(DEFAULT_SIZE),
      n_layer: 2, // wide and shallow learns by heart sooner
      batch_size: 8,
      max_iters: 500, // the paragraph goes by 231 times
      warmup_iters: 50,
      weight_decay: 0, // nothing should hold it back
      val_fraction: 0, // nothing is held out: the text itself is what it must know
    },
  },
]

/** The preset that the page opens with. */
export const DEFAULT_PRESET = PRESETS[0]!

/** The preset for a first visit on a computer where the default's words would be long in coming: a step has a quarter of its work. */
export const QUICK_PRESET = PRESETS[1]!

/**
 * A whole config from overrides (a preset's, or a stop of the dial). What they leave out has the defaults of FIELDS, full
 * attention and the MLP width of habit.
 */
export function configFor(overrides: Partial<Config>, vocab_size: number): Config {
  const config = { ...defaultConfig(vocab_size), ...overrides, vocab_size }
  return {
    ...config,
    n_kv_head: overrides.n_kv_head ?? config.n_head,
    n_inner: overrides.n_inner ?? defaultInner(config.n_embd, config.mlp),
  }
}
