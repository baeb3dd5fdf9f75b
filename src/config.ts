// What a run is made of, in nanoGPT's words. One table says of each field its range, its default and why it is there. `validate`
// never throws: it answers with problems and a way out of each.

export const POSITIONS = ['learned', 'rope', 'none'] as const
export const NORMS = ['layernorm', 'rmsnorm'] as const
export const MLPS = ['gelu', 'swiglu', 'relu2'] as const
export const RECOMPUTES = ['none', 'mlp', 'layer'] as const
export const PRECISIONS = ['f32', 'fast'] as const
const SCHEDULES = ['constant', 'linear', 'cosine', 'wsd'] as const

/** The shape of a model. Sizes are counts; `vocab_size` comes from the tokenizer. */
export interface ModelConfig {
  n_layer: number
  n_head: number
  /** Key/value heads; equal to `n_head` for full attention, a divisor of it for grouped queries. */
  n_kv_head: number
  n_embd: number
  /** Width of the MLP's hidden layer. */
  n_inner: number
  block_size: number
  vocab_size: number
  dropout: number
  bias: boolean
  /** The output head shares the token embedding's weight. */
  tie: boolean
  position: (typeof POSITIONS)[number]
  norm: (typeof NORMS)[number]
  mlp: (typeof MLPS)[number]
  rope_theta: number
  norm_eps: number
}

/** How it is trained. Rates per step, intervals in steps. */
export interface TrainConfig {
  batch_size: number
  gradient_accumulation_steps: number
  learning_rate: number
  min_lr: number
  schedule: (typeof SCHEDULES)[number]
  warmup_iters: number
  max_iters: number
  /** WSD only: the share of `max_iters` at the end over which the rate falls to `min_lr`. */
  decay_fraction: number
  weight_decay: number
  beta1: number
  beta2: number
  eps: number
  /** Largest global gradient norm; 0 switches clipping off. */
  grad_clip: number
  label_smoothing: number
  /** What the backward computes again instead of keeping: nothing, the MLP of each layer, or the whole layer. */
  recompute: (typeof RECOMPUTES)[number]
  /** `fast`: products and attention may be made of 16-bit numbers, where the device has proved that it is right and faster. Weights and sums keep 32. */
  precision: (typeof PRECISIONS)[number]
  eval_interval: number
  eval_iters: number
  /** Share of the text, from its end, that is held out for validation. */
  val_fraction: number
  seed: number
}

export type Config = ModelConfig & TrainConfig

/** What a changed field needs before it takes hold. */
export type Apply = 'now' | 'restart'

interface FieldCommon<T> {
  label: string
  why: string
  apply: Apply
  group: 'model' | 'training'
  default: T
  /** The value of runs that do not name the field, because it is younger than they are. */
  absent?: T
  cite?: { text: string; url: string }
}
interface NumberField extends FieldCommon<number> {
  min: number
  max: number
  unit?: string
}
/** `steps`: `125` walks 1-2-5 decades, a number is an even step. */
type NumericField = NumberField & ({ kind: 'int' } | { kind: 'float'; steps: '125' | number })
interface BoolField extends FieldCommon<boolean> {
  kind: 'bool'
}
interface ChoiceField<T extends string> extends FieldCommon<T> {
  kind: 'choice'
  options: readonly T[]
}
export type Field = NumericField | BoolField | ChoiceField<string>
/** The field that describes values of type T. */
type FieldOf<T> = [T] extends [number] ? NumericField : [T] extends [boolean] ? BoolField : ChoiceField<T & string>

const arxiv = (id: string, text: string) => ({ text, url: `https://arxiv.org/abs/${id}` })

