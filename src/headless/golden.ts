// Golden cases: fixed weights and batches with what PyTorch computed from them in double precision. Reads a case and maps
// Hugging Face's names and layouts (GPT-2's Conv1D [in, out], Llama's Linear [out, in], q, k and v apart) to ours and back.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import * as v from 'valibot'
import { validate } from '../config/validate'
import type { Config } from '../config/config'
import { batchOf, type Batch } from '../data/dataset/loader'
import { paramTable, sizeOf } from '../params'
import { configFor } from '../presets'
import { readSafetensors, type StoredTensor } from '../storage/safetensors'
import { UsageError } from './command'

const size = v.pipe(v.number(), v.integer(), v.minValue(1))
/** The model of a case. */
export const ModelDescription = v.object({
  arch: v.picklist(['gpt2', 'llama']),
  n_layer: size,
  n_head: size,
  n_kv_head: v.nullish(size),
  n_embd: size,
  intermediate_size: v.nullish(size),
  block_size: v.nullish(size),
  vocab_size: size,
  rope_theta: v.nullish(v.number()),
  tie_word_embeddings: v.nullish(v.boolean()),
})
const Description = v.object({
  model: ModelDescription,
  // What is absent is as in torch.optim.AdamW, without warm-up, decay of the rate, or clipping.
  optimizer: v.object({
    lr: v.number(),
    min_lr: v.nullish(v.number()),
    warmup_steps: v.nullish(v.number(), 0),
    max_steps: v.nullish(size),
    beta1: v.nullish(v.number(), 0.9),
    beta2: v.nullish(v.number(), 0.999),
    eps: v.nullish(v.number(), 1e-8),
    weight_decay: v.nullish(v.number(), 0.01),
    grad_clip: v.nullish(v.number(), 0),
  }),
  batch_size: v.nullish(size),
  seq_len: v.nullish(size),
  steps: v.nullish(size),
  losses: v.array(v.number()),
  grad_norms: v.nullish(v.array(v.number())),
  loss_on_first_batch_after_last_step: v.nullish(v.number()),
})

export interface NamedArray {
  shape: readonly number[]
  data: Float32Array
}

export interface GoldenCase {
  name: string
  arch: 'gpt2' | 'llama'
  config: Config
  B: number
  T: number
  batches: Batch[]
  losses: number[]
  grad_norms: number[] | null
  loss_after: number | null
  /** Initial weights under our names. */
  weights: Map<string, Float32Array>
  logits: NamedArray
  /** Gradients of step 0 and final weights, in the golden names and layouts. `final` may be absent. */
  grads: Map<string, NamedArray>
  finals: Map<string, NamedArray>
}

/** The cases of a folder by name. Throws UsageError: no such folder, none in it. */
export function findCases(folder: string): string[] {
  if (!existsSync(folder)) throw new UsageError(`There is no folder ${folder}.`)
  if (!statSync(folder).isDirectory()) throw new UsageError(`${folder} is not a folder.`)
  const names = readdirSync(folder)
    .filter((file) => /\.(json|safetensors)$/.test(file) && !/\.got\.\w+$/.test(file))
    .map((file) => basename(file).replace(/\.(json|safetensors)$/, ''))
  if (names.length === 0) throw new UsageError(`${folder} holds no golden cases (NAME.json with NAME.safetensors).`)
  return [...new Set(names)].sort()
}

