// The loss doctor: what the numbers of a run say is wrong with it. A finding has its evidence and, where there is one, a fix. The
// rules look at what has been reported so far, and each is quiet unless it is sure. The words for them are the page's.
import { validate } from '../config/validate'
import type { Config } from '../config/config'
import { countParams } from '../params'
import type { EvalMetrics, RunStatus } from './run'

/** A run as it has been seen so far. Losses in nats a token. */
export interface Observed {
  config: Config
  status: RunStatus
  /** Columns of equal length, oldest first; `elapsed_s` is time spent in steps. */
  steps: Record<'step' | 'loss' | 'grad_norm' | 'elapsed_s', ArrayLike<number>>
  evals: readonly EvalMetrics[]
  /** What counting reaches on the same text: blind guessing, then from the last 0, 1, … tokens. */
  ladder: readonly number[] | null
  /** Tokens to train on. */
  train_tokens: number | null
}

type Change = Partial<Pick<Config, 'learning_rate' | 'min_lr' | 'warmup_iters' | 'grad_clip'>>

/** `change`: the run goes on with it; `restart`: a run from the beginning with it; `best`: the run as it was at its best step. */
export type Fix = { do: 'change' | 'restart'; change: Change } | { do: 'best'; step: number } | { do: 'text' | 'model' }

/** What was found, at which step, with the numbers that say so. */
export type Finding = { step: number; fix: Fix | null } & (
  | { rule: 'not_finite'; learning_rate: number }
  | { rule: 'first_loss'; loss: number; uniform: number }
  /** The loss went `from` its usual height `to` another; `recovered`: the step at which it was back. */
  | { rule: 'spike'; from: number; to: number; recovered: number | null }
  | { rule: 'overfitting'; best: number; best_step: number; loss: number; train_before: number; train: number }
  | { rule: 'memorised'; train: number; loss: number; passes: number | null }
  | { rule: 'tiny_corpus'; tokens: number; params: number; passes: number }
  /** On the `rung` of the ladder at `nats` since the step `since`, though `reach` can be had by counting. */
  | { rule: 'stuck'; rung: number; nats: number; loss: number; since: number; reach: number }
  | { rule: 'update_ratio'; side: 'large' | 'small'; ratio: number; learning_rate: number }
  | { rule: 'slow'; before_ms: number; now_ms: number; seconds: number }
)
export type Rule = Finding['rule']

/** The first of several findings that ask for the same change is enough. */
export function diagnose(o: Observed): Finding[] {
  const rules = [notFinite, firstLoss, spike, overfitting, tinyCorpus, stuck, updateRatio, slow]
  const found = rules.map((rule) => rule(o)).filter((finding) => finding !== null)
  if (found[0]?.rule === 'not_finite') return found.slice(0, 1)
  const asks = found.map(({ fix }) => JSON.stringify(fix))
  return found
    .filter(({ fix }, i) => fix?.do !== 'change' || asks.indexOf(JSON.stringify(fix)) === i)
    .map((finding) => (o.status === 'finished' ? { ...finding, fix: fromTheBeginning(finding.fix) } : finding))
}

/** What a run that has ended cannot take over any more, another one can begin with. */
const fromTheBeginning = (fix: Fix | null): Fix | null => (fix?.do === 'change' ? { ...fix, do: 'restart' } : fix)

// -- the rules

/** In so few first steps it is the start that was too hot. */
const BEGINNING = 100

function notFinite({ config, steps: { step, loss, grad_norm } }: Observed): Finding | null {
  const last = step.length - 1
  if (last < 0 || (Number.isFinite(loss[last]) && Number.isFinite(grad_norm[last]))) return null
  const at = step[last]!
  const { learning_rate, warmup_iters, max_iters } = config
  const fix: Fix | null =
    at <= BEGINNING && warmup_iters < BEGINNING / 10 && max_iters > BEGINNING
      ? {
          do: 'restart',
          change: { ...slower(config)?.change, warmup_iters: Math.min(100, Math.round(max_iters / 10)) },
        }
      : slower(config)
  return { rule: 'not_finite', step: at, learning_rate, fix }
}

