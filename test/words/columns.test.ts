// The columns of a run's steps: they grow, go back, pack and come back, and a run kept by an older version opens as it was.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { decodeCheckpoint } from '../../src/storage/checkpoint'
import { historyToJson, unpackHistory } from '../../src/storage/history'
import { indexAtStep, PACKED, StepColumns, type StepMetrics } from '../../src/words/columns'
import { tinyHistory } from '../storage/tiny'

const metrics = (step: number, loss: number): StepMetrics => ({
  step,
  loss,
  grad_norm: 1,
  learning_rate: 1e-3,
  step_ms: 20,
  tokens: step * 1024,
})
const run = (losses: number[]) => StepColumns.from(losses.map((loss, i) => metrics(i + 1, loss)))

test('keep every row past the first allocation', () => {
  const columns = run(Array.from({ length: 3000 }, (_, i) => i)).view()
  expect(columns.step.length).toBe(3000)
  expect([columns.loss[0], columns.loss[1023], columns.loss[1024], columns.loss[2999]]).toEqual([0, 1023, 1024, 2999])
  expect(columns.elapsed_s[2999]).toBeCloseTo(60, 6)
})

test('let what is repeated replace what was there', () => {
  const buffer = run([5, 4, 3, 2])
  buffer.push(metrics(3, 9))
  expect([...buffer.view().step]).toEqual([1, 2, 3])
  expect([...buffer.view().loss]).toEqual([5, 4, 9])
  buffer.cut(1)
  expect([...buffer.view().step]).toEqual([1])
})

test('count the time of steps that were reported together', () => {
  const buffer = new StepColumns()
  buffer.push(metrics(10, 1))
  buffer.push(metrics(30, 1))
  expect([...buffer.view().elapsed_s]).toEqual([0.2, 0.6000000000000001])
})

test('find a step or the one before it', () => {
  const columns = run([1, 1, 1]).view()
  expect([0, 1, 2.5, 3, 99].map((step) => indexAtStep(columns, step))).toEqual([-1, 0, 1, 2, 2])
})

test('what is packed comes back, and is a copy', () => {
  const steps = run([5, 4, NaN])
  const packed = steps.packed()
  expect(Object.keys(packed)).toEqual([...PACKED, 'pieces'])
  steps.cut(1)
  steps.push(metrics(2, 9))
  expect([...packed.loss]).toEqual([5, 4, NaN])
  expect(packed.loss.buffer.byteLength).toBe(3 * 8)
  const back = StepColumns.of(packed)
  expect(back.view()).toEqual(run([5, 4, NaN]).view())
  expect([...back.rows()]).toEqual(
    [5, 4, NaN].map((loss, i) => ({ ...metrics(i + 1, loss), low: loss, high: loss, span: 1 })),
  )
  back.cut(2)
  expect([...back.packed().step]).toEqual([1, 2])
})

test('a view stays as it was while the run goes on', () => {
  const steps = run(Array.from({ length: 1024 }, (_, i) => i))
  const view = steps.view()
  steps.push(metrics(1025, 7))
  expect(view.loss).toHaveLength(1024)
  expect(steps.view().loss.at(-1)).toBe(7)
})

test('a history that is cut keeps what came before', () => {
  const history = tinyHistory(20)
  history.cut(7)
  expect(history.packed().steps).toEqual(tinyHistory(7).steps.packed())
  expect([history.evals.length, history.events.length]).toEqual([1, 0])
})

test('a run that was exported before there were columns everywhere opens, and is written as it was', () => {
  const { extra, checkpoint } = decodeCheckpoint(readFileSync('test/fixtures/kept_run.safetensors'))
  const history = extra.history!
  expect([checkpoint.meta.step, extra.notes]).toEqual([20, 'kept'])
  const whole = tinyHistory(20).packed()
  const steps = StepColumns.from(
    [...tinyHistory(20).steps.rows()].map((row) => (row.step < 20 ? row : { ...row, loss: NaN })),
  )
  expect(history.packed()).toEqual({ ...whole, steps: steps.packed() })
  const written = readFileSync('test/fixtures/kept_run.safetensors').toString('latin1')
  expect(written).toContain(historyToJson(history).match(/"steps":\{.*?\}/)![0])
})

test('a history in the database of an older version opens', () => {
  const { steps, ...rest } = tinyHistory(3).packed()
  // As it was put there: typed arrays, one a column.
  const kept = { evals: rest.evals, samples: rest.samples, events: rest.events, steps: structuredClone(steps) }
  expect(unpackHistory(kept).packed()).toEqual(tinyHistory(3).packed())
  expect(() => unpackHistory({ ...kept, steps: { ...steps, loss: new Float64Array(2) } })).toThrow(/different lengths/)
})
