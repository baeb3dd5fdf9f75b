// A history that grows without end stays small: what is new stays whole, what is old is thinned, and the chart shows the same.
import { expect, test } from 'vitest'
import { seriesOf } from '../../src/ui/train/series'
import { StepColumns, type Columns, type StepMetrics } from '../../src/words/columns'
import { RunHistory } from '../../src/words/history'
import { believable, Pieces } from '../../src/words/pieces'
import { hash } from '../../src/rng'
import { joinPieces, piecesOf, writeOpen, writePiece, PIECE_LISTS } from '../../src/storage/pieces'

const noise = (step: number) => hash(step, 7, 1) / 2 ** 32
const metrics = (step: number): StepMetrics => ({
  step,
  loss: 4 / (1 + step / 3000) + 0.3 * noise(step),
  grad_norm: noise(step + 1),
  learning_rate: 1e-3,
  step_ms: 2,
  tokens: step * 10,
})

/** At so many steps the first are thinned: 8 pieces of 512 stay whole for good, 32 more are too many. */
const FULL = 40 * 512

/** Every step of a run, none thinned. */
function whole(steps: number): Columns {
  const rows = Array.from({ length: steps }, (_, i) => metrics(i + 1))
  const loss = Float64Array.from(rows, (row) => row.loss)
  const column = (of: (row: StepMetrics) => number) => Float64Array.from(rows, of)
  return {
    step: column((row) => row.step),
    loss,
    grad_norm: column((row) => row.grad_norm),
    learning_rate: column((row) => row.learning_rate),
    step_ms: column((row) => row.step_ms),
    tokens: column((row) => row.tokens),
    low: loss,
    high: loss,
    span: new Float64Array(steps).fill(1),
    elapsed_s: column((row) => row.step * 0.002),
  }
}

test('a million steps take what two hundred thousand do, and the newest stay whole', () => {
  const steps = new StepColumns()
  const lengths: number[] = []
  const N = 1_000_000
  const row = metrics(0)
  for (let step = 1; step <= N; step++) {
    steps.push({ ...row, step })
    if (step % 100_000 === 0) lengths.push(steps.length)
  }
  expect(Math.max(...lengths)).toBeLessThan(80_000)
  const view = steps.view()
  expect(view.span.reduce((sum, span) => sum + span, 0)).toBe(N)
  expect([...view.step.slice(-12_000)]).toEqual(Array.from({ length: 12_000 }, (_, i) => N - 11_999 + i))
  expect(view.elapsed_s.at(-1)).toBeCloseTo(N * 0.002, 3)
})

test('the chart of a long run is what it would be if every step had been kept', () => {
  const N = 150_000
  const thinned = StepColumns.from(Array.from({ length: N }, (_, i) => metrics(i + 1))).view()
  expect(thinned.step.length).toBeLessThan(N / 2)
  const exact = whole(N)
  const PIXELS = 300
  for (const logX of [false, true]) {
    const shown = seriesOf(thinned, [], 'step', (x) => x, logX)
    const wanted = seriesOf(exact, [], 'step', (x) => x, logX)
    const height = Math.max(...wanted.high) - Math.min(...wanted.low)
    const at = (x: number) => {
      const i = Math.max(
        1,
        shown.x.findIndex((other) => other >= x),
      )
      const share = (x - shown.x[i - 1]!) / (shown.x[i]! - shown.x[i - 1]!)
      return (line: 'train' | 'low' | 'high') => shown[line][i - 1]! + share * (shown[line][i]! - shown[line][i - 1]!)
    }
    const first = shown.x[0]!
    for (const [i, x] of wanted.x.entries())
      for (const line of ['train', 'low', 'high'] as const)
        if (x >= first)
          expect(Math.abs(at(x)(line) - wanted[line][i]!), `${line} at ${x}, ${logX}`).toBeLessThan(height / PIXELS)
  }
})

test('of neighbouring steps their mean, their lowest and their highest stay', () => {
  const steps = new StepColumns()
  for (let step = 1; step <= FULL; step++) steps.push(metrics(step))
  const view = steps.view()
  const i = view.span.indexOf(4)
  expect([view.step[i - 1], view.step[i], view.tokens[i]]).toEqual([4096, 4100, 41000])
  const losses = [4097, 4098, 4099, 4100].map((step) => metrics(step).loss)
  expect(view.loss[i]).toBeCloseTo(losses.reduce((sum, x) => sum + x, 0) / 4, 12)
  expect([view.low[i], view.high[i]]).toEqual([Math.min(...losses), Math.max(...losses)])
  expect(view.step_ms[i]).toBeCloseTo(2, 9)
})

test('a view keeps what it shows while old steps are thinned', () => {
  const steps = new StepColumns()
  for (let step = 1; step < FULL; step++) steps.push(metrics(step))
  const view = steps.view()
  steps.push(metrics(FULL))
  expect(steps.length).toBeLessThan(view.step.length)
  expect([...view.step.slice(4096, 4099)]).toEqual([4097, 4098, 4099])
})

