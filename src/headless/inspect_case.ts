// One golden case of kind `inspect` on one engine: what PyTorch saw in a model, looked at again, and how far the numbers lie apart.
import { join } from 'node:path'
import * as v from 'valibot'
import { validate } from '../config/validate'
import type { Config } from '../config/config'
import type { Engine } from '../engine'
import { Probe } from '../inspect/probe'
import { configFor } from '../presets'
import { Weights } from '../train/weights'
import {
  findCases,
  fromGolden,
  goldenShapes,
  ModelDescription,
  modelOf,
  readDescription,
  readJson,
  readTensors,
  type NamedArray,
} from './golden'
import { look, VIEWS, type Seen, type Subject } from './inspect_views'
import { largestDifference, type Row } from './parity_case'
import { UsageError } from './command'

const count = v.pipe(v.number(), v.integer(), v.minValue(0))
const Description = v.object({
  kind: v.literal('inspect'),
  model: ModelDescription,
  loss: v.number(),
  patch: v.object({ position: count, answer: count, instead: count, clean: v.number(), corrupted: v.number() }),
})

/** What may differ, of the tensor's largest value or of 1: by the beginning of its name. */
export const TOLERANCE: readonly (readonly [name: string, share: number])[] = [
  ['attention', 1e-5],
  ['logits', 1e-5],
  ['token_losses', 1e-5],
  ['residual', 1e-5],
  ['lens', 1e-4],
  ['gate_grad.', 5e-5],
  ['ablate.', 5e-5],
  ['attribution', 5e-5],
  ['patch.', 5e-5],
]
/** A patch divides by the difference between the texts: it may differ by as much over that. */
const PATCH = 2e-5

export interface InspectCase {
  name: string
  arch: 'gpt2' | 'llama'
  config: Config
  weights: Map<string, Float32Array>
  subject: Subject
  loss: number
  /** logit(answer) − logit(instead) of the clean and the corrupted text. */
  clean: number
  corrupted: number
  /** What is right, by name. */
  right: Map<string, NamedArray>
}

/** The cases of kind `inspect` in a folder. Throws UsageError where there is none. */
export function findInspectCases(folder: string): string[] {
  const named = findCases(folder).filter((name) => {
    const json = readJson(join(folder, `${name}.json`))
    return typeof json === 'object' && json !== null && 'kind' in json && json.kind === 'inspect'
  })
  if (named.length === 0) throw new UsageError(`${folder} holds no golden cases of kind "inspect".`)
  return named
}

/** Reads one case. Throws UsageError naming the file where it is missing, damaged or contradicts itself. */
export function readInspectCase(folder: string, name: string): InspectCase {
  const { model, patch, loss } = readDescription(join(folder, `${name}.json`), Description)
  const { tensors, refuse, get, floats } = readTensors(join(folder, `${name}.safetensors`))
  const integers = (key: string, V: number, least: number) => {
    const tensor = get(key)
    if (tensor.dtype !== 'I32') return refuse(`"${key}" is ${tensor.dtype}, not I32.`)
    if (tensor.shape.length !== 1 || tensor.data.length === 0)
      return refuse(`"${key}" is [${tensor.shape.join(', ')}], not [T].`)
    if (tensor.data.some((id) => id < least || id >= V)) return refuse(`"${key}" leaves the vocabulary of ${V} tokens.`)
    return tensor.data
  }
  const clean = integers('tokens', model.vocab_size, 0)
  const targets = integers('targets', model.vocab_size, -Infinity)
  const corrupted = integers('corrupted', model.vocab_size, 0)
  const T = clean.length
  if (targets.length !== T || corrupted.length !== T) refuse('tokens, targets and corrupted differ in length.')
  const config = configFor(modelOf(model, T, get, tensors.has('init.lm_head.weight')), model.vocab_size)
  const problems = validate(config)
  if (problems.length > 0) refuse(problems.map(({ message }) => message).join(' '))
  const { n_layer: L, n_head: H, n_embd: C, vocab_size: V } = config
  if (T > config.block_size) refuse(`a text of ${T} tokens does not fit a block_size of ${config.block_size}.`)
  if (patch.position >= T || patch.answer >= V || patch.instead >= V)
    refuse('the patch asks for a position or token that is not there.')
  const depths = 2 * L + 1
  const shapes: Record<string, number[]> = {
    logits: [T, V],
    token_losses: [T],
    attention: [L, H, T, T],
    residual: [depths, T, C],
    lens: [depths, T, V],
    'gate_grad.head': [L, H],
    'gate_grad.attn': [L],
    'gate_grad.mlp': [L],
    'ablate.head': [L, H],
    'ablate.attn': [L],
    'ablate.mlp': [L],
    'patch.resid': [depths, T],
    'patch.head': [L, H],
    attribution: [depths],
  }
  const init = new Map([...goldenShapes(config, model.arch)].map(([n, shape]) => [n, floats(`init.${n}`, shape)]))
  const { position, answer, instead } = patch
  return {
    ...{ name, arch: model.arch, config, loss, clean: patch.clean, corrupted: patch.corrupted },
    weights: fromGolden(config, model.arch, init),
    subject: { clean, corrupted, targets, position, answer, instead },
    right: new Map(Object.entries(shapes).map(([key, shape]) => [key, floats(key, shape)])),
  }
}

/** Looks at everything that a case has. */
export async function runInspectCase(engine: Engine, golden: InspectCase): Promise<Seen> {
  const weights = await Weights.open(engine, golden.config, golden.weights)
  const probe = new Probe(weights)
  try {
    return await look(probe, golden.subject, VIEWS)
  } finally {
    probe.destroy()
    weights.destroy()
  }
}

/** Every distance with its limit; one that is not a number is past it. */
export function compareInspect({ right, loss, clean, corrupted }: InspectCase, got: Seen): Row[] {
  const rows = [...right].map(([what, { data }]) => {
    const share = TOLERANCE.find(([name]) => what.startsWith(name))![1]
    const largest = data.reduce((most, x) => Math.max(most, Math.abs(x)), 1)
    const limit = what.startsWith('patch.') ? Math.max(share, PATCH / Math.abs(clean - corrupted)) : share * largest
    return { what, difference: largestDifference(got.tensors.get(what)?.data ?? new Float32Array(), data), limit }
  })
  return [
    { what: 'loss', difference: Math.abs((got.loss ?? NaN) - loss), limit: 1e-5 * Math.max(1, Math.abs(loss)) },
    ...rows,
  ]
}
