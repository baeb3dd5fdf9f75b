// A history thinned to a curve: means of neighbours, the newest measurement among those that stay.
import { expect, test } from 'vitest'
import { StepColumns } from '../../src/words/columns'
import { RunHistory } from '../../src/words/history'
import { curveOf } from '../../src/worker/curve'

const history = (steps: number, evals = 0) =>
  new RunHistory({
    steps: StepColumns.from(
      Array.from({ length: steps }, (_, i) => ({
        step: i + 1,
        loss: i % 2 === 0 ? 1 : 3,
        grad_norm: 1,
        learning_rate: 1,
        step_ms: 500,
        tokens: (i + 1) * 8,
      })),
    ).packed(),
    evals: Array.from({ length: evals }, (_, i) => ({ step: i, val_loss: i === 1 ? NaN : 2, train_loss: null })),
    samples: [],
    events: [],
  })

test('a short run comes whole', () => {
  const { loss, ...rest } = curveOf(history(3, 2))
  expect(loss).toEqual([1, 3, 1])
  expect(rest).toEqual({
    step: [1, 2, 3],
    tokens: [8, 16, 24],
    elapsed_s: [0.5, 1, 1.5],
    evals: [{ step: 0, val_loss: 2 }],
  })
})

test('a long one is thinned to means, and reaches as far', () => {
  const curve = curveOf(history(2400, 1000))
  expect(curve.step.length).toBe(600)
  expect(curve.step.at(-1)).toBe(2400)
  expect(curve.loss.every((loss) => loss === 2)).toBe(true)
  expect(curve.evals.length).toBeLessThanOrEqual(300)
  expect(curve.evals.at(-1)?.step).toBe(999)
})

test('nothing has no curve and no last loss', () => {
  expect(curveOf(history(0))).toEqual({ step: [], tokens: [], elapsed_s: [], loss: [], evals: [] })
  expect(history(0).recentLoss).toBeNull()
  expect(history(2000).recentLoss).toBe(2)
})
