// Whether an engine computes what the reference computes: small models that have every op between them take a step on both and write a few
// tokens. It takes some tens of milliseconds, and finds a kernel that is wrong on this machine before a run depends on it.
import type { Config } from '../config/config'
import { defaultConfig } from '../config/fields'
import { batchOf } from '../data/dataset/loader'
import type { Engine } from '../engine'
import { initWeights } from '../model/init'
import { hash } from '../rng'
import { Decoder } from './decoder'
import { Trainer } from './trainer'

const [B, T, V] = [2, 9, 23]
const SMALL = {
  n_layer: 1,
  n_head: 2,
  n_kv_head: 2,
  n_embd: 16,
  n_inner: 20,
  block_size: T,
  batch_size: B,
  dropout: 0.1,
}
/** GPT-2's ops, Llama's, and those that neither has: between them every op. `odd` are sizes whose heads take attention with its matrix. */
export const everyOp = (
  small: Partial<Config>,
  { n_kv_head, odd }: { n_kv_head: number; odd: Partial<Config> },
): readonly Partial<Config>[] => [
  { ...small, mlp: 'gelu', norm: 'layernorm', position: 'learned', bias: true, grad_clip: 0.5 },
  { ...small, mlp: 'swiglu', norm: 'rmsnorm', position: 'rope', bias: false, n_kv_head, dropout: 0 },
  { ...small, mlp: 'relu2', tie: false, label_smoothing: 0.1, ...odd },
]
const MODELS = everyOp(SMALL, { n_kv_head: 1, odd: { n_embd: 12 } })

/** Largest ‖Δ‖ / ‖reference‖. float32 strays by 1e-6 here; AdamW's first step turns that to a hundred times as much. */
const TOLERANCE = 1e-3

interface Numbers {
  /** Losses, gradients and weights by name, and what was written. */
  readonly values: ReadonlyMap<string, Float32Array>
}

/** What disagrees, in words; null where nothing does. */
export async function disagreement(engine: Engine, reference: Engine): Promise<string | null> {
  for (const [i, model] of MODELS.entries()) {
    const config: Config = { ...defaultConfig(V), ...model }
    const [got, right] = [await computed(engine, config), await computed(reference, config)]
    for (const [name, want] of right.values) {
      const off = distance(got.values.get(name)!, want)
      if (!(off <= TOLERANCE)) return `${name} of test model ${i + 1} is off by ${off.toPrecision(2)} of itself`
    }
  }
  return null
}

async function computed(engine: Engine, config: Config): Promise<Numbers> {
  const ids = (stream: number) => Uint32Array.from({ length: B * T }, (_, i) => hash(7, stream, i) % V)
  const batch = batchOf(ids(1), Int32Array.from(ids(2)), V)
  const trainer = await Trainer.open(engine, config, initWeights(config, 1))
  let decoder: Decoder | null = null
  try {
    await trainer.train(0, () => batch)
    const [update] = await trainer.updates()
    const values = new Map<string, Float32Array>([['the loss', Float32Array.of(update!.loss, update!.grad_norm)]])
    for (const [name, gradient] of await trainer.gradients()) values.set(`the gradient of ${name}`, gradient)
    const names = trainer.params.map(({ name }) => name)
    const weights = await trainer.read(names)
    names.forEach((name, n) => values.set(name, weights[n]!))
    decoder = await Decoder.open(trainer.weights)
    const options = { temperature: 0.8, top_k: 0, top_p: 1, seed: 1 }
    const tokens = [...batch.tokens.subarray(0, 5)]
    const { probability } = await decoder.draw(tokens, options, 0, 1)
    values.set('the chance of a token', Float32Array.of(probability))
    return { values }
  } finally {
    decoder?.destroy()
    trainer.destroy()
  }
}

/** ‖a − b‖ / ‖b‖, or ‖a‖ where b is zero; NaN where either has one. */
function distance(a: Float32Array, b: Float32Array): number {
  let [apart, length] = [0, 0]
  for (let i = 0; i < b.length; i++) {
    apart += (a[i]! - b[i]!) ** 2
    length += b[i]! ** 2
  }
  return Math.sqrt(apart / (length || 1))
}