/** Every field a person can set, in the order in which Advanced lists them. */
export const FIELDS: { readonly [K in Exclude<keyof Config, 'vocab_size'>]: FieldOf<Config[K]> } = {
  n_layer: {
    kind: 'int',
    group: 'model',
    label: 'Layers',
    min: 1,
    max: 48,
    default: 4,
    apply: 'restart',
    why: 'Each layer is one round of attention and MLP; depth lets later rounds build on earlier ones.',
  },
  n_head: {
    kind: 'int',
    group: 'model',
    label: 'Heads',
    min: 1,
    max: 64,
    default: 4,
    apply: 'restart',
    why: 'Attention is split into this many heads, each free to look for something else.',
    cite: arxiv('1706.03762', 'Vaswani et al. 2017'),
  },
  n_kv_head: {
    kind: 'int',
    group: 'model',
    label: 'Key/value heads',
    min: 1,
    max: 64,
    default: 4,
    apply: 'restart',
    why: 'Fewer than the heads means that groups of heads share keys and values, which shrinks the cache.',
    cite: arxiv('2305.13245', 'Ainslie et al. 2023'),
  },
  n_embd: {
    kind: 'int',
    group: 'model',
    label: 'Width',
    min: 1,
    max: 2048,
    default: 128,
    unit: 'numbers per token',
    apply: 'restart',
    why: 'How many numbers describe one token as it passes through the layers; cost grows with its square.',
  },
  n_inner: {
    kind: 'int',
    group: 'model',
    label: 'MLP width',
    min: 1,
    max: 16384,
    default: 512,
    unit: 'numbers',
    apply: 'restart',
    why: 'The hidden width of each MLP: 4 × width by habit, about 8/3 × width for SwiGLU.',
  },
  block_size: {
    kind: 'int',
    group: 'model',
    label: 'Context',
    min: 1,
    max: 4096,
    default: 64,
    unit: 'tokens',
    apply: 'restart',
    why: 'How far back the model can look. Attention costs the square of it.',
  },
  position: {
    kind: 'choice',
    group: 'model',
    label: 'Position',
    options: POSITIONS,
    default: 'rope',
    apply: 'restart',
    why: 'How a token knows where it stands: a learned vector a place, a rotation of queries and keys, or not at all.',
    cite: arxiv('2104.09864', 'Su et al. 2021'),
  },
  norm: {
    kind: 'choice',
    group: 'model',
    label: 'Norm',
    options: NORMS,
    default: 'rmsnorm',
    apply: 'restart',
    why: 'Keeps the size of activations steady; RMSNorm leaves out the mean and the bias.',
    cite: arxiv('1910.07467', 'Zhang and Sennrich 2019'),
  },
  mlp: {
    kind: 'choice',
    group: 'model',
    label: 'MLP',
    options: MLPS,
    default: 'swiglu',
    apply: 'restart',
    why: 'The nonlinearity between the two matrices of each MLP.',
    cite: arxiv('2002.05202', 'Shazeer 2020'),
  },
  bias: {
    kind: 'bool',
    group: 'model',
    label: 'Biases',
    default: false,
    apply: 'restart',
    why: 'GPT-2 adds a learned offset after every matrix and norm; newer models leave it out.',
  },
  tie: {
    kind: 'bool',
    group: 'model',
    label: 'Tied head',
    default: true,
    apply: 'restart',
    why: 'The matrix that reads tokens in also writes them out: fewer parameters.',
    cite: arxiv('1608.05859', 'Press and Wolf 2016'),
  },
  rope_theta: {
    kind: 'float',
    group: 'model',
    label: 'RoPE base',
    min: 10,
    max: 1e7,
    default: 10000,
    steps: '125',
    apply: 'restart',
    why: 'The slowest rotation turns once in about 2π times this many tokens.',
  },
  norm_eps: {
    kind: 'float',
    group: 'model',
    label: 'Norm epsilon',
    min: 1e-8,
    max: 1e-2,
    default: 1e-5,
    steps: '125',
    apply: 'restart',
    why: 'Keeps the norms from dividing by zero.',
  },
  dropout: {
    kind: 'float',
    group: 'model',
    label: 'Dropout',
    min: 0,
    max: 0.9,
    default: 0,
    steps: 0.05,
    apply: 'now',
    why: 'The share of activations zeroed at random while training; slows memorising of a small text.',
  },
  batch_size: {
    kind: 'int',
    group: 'training',
    label: 'Batch',
    min: 1,
    max: 1024,
    default: 12,
    unit: 'sequences',
    apply: 'restart',
    why: 'How many stretches of text one step learns from: more is smoother, and slower.',
  },
  gradient_accumulation_steps: {
    kind: 'int',
    group: 'training',
    label: 'Accumulate',
    min: 1,
    max: 256,
    default: 1,
    unit: 'micro-batches',
    apply: 'restart',
    why: 'Adds up the gradients of several batches before an update: a large batch in little memory.',
  },
  learning_rate: {
    kind: 'float',
    group: 'training',
    label: 'Learning rate',
    min: 1e-6,
    max: 1,
    default: 1e-3,
    steps: '125',
    apply: 'now',
    why: 'How far each update moves the weights. Too hot and the loss sticks or blows up; too cold and nothing happens.',
  },
  min_lr: {
    kind: 'float',
    group: 'training',
    label: 'Lowest rate',
    min: 0,
    max: 1,
    default: 1e-4,
    steps: '125',
    apply: 'now',
    why: 'Where the schedule ends; a tenth of the learning rate by habit.',
  },
  schedule: {
    kind: 'choice',
    group: 'training',
    label: 'Schedule',
    options: SCHEDULES,
    default: 'cosine',
    apply: 'now',
    why: 'The shape of the learning rate over the run; WSD stays level, then falls at the end.',
    cite: arxiv('2404.06395', 'Hu et al. 2024'),
  },
  warmup_iters: {
    kind: 'int',
    group: 'training',
    label: 'Warm-up',
    min: 0,
    max: 100000,
    default: 100,
    unit: 'steps',
    apply: 'now',
    why: 'The rate climbs to its full height over these steps, while AdamW learns the size of the gradients.',
  },
  max_iters: {
    kind: 'int',
    group: 'training',
    label: 'Steps',
    min: 1,
    max: 1000000,
    default: 2000,
    unit: 'steps',
    apply: 'now',
    why: 'The length of the run; the schedule is stretched over it.',
  },
  decay_fraction: {
    kind: 'float',
    group: 'training',
    label: 'WSD decay',
    min: 0,
    max: 1,
    default: 0.2,
    steps: 0.05,
    unit: 'of the run',
    apply: 'now',
    why: 'WSD only: the share of the run at its end over which the rate falls.',
  },
  weight_decay: {
    kind: 'float',
    group: 'training',
    label: 'Weight decay',
    min: 0,
    max: 10,
    default: 0.1,
    steps: 0.05,
    apply: 'now',
    why: 'Pulls matrices towards zero a little each step; norms and biases are left alone.',
    cite: arxiv('1711.05101', 'Loshchilov and Hutter 2017'),
  },
  beta1: {
    kind: 'float',
    group: 'training',
    label: 'Beta 1',
    min: 0,
    max: 0.9999,
    default: 0.9,
    steps: 0.01,
    apply: 'now',
    why: 'How long AdamW remembers the direction of the gradient.',
  },
  beta2: {
    kind: 'float',
    group: 'training',
    label: 'Beta 2',
    min: 0,
    max: 0.99999,
    default: 0.99,
    steps: 0.01,
    apply: 'now',
    why: 'How long AdamW remembers the size of the gradient; 0.99 suits small batches.',
  },
  eps: {
    kind: 'float',
    group: 'training',
    label: 'Adam epsilon',
    min: 1e-12,
    max: 1e-2,
    default: 1e-8,
    steps: '125',
    apply: 'now',
    why: 'Keeps AdamW from dividing by zero.',
  },
  grad_clip: {
    kind: 'float',
    group: 'training',
    label: 'Gradient clip',
    min: 0,
    max: 100,
    default: 1,
    steps: 0.1,
    apply: 'now',
    why: 'A gradient longer than this is shortened to it; 0 switches it off.',
    cite: arxiv('1211.5063', 'Pascanu et al. 2012'),
  },
  label_smoothing: {
    kind: 'float',
    group: 'training',
    label: 'Label smoothing',
    min: 0,
    max: 0.9,
    default: 0,
    steps: 0.01,
    apply: 'restart',
    why: 'Spreads this share of each target over all tokens, so that the model is less sure of itself.',
    cite: arxiv('1512.00567', 'Szegedy et al. 2015'),
  },
  recompute: {
    kind: 'choice',
    group: 'training',
    label: 'Recompute',
    options: RECOMPUTES,
    default: 'none',
    absent: 'none',
    apply: 'now',
    why: 'The backward pass computes the MLPs, or whole layers, a second time instead of keeping them: less memory, more arithmetic, the same numbers bit for bit.',
    cite: arxiv('1604.06174', 'Chen et al. 2016'),
  },
  precision: {
    kind: 'choice',
    group: 'training',
    label: 'Precision',
    options: PRECISIONS,
    default: 'f32',
    absent: 'f32',
    apply: 'now',
    why: 'Fast: the factors of large products, and what attention reads, are rounded to 16 bits, where this device is right and faster with them; weights, sums and the optimizer keep 32. The loss follows the exact one closely, not bit for bit.',
    cite: arxiv('1710.03740', 'Micikevicius et al. 2017'),
  },
  eval_interval: {
    kind: 'int',
    group: 'training',
    label: 'Validate every',
    min: 1,
    max: 100000,
    default: 100,
    unit: 'steps',
    apply: 'now',
    why: 'How often the model is measured on text that it never trains on.',
  },
  eval_iters: {
    kind: 'int',
    group: 'training',
    label: 'Validation batches',
    min: 1,
    max: 10000,
    default: 8,
    unit: 'batches',
    apply: 'now',
    why: 'How many batches each validation averages over: more is steadier, and slower.',
  },
  val_fraction: {
    kind: 'float',
    group: 'training',
    label: 'Held out',
    min: 0,
    max: 0.5,
    default: 0.1,
    steps: 0.05,
    unit: 'of the text',
    apply: 'restart',
    why: 'The end of the text, kept for validation.',
  },
  seed: {
    kind: 'int',
    group: 'training',
    label: 'Seed',
    min: 0,
    max: 4294967295,
    default: 1337,
    apply: 'restart',
    why: 'The same seed on the same device gives the same run, bit for bit.',
  },
}

/** A field that `FIELDS` describes: everything but `vocab_size`. */
export type FieldName = keyof typeof FIELDS

export interface Problem {
  field: keyof Config
  message: string
  /** A value that would solve it, if there is one. */
  fix?: Config[keyof Config]
}

/** The default of every field, for a given vocabulary. */
export function defaultConfig(vocab_size: number): Config {
  const entries = Object.entries(FIELDS).map(([name, field]) => [name, field.default])
  return { ...(Object.fromEntries(entries) as Omit<Config, 'vocab_size'>), vocab_size }
}

/** The MLP width that habit gives: 4 × width, or 8/3 × width rounded up to a multiple of 8 for SwiGLU's two inputs. */
export function defaultInner(n_embd: number, mlp: ModelConfig['mlp']): number {
  return mlp === 'swiglu' ? Math.ceil((8 * n_embd) / 3 / 8) * 8 : 4 * n_embd
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
