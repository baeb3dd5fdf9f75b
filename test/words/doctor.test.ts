// The loss doctor's rules: of each a curve that must set it off and one that comes near and must not. Curves in test/fixtures/
// doctor_curves.json were recorded: the dial's smallest size for 1,000 steps on tiny Shakespeare, at its own learning rate (0.02), at
// 0.05, 0.5 and 1e-6, every fourth step kept; the others are generated.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Config } from '../../src/config/config'
import { diagnose, type Finding, type Observed, type Rule } from '../../src/words/doctor'
import { configFor, DEFAULT_PRESET, SIZES } from '../../src/presets'
import { Rng } from '../../src/rng'
import type { EvalMetrics } from '../../src/words/run'
import { parseRecordedRun } from '../../src/ui/state/recorded'
import { StepColumns } from '../../src/words/columns'

const LADDER = [4.174, 3.354, 2.493, 2.053, 1.77, 1.67]
const V = 65

/** What a run is told to be; columns for each step, the time summed up. */
interface Curve {
  change?: Partial<Config>
  loss: (step: number) => number
  steps: number
  step_ms?: (step: number) => number
  evals?: EvalMetrics[]
  also?: Partial<Observed>
}

function observed({ change = {}, loss, steps, step_ms = () => 50, evals = [], also = {} }: Curve): Observed {
  const config = configFor({ ...SIZES[1]!.config, max_iters: 2000, warmup_iters: 20, ...change }, V)
  const step = Array.from({ length: steps }, (_, i) => i + 1)
  return {
    config,
    status: 'running',
    steps: { step, loss: step.map(loss), grad_norm: step.map(() => 1), elapsed_s: summed(step.map(step_ms)) },
    evals,
    ladder: LADDER,
    train_tokens: 1_000_000,
    ...also,
  }
}
const summed = (ms: readonly number[]) => {
  let sum = 0
  return ms.map((x) => (sum += x / 1000))
}
/** The first `n` rows, and what was measured by then. */
function prefix(o: Observed, n: number): Observed {
  const cut = (column: ArrayLike<number>) => Array.prototype.slice.call(column, 0, n) as number[]
  const { step, loss, grad_norm, elapsed_s } = o.steps
  const steps = { step: cut(step), loss: cut(loss), grad_norm: cut(grad_norm), elapsed_s: cut(elapsed_s) }
  return { ...o, steps, evals: o.evals.filter((e) => e.step <= (steps.step.at(-1) ?? 0)) }
}
/** Every rule that any prefix sets off. */
function everFound(o: Observed): Set<Rule> {
  const found = new Set<Rule>()
  for (let n = 0; n <= o.steps.step.length; n++) for (const { rule } of diagnose(prefix(o, n))) found.add(rule)
  return found
}

/** A loss as it falls when all goes well, with the noise of small batches. */
const noise = new Rng(3, 80)
const NOISE = Array.from({ length: 4000 }, () => 0.06 * noise.normal())
const falling = (step: number) => 1.9 + 2.27 * Math.exp(-step / 120) + NOISE[step]!
const evalsOf = (
  steps: number,
  val: (step: number) => number,
  train: (step: number) => number = val,
  ratio?: (step: number) => number,
): EvalMetrics[] =>
  Array.from({ length: Math.floor(steps / 50) + 1 }, (_, i) => 50 * i).map((step) => ({
    step,
    val_loss: val(step),
    train_loss: step === 0 ? null : train(step),
    ...(ratio && step > 0 ? { update_ratio: ratio(step) } : {}),
  }))
const smooth = (step: number) => 1.9 + 2.27 * Math.exp(-step / 120)

const rules = (o: Observed) => diagnose(o).map(({ rule }) => rule)
function find<R extends Rule>(o: Observed, rule: R): Extract<Finding, { rule: R }> {
  const found = diagnose(o).find((f): f is Extract<Finding, { rule: R }> => f.rule === rule)
  if (!found) throw new Error(`${rule} was not found; found were: ${rules(o).join(', ') || 'none'}`)
  return found
}

interface Recorded extends Pick<Observed, 'config' | 'evals' | 'ladder' | 'train_tokens'> {
  steps: Record<'step' | 'loss' | 'grad_norm' | 'step_ms', number[]>
}
const CURVES = JSON.parse(readFileSync('test/fixtures/doctor_curves.json', 'utf8')) as Record<string, Recorded>

