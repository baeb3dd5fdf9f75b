// A whole model on the CPU engine in f64: the tape's memory by plan, weights drawn large enough that every part of the model
// matters, one batch with repeated tokens and targets that are not counted, and its loss and gradients read exactly.
import { openCpu } from '../../src/cpu/engine'
import type { CpuTensor } from '../../src/cpu/tensor'
import { defaultConfig } from '../../src/config/fields'
import type { ModelConfig, TrainConfig } from '../../src/config/config'
import { DICE, type Block, type Tensor } from '../../src/engine'
import { gpt, ropeTables, type Mode } from '../../src/model/gpt'
import { planMemory } from '../../src/model/memory'
import { gradientLabel, type Tape } from '../../src/model/tape'
import { paramTable, sizeOf } from '../../src/params'
import { Rng } from '../../src/rng'

/** A model small enough to differentiate by hand, every size different. */
export function tinyConfig(changes: Partial<ModelConfig> = {}): ModelConfig {
  const tiny = { n_layer: 2, n_head: 2, n_kv_head: 2, n_embd: 8, n_inner: 10, block_size: 6 }
  return { ...defaultConfig(7), ...tiny, ...changes }
}

/** A block of its own for each tensor. */
export const apart = (tensors: Iterable<Tensor>): Block[] =>
  [...tensors].map((tensor) => ({ label: tensor.label, size: sizeOf(tensor.shape), windows: [{ tensor, offset: 0 }] }))

export interface Program {
  tape: Tape
  weights: Map<string, Float64Array>
  write(label: string, values: Float64Array): void
  /** Forward alone: the loss. */
  loss(): Promise<number>
  /** Forward and backward; `accumulate`: parameters' gradients are added to what they hold. */
  step(accumulate?: boolean): Promise<void>
  read(label: string): Promise<Float64Array>
}

interface Options {
  B?: number
  T?: number
  label_smoothing?: number
  recompute?: TrainConfig['recompute']
  /** No fusion, and the matrix att. */
  plain?: boolean
  head_rows?: number
  seed?: number
  precision?: 'f32' | 'f64'
  /** Standard deviation of the weights. */
  spread?: number
  /** Where the tape's own tensors lie; by default as planMemory says. */
  memory?: (tape: Tape) => Block[]
}

/** Opens a model for training on one batch. */
export async function openProgram(config: ModelConfig, options: Options = {}): Promise<Program> {
  const {
    B = 2,
    T = 5,
    label_smoothing = 0,
    recompute = 'none',
    plain = false,
    head_rows,
    seed = 1,
    memory = planMemory,
    precision = 'f64',
    spread = 0.4,
  } = options
  const engine = openCpu(precision)
  const mode: Mode = {
    use: 'train',
    B,
    T,
    label_smoothing,
    recompute,
    fuse: !plain,
    att: plain,
    ...(head_rows !== undefined && { head_rows }),
  }
  const tape = gpt(config, mode)
  const external = [...tape.tensors.values()].filter(
    (tensor) => tape.isExternal(tensor) && tape.home(tensor) === tensor,
  )
  const placed = new Map([...(await engine.allocate(apart(external))), ...(await engine.allocate(memory(tape)))])
  const place = ({ label }: Tensor): CpuTensor => placed.get(label)!

  const rng = new Rng(seed, 81)
  const V = config.vocab_size
  const weights = new Map<string, Float64Array>()
  for (const { name, shape, init } of paramTable(config)) {
    const centre = 'constant' in init ? init.constant : 0
    weights.set(
      name,
      Float64Array.from({ length: sizeOf(shape) }, () => Math.fround(centre + spread * rng.normal())),
    )
    engine.write(placed.get(name)!, weights.get(name)!)
  }
  const tokens = Uint32Array.from({ length: B * T }, () => rng.below(V - 1))
  const targets = Int32Array.from(tokens, (_, n) => (n % 4 === 3 ? -1 : rng.below(V)))
  const order = [...tokens.keys()].toSorted((a, b) => tokens[a]! - tokens[b]! || a - b)
  const starts = Array.from({ length: V + 1 }, (_, v) => tokens.filter((token) => token < v).length)
  const dice = new Uint32Array(DICE.size)
  dice[DICE.seed] = 11
  dice[DICE.step] = 3
  engine.write(placed.get('tokens')!, tokens)
  engine.write(placed.get('targets')!, targets)
  engine.write(placed.get('order')!, Uint32Array.from(order))
  engine.write(placed.get('starts')!, Uint32Array.from(starts))
  engine.write(placed.get('dice')!, dice)
  const share = 1 / targets.filter((target) => target >= 0).length
  engine.write(placed.get('scale')!, new Float64Array(B * T).fill(share))
  if (config.position === 'rope') {
    const { cos, sin } = ropeTables(config)
    engine.write(placed.get('cos')!, cos)
    engine.write(placed.get('sin')!, sin)
  }

  const forward = tape.forward(engine, place)
  const [first, later] = [tape.step(engine, place), tape.step(engine, place, true)]
  // Noise everywhere: what is not written before it is read would show.
  for (const [label, { data, dtype }] of placed)
    if (!weights.has(label) && dtype === 'f32' && !['scale', 'cos', 'sin'].includes(label))
      for (let i = 0; i < data.length; i++) data[i] = rng.normal()

  const read = async (label: string) => (await engine.readExact([placed.get(label)!]))[0]!
  return {
    tape,
    weights,
    write: (label, values) => engine.write(placed.get(label)!, values),
    async loss() {
      await engine.run(forward)
      return (await read('loss_ring'))[0]!
    },
    step: (accumulate = false) => engine.run(accumulate ? later : first),
    read,
  }
}

/** The gradients of every parameter after a step. */
export async function parameterGradients(program: Program): Promise<Map<string, Float64Array>> {
  const gradients = new Map<string, Float64Array>()
  for (const name of program.weights.keys()) gradients.set(name, await program.read(gradientLabel(name)))
  return gradients
}
