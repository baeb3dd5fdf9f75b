// One golden case on one engine: trains it as PyTorch did and measures how far the numbers lie apart. Every comparison is
// written so that a number that is not finite fails it.
import type { Engine } from '../engine'
import { Evaluator } from '../train/evaluator'
import { Trainer } from '../train/trainer'
import { toGolden, type GoldenCase, type NamedArray } from './golden'

/**
 * What may differ. Logits: largest absolute difference; gradients and the first step's gradient norm: ‖Δ‖ / ‖reference‖;
 * losses: absolute, nats. PyTorch's own float32 losses lie within 1e-6 of its float64. Later gradient norms are reported, not
 * judged: AdamW blows rounding up where a gradient is zero but for rounding (a key bias), and on gpt2-odd both engines stray
 * by up to 2e-4 at the same few steps whose losses agree to 2e-6.
 */
export const TOLERANCE = { logits: 1e-5, gradient: 1e-5, loss: 5e-5 } as const

/** What an engine computed from a case, in the golden names and layouts. */
export interface Got {
  logits: NamedArray
  grads: Map<string, NamedArray>
  finals: Map<string, NamedArray>
  losses: number[]
  grad_norms: number[]
  /** On the first batch, after the last step. */
  loss_after: number
}

/** One measured distance. `limit` null: reported, not judged. */
export interface Row {
  what: string
  difference: number
  limit: number | null
}

export async function runCase(engine: Engine, golden: GoldenCase): Promise<Got> {
  const { config, batches, B, T, weights } = golden
  const trainer = await Trainer.open(engine, config, weights, { T, keep: ['logits'] })
  let evaluator: Evaluator | null = null
  try {
    const names = trainer.params.map(({ name }) => name)
    const losses: number[] = []
    const grad_norms: number[] = []
    const collect = async () => {
      for (const { loss, grad_norm } of await trainer.updates()) {
        losses.push(loss)
        grad_norms.push(grad_norm)
      }
    }
    let logits: Float32Array = new Float32Array()
    let grads = new Map<string, NamedArray>()
    for (const [step, batch] of batches.entries()) {
      await trainer.train(step, () => batch)
      if (step === 0) {
        logits = (await trainer.read(['logits']))[0] ?? logits
        grads = toGolden(golden, await trainer.gradients())
      }
      if (trainer.ringIsFilling) await collect()
    }
    await collect()
    const finals = await trainer.read(names)
    evaluator = await Evaluator.open(trainer.weights, { B, T })
    return {
      logits: { shape: golden.logits.shape, data: logits },
      grads,
      finals: toGolden(golden, new Map(names.map((name, i) => [name, finals[i] ?? new Float32Array()]))),
      losses,
      grad_norms,
      loss_after: await evaluator.loss(1, () => batches[0]!),
    }
  } finally {
    evaluator?.destroy()
    trainer.destroy()
  }
}

/** Every distance between what was got and what is right, the judged ones with their limits. */
export function compare(golden: GoldenCase, got: Got): { tensors: Row[]; steps: { loss: Row; grad_norm: Row }[] } {
  const distances = (label: string, right: ReadonlyMap<string, NamedArray>, from: Got['grads'], limit: number | null) =>
    [...right].map(([name, { data }]) => ({
      what: `${label} ${name}`,
      difference: relativeDistance(from.get(name)?.data ?? new Float32Array(), data),
      limit,
    }))
  const { logits, gradient, loss } = TOLERANCE
  const tensors: Row[] = [
    { what: 'logits', difference: largestDifference(got.logits.data, golden.logits.data), limit: logits },
    ...distances('grad', golden.grads, got.grads, gradient),
    ...distances('final', golden.finals, got.finals, null),
  ]
  if (golden.loss_after !== null)
    tensors.push({ what: 'loss after', difference: Math.abs(got.loss_after - golden.loss_after), limit: loss })
  const steps = golden.losses.map((right, i) => {
    const norm = golden.grad_norms?.[i]
    return {
      loss: { what: `loss ${i}`, difference: Math.abs((got.losses[i] ?? NaN) - right), limit: loss },
      grad_norm: {
        what: `grad norm ${i}`,
        difference: norm === undefined ? 0 : Math.abs((got.grad_norms[i] ?? NaN) - norm) / Math.max(norm, 1e-30),
        limit: i === 0 && norm !== undefined ? gradient : null,
      },
    }
  })
  return { tensors, steps }
}

/** Whether a distance is within its limit; never for one that is not a number. */
export function isWithin({ difference, limit }: Row): boolean {
  return limit === null || difference <= limit
}

/** The row that lies furthest off; one that is not a number lies further than all. */
export function furthest(rows: readonly Row[]): Row | null {
  const rank = ({ difference }: Row) => (Number.isNaN(difference) ? Infinity : difference)
  return rows.reduce<Row | null>((worst, row) => (!worst || rank(row) > rank(worst) ? row : worst), null)
}

/** Largest absolute difference; NaN where either has one or the sizes differ. */
export function largestDifference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return NaN
  let largest = 0
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!)
    if (Number.isNaN(difference)) return NaN
    if (difference > largest) largest = difference
  }
  return largest
}

/** ‖a − b‖ / ‖b‖, or ‖a‖ where b is zero; NaN where either has one or the sizes differ. */
export function relativeDistance(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return NaN
  let apart = 0
  let length = 0
  for (let i = 0; i < a.length; i++) {
    apart += (a[i]! - b[i]!) ** 2
    length += b[i]! ** 2
  }
  return Math.sqrt(apart) / (length > 0 ? Math.sqrt(length) : 1)
}