function curve(name: string): Observed {
  const { config, train_tokens, ladder, steps, evals } = CURVES[name]!
  const elapsed_s = summed(steps.step_ms.map((ms, i) => ms * (steps.step[i]! - (steps.step[i - 1] ?? 0))))
  return { config, status: 'finished', steps: { ...steps, elapsed_s }, evals, ladder, train_tokens }
}

describe('a run that goes well', () => {
  const { config, history, ladder } = parseRecordedRun(JSON.parse(readFileSync('public/recorded_run.json', 'utf8')))
  const { evals } = history
  const { step, loss, grad_norm, elapsed_s } = StepColumns.of(history.steps).view()
  const recorded: Observed = {
    config,
    status: 'running',
    steps: {
      step: [...step],
      loss: [...loss],
      grad_norm: [...grad_norm],
      elapsed_s: [...elapsed_s],
    },
    evals,
    ladder,
    train_tokens: 1_100_000,
  }
  test('sets nothing off, at any of its steps: the one that the page opens with', () => {
    expect(config).toEqual(configFor(DEFAULT_PRESET.config, config.vocab_size))
    expect([...everFound(recorded)]).toEqual([])
  })
  test('nor when it has ended', () => expect(diagnose({ ...recorded, status: 'finished' })).toEqual([]))
  test.each(['ok', 'hot'])('nor the smallest model, recorded, %s', (name) =>
    expect([...everFound(curve(name))]).toEqual([]),
  )
  test('nor a generated one', () => {
    const o = observed({ loss: falling, steps: 1500, evals: evalsOf(1500, smooth) })
    expect([...everFound(o)]).toEqual([])
  })
  test('nothing has been seen yet', () => expect(diagnose(observed({ loss: falling, steps: 0 }))).toEqual([]))
})

describe('not finite', () => {
  const at = (last: number, value: number, change: Partial<Config> = {}) =>
    observed({ change, steps: last, loss: (step) => (step === last ? value : falling(step)) })
  test('a loss that is no number: on from the checkpoint with a third of the rate, and nothing else is said', () => {
    const o = at(500, NaN, { learning_rate: 1e-2, min_lr: 1e-3 })
    expect(diagnose({ ...o, status: 'failed' })).toEqual([
      {
        rule: 'not_finite',
        step: 500,
        learning_rate: 1e-2,
        fix: { do: 'change', change: { learning_rate: 3e-3, min_lr: 3e-4 } },
      },
    ])
  })
  test('in the first steps, without a warm-up: from the beginning with one', () => {
    const { fix } = find(at(30, Infinity, { warmup_iters: 0, learning_rate: 1e-2, min_lr: 1e-3 }), 'not_finite')
    expect(fix).toEqual({ do: 'restart', change: { learning_rate: 3e-3, min_lr: 3e-4, warmup_iters: 100 } })
  })
  test('a gradient that is no number', () => {
    const o = at(500, 2)
    const grad_norm = Array.from({ length: 500 }, (_, i) => (i === 499 ? NaN : 1))
    expect(find({ ...o, steps: { ...o.steps, grad_norm } }, 'not_finite').step).toBe(500)
  })
  test('a large loss is a number', () => expect(rules(at(500, 1e30))).not.toContain('not_finite'))
})

describe('first loss', () => {
  const first = (val_loss: number) =>
    observed({ loss: falling, steps: 10, evals: [{ step: 0, val_loss, train_loss: null }] })
  test('above the blind guess', () =>
    expect(find(first(6.3), 'first_loss')).toMatchObject({ loss: 6.3, uniform: Math.log(V), fix: { do: 'restart' } }))
  test('told by the first step where nothing is held out', () =>
    expect(find(observed({ loss: (step) => 7 - step, steps: 3 }), 'first_loss').loss).toBe(6))
  test('near the blind guess, or far below it, with weights that know something', () =>
    expect([4.3, 1.6].map((loss) => rules(first(loss)))).toEqual([[], []]))
  test('a run whose first step was not seen', () => {
    const o = observed({ loss: () => 6, steps: 3 })
    expect(rules({ ...o, steps: { ...o.steps, step: [101, 102, 103] } })).toEqual([])
  })
})