test('measurements that are thinned keep their lowest and highest, samples their first', () => {
  const history = new RunHistory()
  for (let step = 0; step < 40_000; step++) {
    const val_loss = step === 1234 ? -5 : step === 2345 ? 50 : noise(step)
    history.add({ type: 'eval', metrics: { step, val_loss, train_loss: null } })
    history.add({ type: 'sample', sample: { step, prompt: 'a', tokens: ['b'], probabilities: [1] } })
  }
  expect(history.evals.length).toBeLessThan(7000)
  expect(history.samples.length).toBeLessThan(1300)
  expect(history.evals.map(({ val_loss }) => val_loss)).toEqual(expect.arrayContaining([-5, 50]))
  expect(history.samples[0]?.step).toBe(0)
  expect(history.evals.slice(-1000).map(({ step }) => step)).toEqual(Array.from({ length: 1000 }, (_, i) => 39_000 + i))
  expect(history.evals.every((e, i) => e.step > (history.evals[i - 1]?.step ?? -1))).toBe(true)
})

test('over a million steps each save writes little, the disk stays small, and what is on it is the history', () => {
  const history = new RunHistory()
  const disk = new Map<string, Uint8Array>()
  const size = () => [...disk.values()].reduce((sum, { length }) => sum + length, 0)
  let largest = 0
  const sizes: number[] = []
  const [saves, every] = [250, 4000]
  for (let step = 1; step <= saves * every; step++) {
    history.add({ type: 'step', metrics: metrics(step) })
    if (step % 500 === 0) history.add({ type: 'eval', metrics: { step, val_loss: noise(step), train_loss: 1 } })
    if (step % every > 0) continue
    const table = piecesOf(history)
    let written = 0
    for (const list of PIECE_LISTS)
      table[list].forEach(({ id }, place) => {
        const key = `${list} ${id}`
        if (disk.has(key)) return
        const bytes = writePiece(history, list, place)
        disk.set(key, bytes)
        written += bytes.length
      })
    const stays = new Set(PIECE_LISTS.flatMap((list) => table[list].map(({ id }) => `${list} ${id}`)))
    for (const key of disk.keys()) if (!stays.has(key)) disk.delete(key)
    largest = Math.max(largest, written + writeOpen(history).length)
    if (step % 200_000 === 0) sizes.push(size())
  }
  expect(largest).toBeLessThan(900_000)
  expect(Math.max(...sizes)).toBeLessThan(7_000_000)
  // A fifth of the run takes nearly as much as the whole of it.
  expect(sizes[4]! / sizes[0]!).toBeLessThan(1.7)
  const { history: back, damage } = joinPieces(
    piecesOf(history),
    (list, { id }) => disk.get(`${list} ${id}`),
    writeOpen(history),
  )
  expect(damage).toEqual([])
  expect(back.packed()).toEqual(history.packed())
})

test('a run that goes back opens its last pieces again, and no piece comes back under an id that it had', () => {
  const history = new RunHistory()
  for (let step = 1; step <= 2000; step++) history.add({ type: 'step', metrics: metrics(step) })
  const before = history.steps.closed.map(({ id }) => id)
  history.cut(700)
  expect(history.steps.length).toBe(700)
  expect(history.steps.closed.map(({ id }) => id)).toEqual(before.slice(0, 1))
  for (let step = 701; step <= 2000; step++) history.add({ type: 'step', metrics: metrics(step) })
  expect(history.steps.view()).toEqual(StepColumns.from(Array.from({ length: 2000 }, (_, i) => metrics(i + 1))).view())
  expect(history.steps.closed.slice(1).every(({ id }) => !before.includes(id))).toBe(true)
})

test('pieces that a list cannot have had are not believed', () => {
  const bounds = { size: 4, pieces: 8, coarsest: 1 }
  const piece = (id: number, level = 0) => ({ id, level })
  expect(believable([piece(0), piece(1)], 9, bounds)).toHaveLength(2)
  expect(believable([piece(0), piece(1)], 7, bounds)).toEqual([])
  expect(believable([piece(0)], 9, bounds)).toEqual([])
  expect(believable([piece(0), piece(0)], 9, bounds)).toEqual([])
})

test('of a level that has too many pieces the oldest are folded, the very first never', () => {
  const pieces = new Pieces({ size: 512, pieces: 8, coarsest: 1 / 256 })
  for (let i = 1; i < 10 * 512; i++) expect(pieces.push()).toBeNull()
  expect(pieces.push()).toEqual({ from: 1024, length: 8 * 512 })
  expect(pieces.closed).toEqual([
    { id: 0, level: 0 },
    { id: 1, level: 0 },
    { id: 10, level: 1 },
    { id: 11, level: 1 },
  ])
})