/** Weights that know nothing guess blindly, at ln V; with nanoGPT's initialisation they miss it by hundredths. */
const BLIND_MISS = 0.5

/** Only above: a run that begins with learned weights begins far below. */
function firstLoss({ config, steps, evals }: Observed): Finding | null {
  const loss = evals[0]?.step === 0 ? evals[0].val_loss : steps.step[0] === 1 ? steps.loss[0]! : NaN
  const uniform = Math.log(config.vocab_size)
  if (!(loss > uniform + BLIND_MISS)) return null
  return { rule: 'first_loss', step: 0, loss, uniform, fix: { do: 'restart', change: {} } }
}

/**
 * When a loss is a spike. `before`: rows whose spread is compared with. `rows`: rows in a row that lie clear of it, by so many
 * `deviations` and `nats`. `back`: rows that must be back. `news`: rows for which a spike that is over is told. `looked`: last
 * rows that are looked at, so that a long run costs what a short one does.
 */
const SPIKE = { before: 32, rows: 3, deviations: 4, nats: 0.2, back: 8, news: 100, looked: 5000 } as const

function spike({ config, steps: { step, loss } }: Observed): Finding | null {
  let last: { at: number; from: number; deviation: number; to: number; back: number | null } | null = null
  const first = Math.max(0, loss.length - SPIKE.looked)
  for (let i = first + SPIKE.before; i + SPIKE.rows <= loss.length; i++) {
    if (last === null || last.back !== null) {
      const { mean, deviation } = spreadOf(loss, i - SPIKE.before, i)
      const line = mean + Math.max(SPIKE.nats, SPIKE.deviations * deviation)
      let lowest = Infinity
      for (let k = i; k < i + SPIKE.rows; k++) lowest = Math.min(lowest, loss[k]!)
      if (lowest > line) last = { at: i, from: mean, deviation, to: lowest, back: null }
    } else {
      const end = i + SPIKE.rows
      last.to = Math.max(last.to, spreadOf(loss, i, end).mean)
      const near = last.from + Math.max(SPIKE.nats / 2, last.deviation)
      if (end - last.at > SPIKE.back && spreadOf(loss, end - SPIKE.back, end).mean < near) last.back = end - 1
    }
  }
  // One that is over and long past is no news.
  if (last === null || (last.back !== null && loss.length - last.back > SPIKE.news)) return null
  const fix: Fix | null = config.grad_clip === 0 ? { do: 'change', change: { grad_clip: 1 } } : slower(config)
  const recovered = last.back === null ? null : step[last.back]!
  return { rule: 'spike', step: step[last.at]!, from: last.from, to: last.to, recovered, fix }
}

/** Validations that must lie above the best, and by how much: nats, or a share of it. */
const RISE = { evals: 3, nats: 0.04, share: 0.02 } as const

function overfitting(o: Observed): Finding | null {
  const evals = measured(o)
  const best = evals.reduce((a, b) => (b.val_loss < a.val_loss ? b : a), evals[0] ?? NOTHING)
  const last = evals.at(-1)
  const later = evals.filter(({ step }) => step > best.step)
  if (!last || later.length < RISE.evals || best.train_loss === null || last.train_loss === null) return null
  const line = best.val_loss + Math.max(RISE.nats, RISE.share * best.val_loss)
  const rises = later.slice(-RISE.evals).every(({ val_loss }) => val_loss > line)
  // Where training does not fall meanwhile, the run has come apart, which is another trouble.
  if (!rises || !(last.train_loss < best.train_loss)) return null
  return {
    rule: 'overfitting',
    step: last.step,
    best: best.val_loss,
    best_step: best.step,
    loss: last.val_loss,
    train_before: best.train_loss,
    train: last.train_loss,
    fix: { do: 'best', step: best.step },
  }
}

/**
 * A text is tiny when a model with more numbers than the text has tokens reads it more often than this. A model with so many times
 * more need not wait.
 */
