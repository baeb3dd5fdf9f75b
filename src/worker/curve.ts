// A run's history thinned to a curve that the page can lay beside others.
import type { RunHistory } from '../words/history'
import type { Curve } from '../words/kept'

const ROWS = 600
const EVALS = 300

/** At most ROWS rows, each the mean of as many neighbours, and at most EVALS measurements, the newest among them. */
export function curveOf(history: RunHistory): Curve {
  const { step, tokens, elapsed_s, loss, span } = history.steps.view()
  const curve: Curve = { step: [], tokens: [], elapsed_s: [], loss: [], evals: [] }
  const width = Math.max(1, Math.ceil(step.length / ROWS))
  for (let from = 0; from < step.length; from += width) {
    const last = Math.min(from + width, step.length) - 1
    let [sum, count] = [0, 0]
    for (let i = from; i <= last; i++) {
      if (!Number.isFinite(loss[i])) continue
      sum += loss[i]! * span[i]!
      count += span[i]!
    }
    if (count === 0) continue
    curve.step.push(step[last]!)
    curve.tokens.push(tokens[last]!)
    curve.elapsed_s.push(elapsed_s[last]!)
    curve.loss.push(sum / count)
  }
  const finite = history.evals.filter(({ val_loss }) => Number.isFinite(val_loss))
  const every = Math.ceil(finite.length / EVALS)
  const isKept = (i: number) => (finite.length - 1 - i) % every === 0
  curve.evals = finite.filter((_, i) => isKept(i)).map(({ step, val_loss }) => ({ step, val_loss }))
  return curve
}