/** Reads one case. Throws UsageError or CheckpointError, naming the file, where it is missing, damaged or contradicts itself. */
export function readCase(folder: string, name: string): GoldenCase {
  const described = readDescription(join(folder, `${name}.json`), Description)
  const { tensors, refuse, get, floats } = readTensors(join(folder, `${name}.safetensors`))
  const integers = (key: string) => {
    const tensor = get(key)
    if (tensor.dtype !== 'I32') return refuse(`"${key}" is ${tensor.dtype}, not I32.`)
    if (tensor.shape.length !== 3 || tensor.data.length === 0)
      return refuse(`"${key}" is [${tensor.shape.join(', ')}], not [steps, B, T].`)
    return tensor
  }

  const tokens = integers('tokens')
  const targets = integers('targets')
  const [count = 0, B = 0, T = 0] = tokens.shape
  if (targets.shape.join() !== tokens.shape.join()) refuse('tokens and targets differ in shape.')
  const steps = described.steps ?? described.losses.length
  if (steps > count || described.losses.length !== steps || (described.grad_norms?.length ?? steps) !== steps)
    refuse(
      `${steps} steps, ${count} batches, ${described.losses.length} losses and ` +
        `${described.grad_norms?.length ?? 'no'} gradient norms do not go together.`,
    )
  if ((described.batch_size ?? B) !== B || (described.seq_len ?? T) !== T)
    refuse(
      `tokens are [${tokens.shape.join(', ')}]; the description says ${described.batch_size} × ${described.seq_len}.`,
    )

  const { model, optimizer } = described
  const { arch } = model
  const modelConfig = { ...modelOf(model, T, get, tensors.has('init.lm_head.weight')), batch_size: B }
  // The ranges of the training fields guard a person's hand; they are no bounds of the mathematics.
  const problems = validate(configFor(modelConfig, model.vocab_size))
  if (problems.length > 0) refuse(problems.map(({ message }) => message).join(' '))
  const config = configFor(
    {
      ...modelConfig,
      gradient_accumulation_steps: 1,
      learning_rate: optimizer.lr,
      min_lr: optimizer.min_lr ?? optimizer.lr,
      schedule: 'cosine',
      warmup_iters: optimizer.warmup_steps,
      max_iters: optimizer.max_steps ?? steps,
      weight_decay: optimizer.weight_decay,
      beta1: optimizer.beta1,
      beta2: optimizer.beta2,
      eps: optimizer.eps,
      grad_clip: optimizer.grad_clip,
      label_smoothing: 0,
    },
    model.vocab_size,
  )
  if (T > config.block_size) refuse(`rows of ${T} tokens do not fit a block_size of ${config.block_size}.`)
  if (tokens.data.some((id) => id < 0 || id >= config.vocab_size)) refuse('a token lies outside the vocabulary.')
  if (targets.data.some((id) => id >= config.vocab_size)) refuse('a target lies outside the vocabulary.')

  const N = B * T
  const names = goldenShapes(config, arch)
  const all = (prefix: string) => new Map([...names].map(([n, shape]) => [n, floats(`${prefix}.${n}`, shape)]))
  return {
    name,
    arch,
    config,
    B,
    T,
    batches: Array.from({ length: steps }, (_, i) =>
      batchOf(tokens.data.subarray(i * N, (i + 1) * N), targets.data.subarray(i * N, (i + 1) * N), config.vocab_size),
    ),
    losses: described.losses,
    grad_norms: described.grad_norms ?? null,
    loss_after: described.loss_on_first_batch_after_last_step ?? null,
    weights: fromGolden(config, arch, all('init')),
    logits: floats('logits', [B, T, config.vocab_size]),
    grads: all('grad'),
    finals: [...tensors.keys()].some((key) => key.startsWith('final.')) ? all('final') : new Map(),
  }
}

/** The shape of a model as our config says it; `T` is its context where the description has none. */
export function modelOf(
  model: v.InferOutput<typeof ModelDescription>,
  T: number,
  get: (key: string) => StoredTensor,
  headApart: boolean,
): Partial<Config> {
  const { arch } = model
  const firstLayer =
    arch === 'gpt2' ? 'init.transformer.h.0.mlp.c_fc.weight' : 'init.model.layers.0.mlp.gate_proj.weight'
  const width = get(firstLayer).shape[arch === 'gpt2' ? 1 : 0]
  return {
    n_layer: model.n_layer,
    n_head: model.n_head,
    n_kv_head: model.n_kv_head ?? model.n_head,
    n_embd: model.n_embd,
    n_inner: model.intermediate_size ?? width ?? 0,
    block_size: model.block_size ?? T,
    dropout: 0,
    bias: arch === 'gpt2',
    tie: model.tie_word_embeddings ?? !headApart,
    position: arch === 'gpt2' ? 'learned' : 'rope',
    norm: arch === 'gpt2' ? 'layernorm' : 'rmsnorm',
    mlp: arch === 'gpt2' ? 'gelu' : 'swiglu',
    rope_theta: model.rope_theta ?? 10000,
    norm_eps: 1e-5,
  }
}

/** A case's description. Throws UsageError naming the file. */
export function readDescription<S extends v.GenericSchema>(file: string, schema: S): v.InferOutput<S> {
  const parsed = v.safeParse(schema, readJson(file))
  if (parsed.success) return parsed.output
  const issues = parsed.issues.map((issue) => `${v.getDotPath(issue) ?? 'the whole'}: ${issue.message}`)
  throw new UsageError(`${file} does not describe a golden case: ${issues.join('; ')}.`)
}

export function readJson(file: string): unknown {
  if (!existsSync(file)) throw new UsageError(`There is no ${file}.`)
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new UsageError(`${file} is not JSON (${error instanceof Error ? error.message : String(error)}).`)
  }
}

/** A case's tensors; `floats` checks type and shape. Throws UsageError naming the file. */
export function readTensors(file: string) {
  const refuse = (what: string): never => {
    throw new UsageError(`${file}: ${what}`)
  }
  if (!existsSync(file)) refuse('there is no such file.')
  const { tensors } = readArrays(file)
  const get = (key: string): StoredTensor => tensors.get(key) ?? refuse(`it has no tensor "${key}".`)
  const floats = (key: string, shape: readonly number[]): NamedArray => {
    const tensor = get(key)
    if (tensor.dtype !== 'F32') return refuse(`"${key}" is ${tensor.dtype}, not F32.`)
    if (tensor.shape.join() !== shape.join())
      return refuse(`"${key}" is [${tensor.shape.join(', ')}]; the description makes it [${shape.join(', ')}].`)
    return { shape, data: tensor.data }
  }
  return { tensors, refuse, get, floats }
}