const TINY = { passes: 20, times: 50 } as const
/** Known by heart: training at less than half of validation, and this far below it. */
const BY_HEART = { share: 0.5, nats: 0.5 } as const

function tinyCorpus(o: Observed): Finding | null {
  const { config, steps, train_tokens: tokens } = o
  const step = steps.step[steps.step.length - 1] ?? 0
  const { batch_size, block_size, gradient_accumulation_steps } = config
  const seen = step * batch_size * block_size * gradient_accumulation_steps
  const passes = tokens === null ? null : seen / tokens
  const { val_loss: loss, train_loss: train, step: at } = measured(o).at(-1) ?? NOTHING
  const fix: Fix = { do: 'text' }
  if (train !== null && train < BY_HEART.share * loss && train < loss - BY_HEART.nats)
    return { rule: 'memorised', step: at, train, loss, passes, fix }
  if (tokens === null || passes === null || step === 0) return null
  const params = countParams(config)
  if (params <= tokens * (passes >= TINY.passes ? 1 : TINY.times)) return null
  return { rule: 'tiny_corpus', step, tokens, params, passes, fix }
}

/** A plateau: so many validations, over so many steps and such a share of the run, that came down by less than this. */
const FLAT = { evals: 6, steps: 300, share: 1 / 3, nats: 0.02 } as const
/** How near to a rung is on it, and how much lower counting must reach for there to be more to learn. */
const ON_RUNG = 0.1
const MORE_TO_LEARN = 0.2
/** Numbers a model needs for each context that the table of a rung tells apart. */
const PARAMS_A_CONTEXT = 10

function stuck(o: Observed): Finding | null {
  const { config, ladder } = o
  const evals = measured(o)
  const last = evals.at(-1)
  if (!ladder || !last) return null
  const span = Math.max(FLAT.steps, FLAT.share * last.step)
  const first = evals.findLastIndex((e, i) => last.step - e.step >= span && evals.length - i >= FLAT.evals)
  const flat = first < 0 ? [] : evals.slice(first)
  const since = flat[0]?.step ?? 0
  if (flat.length === 0 || since < config.warmup_iters) return null
  const half = flat.length >> 1
  const meanOf = (some: readonly EvalMetrics[]) => some.reduce((sum, e) => sum + e.val_loss, 0) / some.length
  const loss = meanOf(flat.slice(half))
  if (meanOf(flat.slice(0, half)) - loss > FLAT.nats) return null
  // A model that learns its text by heart stands still on the other one for another reason.
  if (last.train_loss !== null && last.train_loss < loss - ON_RUNG) return null
  const params = countParams(config)
  const reach = Math.min(...ladder)
  const contexts = (rung: number) => Math.exp(Math.max(0, rung - 1) * (ladder[1] ?? 0))
  const rung = ladder.findIndex((nats, i) => (i === 0 ? loss > nats - ON_RUNG : Math.abs(loss - nats) < ON_RUNG))
  const nats = ladder[rung]
  if (nats === undefined || reach > nats - MORE_TO_LEARN || params < PARAMS_A_CONTEXT * contexts(rung + 1)) return null
  const ratio = Math.max(...flat.map(({ update_ratio }) => update_ratio ?? NaN))
  // Comparisons with what was never measured, NaN, are false.
  const fix: Fix | null =
    ratio > RATIO.large ? slower(config) : ratio < RATIO.small ? faster(config, ratio) : { do: 'model' }
  return { rule: 'stuck', step: last.step, rung, nats, loss, since, reach, fix }
}

/**
 * Beyond these an update is too long or too short beside the weights; so many validations in a row must say so. Around 1e-3 is the
 * rule of thumb, but small models bear more. The dial's smallest goes from 3e-2 to 1e-2 at its best rate, and stands still at 5e-2
 * and more. Too short is said only where the loss has come down by less than `nats` so far; `usual` is aimed at.
 */
const RATIO = { large: 4e-2, small: 1e-4, evals: 3, nats: 0.1, usual: 3e-3 } as const