describe('spike', () => {
  const jump = (from: number, to: number, by: number) => (step: number) =>
    falling(step) + (step >= from && step < to ? by : 0)
  test('that stays: a third of the rate', () => {
    const found = find(observed({ loss: jump(600, 2000, 0.9), steps: 700 }), 'spike')
    expect(found).toMatchObject({ step: 600, recovered: null, fix: { do: 'change' } })
    expect(found.from).toBeCloseTo(1.93, 1)
    expect(found.to).toBeGreaterThan(2.7)
  })
  test('that was over soon: said so, for a while', () => {
    const curve = { loss: jump(600, 615, 1.5) }
    expect(find(observed({ ...curve, steps: 660 }), 'spike').recovered).toBeLessThan(630)
    expect(rules(observed({ ...curve, steps: 800 }))).toEqual([])
  })
  test('without a clip: with one', () =>
    expect(find(observed({ change: { grad_clip: 0 }, loss: jump(600, 700, 1), steps: 650 }), 'spike').fix).toEqual({
      do: 'change',
      change: { grad_clip: 1 },
    }))
  test('one odd batch, and a loss that is noisy all the time', () => {
    const odd = observed({ loss: (step) => falling(step) + (step === 600 ? 3 : 0), steps: 640 })
    const noisy = observed({ loss: (step) => falling(step) + 6 * NOISE[3999 - step]!, steps: 1500 })
    expect([everFound(odd).size, everFound(noisy).size]).toEqual([0, 0])
  })
})

describe('overfitting', () => {
  const turning = (step: number) => smooth(step) + 0.4 * Math.max(0, (step - 500) / 500)
  test('validation rises from its best while training falls: the best checkpoint', () =>
    expect(
      find(observed({ loss: falling, steps: 1000, evals: evalsOf(1000, turning, smooth) }), 'overfitting'),
    ).toMatchObject({
      best_step: 500,
      fix: { do: 'best', step: 500 },
    }))
  test('both rise, or validation stays near its best', () => {
    const both = observed({ loss: falling, steps: 1000, evals: evalsOf(1000, turning, turning) })
    const near = evalsOf(1000, (step) => smooth(step) + (step > 500 ? 0.03 * Math.sin(step) : 0), smooth)
    expect(rules(both)).not.toContain('overfitting')
    expect(everFound(observed({ loss: falling, steps: 1000, evals: near }))).not.toContain('overfitting')
  })
})

describe('little text', () => {
  const run = (train_tokens: number | null, steps: number, evals: EvalMetrics[] = []) =>
    observed({ loss: falling, steps, evals, also: { train_tokens } })
  test('fewer tokens than parameters, read again and again: more text', () => {
    // 16 rows of 64 tokens a step: 20 times 20,000 tokens after 391 steps.
    expect(find(run(20_000, 400), 'tiny_corpus')).toMatchObject({ tokens: 20_000, fix: { do: 'text' } })
    expect(rules(run(20_000, 300))).toEqual([])
  })
  test('so few tokens that it need not be read often', () => expect(rules(run(500, 1))).toEqual(['tiny_corpus']))
  test('more text than parameters, however often; text of unknown length', () => {
    expect(rules(run(40_000, 1500))).toEqual([])
    expect(rules(run(null, 1500))).toEqual([])
  })
  test('known by heart: training far below validation', () => {
    const heart = evalsOf(600, () => 2.2, (step) => Math.max(0.3, 2.2 - step / 200)) // prettier-ignore
    expect(find(run(20_000, 600, heart), 'memorised')).toMatchObject({ train: 0.3, loss: 2.2, fix: { do: 'text' } })
    const gap = evalsOf(600, () => 2.2, () => 1.5) // prettier-ignore
    expect(rules(run(1_000_000, 600, gap))).not.toContain('memorised')
  })
})

describe('stuck on a line', () => {
  const held = (at: number) => (step: number) => Math.max(at, smooth(step))
  test.each([
    [2.5, 2],
    [3.34, 1],
  ])('at %f for long', (at, rung) => {
    const found = find(observed({ loss: falling, steps: 1000, evals: evalsOf(1000, held(at)) }), 'stuck')
    expect(found).toMatchObject({ rung, fix: { do: 'model' } })
  })
  test('the way out is the rate where the updates say so', () => {
    const at = (ratio: number) =>
      find(observed({ loss: falling, steps: 1000, evals: evalsOf(1000, held(3.34), held(3.34), () => ratio) }), 'stuck')
    expect(at(0.2).fix).toMatchObject({ do: 'change', change: { learning_rate: 0.003 } })
    expect(at(5e-5).fix).toMatchObject({ do: 'change', change: { learning_rate: 0.6 } })
    expect(at(2e-3).fix).toEqual({ do: 'model' })
  })
  test('between two lines, for a short while, or still coming down', () => {
    for (const val of [held(2.8), (step: number) => smooth(step / 10), (step: number) => held(2.5)(step) - step / 3e3])
      expect(everFound(observed({ loss: falling, steps: 600, evals: evalsOf(600, val) }))).not.toContain('stuck')
    const short = observed({ loss: falling, steps: 400, evals: evalsOf(400, held(2.5)) })
    expect(rules(short)).toEqual([])
  })
  test('a model too small for more, and a text with no more in it', () => {
    const evals = evalsOf(1000, held(2.5))
    const small = observed({ change: SIZES[0]!.config, loss: falling, steps: 1000, evals })
    expect(rules(small)).not.toContain('stuck')
    const plain = observed({
      loss: falling,
      steps: 1000,
      evals,
      also: { ladder: [4.17, 3.35, 2.49, 2.45, 2.44, 2.44] },
    })
    expect(rules(plain)).not.toContain('stuck')
  })
})

