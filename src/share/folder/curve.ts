// The losses of a run as a drawing: training thin, validation with its points.
import type { RunHistory } from '../../words/history'

const [WIDTH, HEIGHT] = [640, 320]
const [LEFT, RIGHT, TOP, BOTTOM] = [48, 16, 32, 36]
/** Points of the training loss; more are means of their neighbours. */
const MOST = 200

type Point = readonly [number, number]

/** An SVG; null where there is nothing to draw. Losses in nats a token. */
export function curveSvg(history: RunHistory): string | null {
  const columns = history.steps.view()
  const train: Point[] = []
  const each = Math.max(1, Math.ceil(columns.step.length / MOST))
  for (let from = 0; from < columns.step.length; from += each) {
    const part = columns.loss.slice(from, from + each)
    const step = columns.step[Math.min(from + each, columns.step.length) - 1]!
    train.push([step, part.reduce((a, b) => a + b, 0) / part.length])
  }
  const held = history.evals.map(({ step, val_loss }): Point => [step, val_loss])
  const finite = (points: Point[]) => points.filter(([, y]) => Number.isFinite(y))
  const [thin, thick] = [finite(train), finite(held)]
  const all = [...thin, ...thick]
  if (all.length < 2) return null
  const largest = (pick: (p: Point) => number) => all.reduce((a, p) => Math.max(a, pick(p)), -Infinity)
  const lowest = all.reduce((a, [, y]) => Math.min(a, y), Infinity)
  const [end, top] = [largest(([x]) => x) || 1, largest(([, y]) => y)]
  const x = (step: number) => (LEFT + (step / end) * (WIDTH - LEFT - RIGHT)).toFixed(1)
  const y = (loss: number) => (TOP + ((top - loss) / (top - lowest || 1)) * (HEIGHT - TOP - BOTTOM)).toFixed(1)
  const line = (points: readonly Point[]) => points.map(([step, loss]) => `${x(step)},${y(loss)}`).join(' ')
  const label = (at: string, anchor: string, text: string, colour = '#666') =>
    `<text ${at} text-anchor="${anchor}" fill="${colour}">${text}</text>`
  const floor = HEIGHT - BOTTOM
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<title>Loss by step, nats a token</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<path d="M${LEFT} ${TOP}V${floor}H${WIDTH - RIGHT}" fill="none" stroke="#999"/>`,
    label(`x="${LEFT - 6}" y="${TOP + 4}"`, 'end', top.toFixed(2)),
    label(`x="${LEFT - 6}" y="${floor}"`, 'end', lowest.toFixed(2)),
    label(`x="${LEFT}" y="${HEIGHT - 14}"`, 'start', 'step 0'),
    label(`x="${WIDTH - RIGHT}" y="${HEIGHT - 14}"`, 'end', String(end)),
    label(`x="${LEFT}" y="18"`, 'start', 'training', '#8a8a8a'),
    label(`x="${LEFT + 70}" y="18"`, 'start', 'validation', '#b5541c'),
    `<polyline points="${line(thin)}" fill="none" stroke="#8a8a8a"/>`,
    `<polyline points="${line(thick)}" fill="none" stroke="#b5541c" stroke-width="2"/>`,
    ...thick.map(([step, loss]) => `<circle cx="${x(step)}" cy="${y(loss)}" r="2.5" fill="#b5541c"/>`),
    '</svg>',
    '',
  ].join('\n')
}
