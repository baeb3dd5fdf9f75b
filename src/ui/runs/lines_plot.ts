// Up to eight lines in one chart, on uPlot: each with a colour and a dash of its own. Knows pixels, not runs.
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { compact } from '../format'
import type { Line } from './lines'

/** Colours with 3 : 1 against the paper of either theme, and dashes that tell the lines apart without them. */
export const STYLES = [
  { colour: 'light-dark(#1d6b46, #78cf9f)', dash: [] },
  { colour: 'light-dark(#b4480f, #f0a35e)', dash: [8, 4] },
  { colour: 'light-dark(#2a5db0, #8ab4f8)', dash: [2, 3] },
  { colour: 'light-dark(#8a2b7c, #e39bd6)', dash: [10, 3, 2, 3] },
  { colour: 'light-dark(#1b211d, #e5ebe4)', dash: [4, 4] },
  { colour: 'light-dark(#7a6200, #d9c04f)', dash: [14, 4] },
  { colour: 'light-dark(#a3302a, #f29288)', dash: [6, 2, 2, 2, 2, 2] },
  { colour: 'light-dark(#0b7a85, #67d2dd)', dash: [1, 5] },
] as const satisfies readonly { colour: string; dash: readonly number[] }[]

export interface LinesPlot {
  resize(width: number, height: number): void
  /** CSS pixels from the chart's left edge to `x`, and back. */
  leftOf(x: number): number
  xAt(left: number): number
  /** The plotting area in CSS pixels. */
  area(): { top: number; height: number }
  destroy(): void
}

function resolved(host: HTMLElement, colour: string): string {
  const probe = document.createElement('span')
  probe.style.color = colour
  probe.style.forcedColorAdjust = 'none'
  host.append(probe)
  const value = getComputedStyle(probe).color
  probe.remove()
  return value
}

/** Draws the lines in `host`; `styles` are their places in STYLES. */
export function plotLines(
  host: HTMLElement,
  lines: readonly Line[],
  {
    logX,
    format,
    styles,
    height,
  }: { logX: boolean; format: (y: number) => string; styles: readonly number[]; height: number },
): LinesPlot {
  const [muted, rule] = [resolved(host, 'var(--muted)'), resolved(host, 'var(--rule)')]
  const font = `12px ${getComputedStyle(host).getPropertyValue('--mono')}`
  const axis = (text: (value: number) => string, size: number): uPlot.Axis => ({
    stroke: muted,
    font,
    size,
    gap: 6,
    grid: { stroke: rule, width: 1 },
    ticks: { show: false },
    border: { show: false },
    values: (_, splits) => splits.map((value: number | null) => (value === null ? '' : text(value))),
  })
  const u = new uPlot(
    {
      width: host.clientWidth,
      height,
      padding: [12, 16, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      select: { show: false, left: 0, top: 0, width: 0, height: 0 },
      scales: {
        x: { time: false, distr: logX ? 3 : 1, range: (_, low, high) => [low, high > low ? high : low + 1] },
        y: { range: (_, low, high) => [Math.max(0, low - 0.06 * (high - low || 1)), high + 0.06 * (high - low || 1)] },
      },
      axes: [axis(compact, 28), axis(format, 56)],
      series: [
        {},
        ...lines.map(({ x }, i): uPlot.Series => {
          const { colour, dash } = STYLES[styles[i]! % STYLES.length]!
          const stroke = resolved(host, colour)
          return {
            stroke,
            width: 2,
            spanGaps: true,
            ...(dash.length > 0 && { dash: [...dash] }),
            points: { show: x.length === 1, size: 7, fill: stroke, stroke, width: 0 },
          }
        }),
      ],
    },
    // Lines with places of their own on one axis; each spans the places of the others.
    lines.length > 0 ? uPlot.join(lines.map(({ x, y }) => [x, y])) : [[]],
    host,
  )
  const ratio = () => devicePixelRatio
  return {
    resize: (width, h) => u.setSize({ width, height: h }),
    leftOf: (x) => u.valToPos(x, 'x') + u.bbox.left / ratio(),
    xAt: (left) => u.posToVal(left - u.bbox.left / ratio(), 'x'),
    area: () => ({ top: u.bbox.top / ratio(), height: u.bbox.height / ratio() }),
    destroy: () => u.destroy(),
  }
}