function updateRatio(o: Observed): Finding | null {
  const { config } = o
  const ratios = measured(o).flatMap(({ step, val_loss, update_ratio: ratio }) =>
    ratio !== undefined && step > config.warmup_iters ? [{ step, ratio, val_loss }] : [],
  )
  const last = ratios.at(-1)
  if (!last || ratios.length < RATIO.evals) return null
  const { learning_rate } = config
  const found = { rule: 'update_ratio', step: last.step, ratio: last.ratio, learning_rate } as const
  if (ratios.slice(-RATIO.evals).every(({ ratio }) => ratio > RATIO.large))
    return { ...found, side: 'large', fix: slower(config) }
  // All of them: at the end of a schedule small steps are meant.
  const learned = ratios[0]!.val_loss - last.val_loss
  if (learned < RATIO.nats && ratios.every(({ ratio }) => ratio < RATIO.small))
    return { ...found, side: 'small', fix: faster(config, last.ratio) }
  return null
}

/**
 * A slowdown: three of four steps take this many times the median of the rows before, for so many seconds and rows. A machine with
 * other work to do has single steps of three times their usual length, and minutes of half as much again.
 */
const SLOW = { factor: 2, seconds: 30, rows: 30, before: 30, sampled: 1000 } as const

function slow({ status, steps: { step, elapsed_s } }: Observed): Finding | null {
  const n = step.length
  if (status !== 'running' || n === 0) return null
  const since = elapsed_s[n - 1]! - SLOW.seconds
  let first = n
  while (first > 0 && elapsed_s[first - 1]! > since) first--
  first = Math.min(first, n - SLOW.rows)
  if (first < SLOW.before) return null
  const msOf = (i: number) => (1000 * (elapsed_s[i]! - (elapsed_s[i - 1] ?? 0))) / (step[i]! - (step[i - 1] ?? 0))
  const before_ms = quantile(0.5, 0, first, msOf)
  if (quantile(0.25, first, n, msOf) < SLOW.factor * before_ms) return null
  const now_ms = quantile(0.5, first, n, msOf)
  const seconds = elapsed_s[n - 1]! - elapsed_s[first - 1]!
  return { rule: 'slow', step: step[n - 1]!, before_ms, now_ms, seconds, fix: null }
}

// -- what they share

const NOTHING: EvalMetrics = { step: 0, val_loss: NaN, train_loss: null }

const measured = ({ evals }: Observed) => evals.filter(({ val_loss }) => Number.isFinite(val_loss))

/** The rate two or three notches down. */
const slower = (config: Config) => scaled(config, 1 / 3)
/** The rate at which an update of this ratio would be a usual one; at most a hundred times as much at once. */
const faster = (config: Config, ratio: number) => scaled(config, Math.min(100, RATIO.usual / ratio))

/** The rate times `factor`, to one digit, its lowest in proportion; null where it cannot be turned that far. */
function scaled(config: Config, factor: number): { do: 'change'; change: Change } | null {
  const learning_rate = Number((config.learning_rate * factor).toPrecision(1))
  const min_lr = Number(((config.min_lr * learning_rate) / config.learning_rate).toPrecision(2))
  const change = { learning_rate, min_lr }
  return validate({ ...config, ...change }).length === 0 ? { do: 'change', change } : null
}

function spreadOf(values: ArrayLike<number>, from: number, to: number): { mean: number; deviation: number } {
  let [sum, squares] = [0, 0]
  for (let i = from; i < to; i++) sum += values[i]!
  const mean = sum / (to - from)
  for (let i = from; i < to; i++) squares += (values[i]! - mean) ** 2
  return { mean, deviation: Math.sqrt(squares / (to - from)) }
}

/** What a share of the rows [from, to) lie below, told from at most SLOW.sampled of them, evenly. */
function quantile(share: number, from: number, to: number, of: (i: number) => number): number {
  const stride = Math.ceil((to - from) / SLOW.sampled)
  const values: number[] = []
  for (let i = from; i < to; i += stride) values.push(of(i))
  return values.sort((a, b) => a - b)[Math.floor(share * values.length)] ?? NaN
}