describe('length of the updates', () => {
  const of = (ratio: (step: number) => number, val = smooth) =>
    observed({ loss: falling, steps: 1000, evals: evalsOf(1000, val, val, ratio) })
  test('too long for several validations: a third of the rate', () =>
    expect(
      find(
        of(() => 0.09),
        'update_ratio',
      ),
    ).toMatchObject({ side: 'large', ratio: 0.09, fix: { do: 'change' } }))
  test('too short, and nothing learned: a rate at which they would not be', () =>
    expect(
      find({ ...of(() => 3e-5, () => 4.0), config: configFor({ learning_rate: 1e-5, min_lr: 1e-6 }, V) }, 'update_ratio'), // prettier-ignore
    ).toMatchObject({ side: 'small', fix: { change: { learning_rate: 1e-3, min_lr: 1e-4 } } }))
  test('as they should be; long once; short at the end of a schedule, or while it learns all the same', () => {
    expect(everFound(of((step) => (step === 500 ? 0.2 : 0.03))).size).toBe(0)
    expect(everFound(of((step) => 2e-3 * Math.exp(-step / 100))).size).toBe(0)
    expect(everFound(of(() => 5e-5)).size).toBe(0)
  })
  test('recorded: a rate of 0.5 keeps the smallest model on the line of letters', () => {
    const found = everFound(curve('veryhot'))
    expect(found).toContain('update_ratio')
    expect(found).toContain('stuck')
    expect(find(prefix(curve('veryhot'), 52), 'update_ratio').fix).toMatchObject({ change: { learning_rate: 0.2 } })
  })
  test('recorded: at a rate of 1e-6 nothing happens, and it goes on guessing blindly', () => {
    expect(everFound(curve('icy'))).toContain('update_ratio')
    const { fix, rung } = find(curve('icy'), 'stuck')
    expect([rung, fix]).toEqual([0, { do: 'restart', change: { learning_rate: 1e-4, min_lr: 1e-5 } }])
  })
})

describe('speed', () => {
  const slowing = (factor: number, steps: number, status: Observed['status'] = 'running') =>
    observed({ loss: falling, steps, step_ms: (step) => (step < 600 ? 50 : 50 * factor), also: { status } })
  test('steps that take more than twice as long for a while', () => {
    // 31 seconds of 125 ms
    const found = find(slowing(2.5, 850), 'slow')
    expect(found).toMatchObject({ before_ms: expect.closeTo(50), now_ms: expect.closeTo(125), fix: null })
    expect(found.seconds).toBeGreaterThan(29)
  })
  test('for a moment, by less, in a run that rests, or one slow step among many', () => {
    expect(rules(slowing(2.5, 640))).toEqual([])
    expect(rules(slowing(1.6, 1500))).toEqual([])
    expect(rules(slowing(2.5, 850, 'paused'))).toEqual([])
    const pause = observed({ loss: falling, steps: 700, step_ms: (step) => (step === 690 ? 30_000 : 50) })
    expect(rules(pause)).toEqual([])
  })
})

describe('several at once', () => {
  const evals = evalsOf(1000, () => 3.34, () => 3.34, () => 0.2) // prettier-ignore
  const o = observed({ loss: falling, steps: 1000, evals })
  test('that ask for the same change are one card', () => expect(rules(o)).toEqual(['stuck']))
  test('what a run that has ended cannot take over, another can begin with', () =>
    expect(diagnose({ ...o, status: 'finished' })[0]?.fix).toMatchObject({
      do: 'restart',
      change: { learning_rate: 3e-3 },
    }))
})
