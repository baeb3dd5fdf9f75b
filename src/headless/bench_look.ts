// What looking inside costs a run that trains: the same steps with a view open, asked as often as the page asks, and without, round by
// round, so that a noisy machine hits both alike. Then many questions in a row: memory must not grow with them.
import { patterns } from '../inspect/attention'
import { LivePace } from '../inspect/live_pace'
import { Probe } from '../inspect/probe'
import { benchInput, BATCHES } from '../train/benchmark'
import { firstStep } from '../train/first_step'
import type { Engine } from '../engine'
import { benchConfig, isSoftware, markdown, spreadOf, type BenchSize } from '../words/bench'
import { bytes } from '../words/sizes'

/** Rounds of each kind, and how long one lasts. */
const ROUNDS = 5
const ROUND_MS = 4000
/** Questions in a row, unless they take longer than this. */
const QUESTIONS = 2000
const QUESTIONS_MS = 120_000
/** Questions before memory is measured for the first time: programs and compiled code are there by then. */
const WARM = 100

export interface LookCost {
  size: BenchSize
  /** Medians over the rounds, milliseconds a step. */
  alone_ms: number
  open_ms: number
  /** How much slower a step is with the view open: the median over pairs of rounds, as a share. */
  slower: number
  /** Milliseconds of a question, how many are asked a second, and their share of the time. */
  question_ms: number
  per_s: number
  share: number
  /** Memory of the process after the first WARM questions, and after `asked`. */
  asked: number
  before_bytes: number
  after_bytes: number
}

/** Measures one size. The view is the wall of attention patterns, of a text as long as the context. */
export async function lookCost(engine: Engine, size: BenchSize): Promise<LookCost> {
  const config = benchConfig(size, isSoftware(engine.info))
  const { weights, batches } = benchInput(config)
  const { trainer } = await firstStep(engine, config, weights, batches[0]!)
  const probe = new Probe(trainer.weights)
  try {
    const tokens = batches[0]!.tokens.slice(0, config.block_size)
    let step = 1
    const took: number[] = []
    const question = async () => {
      const from = performance.now()
      await patterns(probe, { tokens })
      took.push(performance.now() - from)
    }
    await question()
    const round = async (pace: LivePace | null) => {
      const [from, first] = [performance.now(), step]
      while (performance.now() - from < ROUND_MS) {
        if (pace?.wait_ms === 0) await pace.ask(question)
        const at = step++
        await trainer.train(at, () => batches[at % BATCHES]!)
        if (trainer.ringIsFilling) await trainer.updates()
      }
      return (performance.now() - from) / (step - first)
    }
    await round(null)
    const alone: number[] = []
    const open: number[] = []
    took.length = 0
    for (let i = 0; i < ROUNDS; i++) {
      alone.push(await round(null))
      open.push(await round(new LivePace()))
    }
    const [paced, in_questions] = [took.length, took.reduce((sum, ms) => sum + ms, 0)]
    const until = performance.now() + QUESTIONS_MS
    let [asked, before_bytes] = [0, 0]
    while (asked < QUESTIONS && performance.now() < until) {
      await question()
      if (++asked === WARM) before_bytes = process.memoryUsage().rss
    }
    return {
      size,
      alone_ms: spreadOf(alone).median,
      open_ms: spreadOf(open).median,
      slower: spreadOf(open.map((ms, i) => ms / alone[i]! - 1)).median,
      question_ms: spreadOf(took).median,
      per_s: (1000 * paced) / (ROUNDS * ROUND_MS),
      share: in_questions / (ROUNDS * ROUND_MS),
      asked,
      before_bytes,
      after_bytes: process.memoryUsage().rss,
    }
  } finally {
    probe.destroy()
    trainer.destroy()
  }
}

/** The costs as Markdown, a column a size. */
export function lookTable(costs: readonly LookCost[]): string {
  const row = (label: string, of: (cost: LookCost) => string) => [label, ...costs.map(of)]
  return markdown([
    ['looking inside', ...costs.map(({ size }) => size)],
    row('ms a step, alone', ({ alone_ms }) => alone_ms.toFixed(2)),
    row('ms a step, with the view open', ({ open_ms }) => open_ms.toFixed(2)),
    row('slower', ({ slower }) => `${(100 * slower).toFixed(1)} %`),
    row('ms a question', ({ question_ms }) => question_ms.toFixed(2)),
    row('questions a second', ({ per_s }) => per_s.toFixed(1)),
    row('of the time, in questions', ({ share }) => `${(100 * share).toFixed(1)} %`),
    row(`memory after ${WARM} questions`, ({ before_bytes }) => bytes(before_bytes)),
    row('memory after all of them', ({ after_bytes, asked }) => `${bytes(after_bytes)} (${asked})`),
  ])
}
