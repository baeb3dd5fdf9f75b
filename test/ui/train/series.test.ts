// What the loss chart draws, against what the run reported.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type StepMetrics, StepColumns } from '../../../src/words/columns'
import { inUnit } from '../../../src/words/loss_unit'
import { nearest, seriesOf, xOfStep } from '../../../src/ui/train/series'

const metrics = (step: number, loss: number): StepMetrics => ({
  step,
  loss,
  grad_norm: 1,
  learning_rate: 1e-3,
  step_ms: 20,
  tokens: step * 1024,
})

const run = (losses: number[]) => StepColumns.from(losses.map((loss, i) => metrics(i + 1, loss)))

const nats = inUnit('nats', null)

describe('series', () => {
  it('shows each step of a short run as it is', () => {
    const series = seriesOf(run([4, 3, 2]).view(), [], 'step', nats, false)
    expect(series.x).toEqual([1, 2, 3])
    expect(series.train).toEqual([4, 3, 2])
    expect(series.low).toEqual([4, 3, 2])
    expect(series.high).toEqual([4, 3, 2])
  })

  it('never loses an extreme, whatever the length, and keeps the mean inside the band', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.1, max: 10, noNaN: true }), { minLength: 1, maxLength: 3000, size: 'max' }),
        fc.boolean(),
        (losses, logX) => {
          const series = seriesOf(run(losses).view(), [], 'step', nats, logX)
          expect(Math.min(...series.low)).toBe(Math.min(...losses))
          expect(Math.max(...series.high)).toBe(Math.max(...losses))
          series.train.forEach((mean, i) => {
            expect(mean).toBeGreaterThanOrEqual((series.low[i] ?? NaN) - 1e-9)
            expect(mean).toBeLessThanOrEqual((series.high[i] ?? NaN) + 1e-9)
          })
          expect(series.x.every((x, i) => i === 0 || x > (series.x[i - 1] ?? Infinity))).toBe(true)
          expect(series.x.length).toBeLessThanOrEqual(502)
        },
      ),
      { numRuns: 50, endOnFailure: true }, // shrinking thousands of losses takes minutes
    )
  })

  it('puts validation at its own step, also before the first row and between thinned rows', () => {
    const evals = [0, 100, 2000, 2001].map((step) => ({ step, val_loss: step / 1000, train_loss: null }))
    const series = seriesOf(run(Array.from({ length: 2000 }, () => 1)).view(), evals, 'step', nats, false)
    const placed = series.validation.flatMap((value, i) => (value === null ? [] : [[series.x[i], value]]))
    expect(placed).toEqual([
      [0, 0],
      [100, 0.1],
      [2000, 2],
      [2001, 2.001],
    ])
    expect(series.x.every((x, i) => i === 0 || x > (series.x[i - 1] ?? Infinity))).toBe(true)
  })

  it('draws perplexity, tokens, seconds, and leaves 0 off a logarithmic axis', () => {
    const columns = run([Math.log(8), Math.log(4)]).view()
    const evals = [{ step: 0, val_loss: Math.log(9), train_loss: null }]
    expect(seriesOf(columns, evals, 'tokens', inUnit('perplexity', null), false).x).toEqual([0, 1024, 2048])
    const series = seriesOf(columns, evals, 'time', inUnit('perplexity', null), true)
    expect(series.x).toEqual([0.02, 0.04])
    expect(series.train[1]).toBeCloseTo(4, 9)
    expect(series.validation).toEqual([null, null])
    expect(xOfStep(columns, 2, 'time')).toBe(0.04)
  })

  it('draws bits a byte, by how much text a token stands for', () => {
    const evals = [{ step: 1, val_loss: 5 * Math.LN2, train_loss: null }]
    const series = seriesOf(run([6 * Math.LN2]).view(), evals, 'step', inUnit('bits', 2), false)
    expect(series.train[0]).toBeCloseTo(3, 12)
    expect(series.validation[0]).toBeCloseTo(2.5, 12)
    expect(inUnit('bits', null)(1)).toBeNaN()
  })

  it('leaves out what is not a number', () => {
    const series = seriesOf(run([3, NaN, 2]).view(), [{ step: 2, val_loss: NaN, train_loss: 1 }], 'step', nats, false)
    expect(series.x).toEqual([1, 3])
    expect(series.validation).toEqual([null, null])
  })

  it('finds the nearest place', () => {
    const series = seriesOf(run([1, 1, 1, 1]).view(), [], 'step', nats, false)
    expect([-5, 1.4, 1.6, 3, 99].map((x) => nearest(series, x))).toEqual([0, 0, 1, 2, 3])
  })
})