function readArrays(file: string): { tensors: Map<string, StoredTensor> } {
  try {
    return readSafetensors(readFileSync(file))
  } catch (error) {
    throw new UsageError(`${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

/** One of our parameters and the golden tensors that lie side by side in its columns. */
interface Part {
  ours: string
  shape: readonly number[]
  pieces: { name: string; shape: readonly number[]; transposed: boolean }[]
}

/** How our parameters are made of the golden ones. */
function layout(config: Config, arch: GoldenCase['arch']): Part[] {
  const head = config.n_embd / config.n_head
  const kv = head * config.n_kv_head
  return paramTable(config).map(({ name: ours, shape }) => {
    if (arch === 'gpt2') return { ours, shape, pieces: [{ name: ours, shape, transposed: false }] }
    const [rows = 1] = shape
    const linear = (names: readonly (readonly [string, number])[]) => ({
      ours,
      shape,
      pieces: names.map(([name, columns]) => ({ name, shape: [columns, rows], transposed: true })),
    })
    const same = (name: string) => ({ ours, shape, pieces: [{ name, shape, transposed: false }] })
    const layer = ours.match(/^transformer\.h\.(\d+)\.(.*)$/)
    const at = `model.layers.${layer?.[1]}`
    switch (layer?.[2] ?? ours) {
      case 'transformer.wte.weight':
        return same('model.embed_tokens.weight')
      case 'ln_1.weight':
        return same(`${at}.input_layernorm.weight`)
      case 'attn.c_attn.weight':
        return linear([
          [`${at}.self_attn.q_proj.weight`, config.n_embd],
          [`${at}.self_attn.k_proj.weight`, kv],
          [`${at}.self_attn.v_proj.weight`, kv],
        ])
      case 'attn.c_proj.weight':
        return linear([[`${at}.self_attn.o_proj.weight`, config.n_embd]])
      case 'ln_2.weight':
        return same(`${at}.post_attention_layernorm.weight`)
      case 'mlp.c_fc.weight':
        return linear([
          [`${at}.mlp.gate_proj.weight`, config.n_inner],
          [`${at}.mlp.up_proj.weight`, config.n_inner],
        ])
      case 'mlp.c_proj.weight':
        return linear([[`${at}.mlp.down_proj.weight`, config.n_embd]])
      case 'transformer.ln_f.weight':
        return same('model.norm.weight')
      default:
        return same(ours)
    }
  })
}

/** Calls `visit` with every element's index in our array, its golden tensor, and its index there. */
function eachElement({ shape, pieces }: Part, visit: (ours: number, piece: string, theirs: number) => void): void {
  const columns = shape.at(-1) ?? 1
  const rows = sizeOf(shape) / columns
  let start = 0
  for (const piece of pieces) {
    const width = piece.transposed ? (piece.shape[0] ?? 1) : columns
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < width; c++)
        visit(r * columns + start + c, piece.name, piece.transposed ? c * rows + r : r * columns + c)
    start += width
  }
}

/** The golden names of a model's parameters, with their shapes. */
export function goldenShapes(config: Config, arch: GoldenCase['arch']): Map<string, readonly number[]> {
  return new Map(layout(config, arch).flatMap(({ pieces }) => pieces.map(({ name, shape }) => [name, shape] as const)))
}
/** Parameters in the golden names and layouts as ours. */
export function fromGolden(
  config: Config,
  arch: GoldenCase['arch'],
  golden: ReadonlyMap<string, NamedArray>,
): Map<string, Float32Array> {
  return new Map(layout(config, arch).map((part) => [part.ours, pack(part, golden)]))
}

function pack(part: Part, from: ReadonlyMap<string, NamedArray>): Float32Array {
  const packed = new Float32Array(sizeOf(part.shape))
  eachElement(part, (ours, piece, theirs) => {
    packed[ours] = from.get(piece)?.data[theirs] ?? NaN
  })
  return packed
}

/** Our parameters (or their gradients), by our names, in the golden names and layouts. */
export function toGolden(
  { config, arch }: Pick<GoldenCase, 'config' | 'arch'>,
  ours: ReadonlyMap<string, Float32Array>,
): Map<string, NamedArray> {
  const golden = new Map<string, NamedArray>()
  for (const part of layout(config, arch)) {
    for (const { name, shape } of part.pieces) golden.set(name, { shape, data: new Float32Array(sizeOf(shape)) })
    const data = ours.get(part.ours)
    eachElement(part, (at, piece, theirs) => {
      golden.get(piece)!.data[theirs] = data?.[at] ?? NaN
    })
  }
  return golden
}
