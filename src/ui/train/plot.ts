// The loss chart on uPlot (github.com/leeoniya/uPlot): colours from the page's custom properties, a band, two lines that differ
// in colour and dash, a reference line, flags for events. Knows pixels, not runs.
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { compact } from '../format'
import type { Series } from './series'

/** What is marked on the curve: something that happened to the run, or what the page knows of it by itself. */
export interface Flagged {
  id: number | 'warmup' | 'best'
  step: number
  text: string
}
export interface Flag extends Flagged {
  x: number
}
export interface PlotOptions {
  logX: boolean
  logY: boolean
  /** Of a value on y. */
  format: (value: number) => string
  /** Lines to compare with, highest first, in the unit of y: blind guessing, then what counting reaches. */
  references: { value: number; label: string }[]
}

/** Another run's curve, in the units of the axes. */
export interface GhostLines {
  train: { x: number[]; y: number[] }
  validation: { x: number[]; y: number[] }
}

export interface Plot {
  draw(series: Series, flags: Flag[], ghost: GhostLines | null): void
  resize(width: number, height: number): void
  /** CSS pixels from the chart's left edge to `x`, and back. */
  leftOf(x: number): number
  xAt(left: number): number
  /** The plotting area in CSS pixels. */
  area(): { left: number; top: number; width: number; height: number }
  destroy(): void
}

/** A custom property as a colour that a canvas takes. */
function colour(host: HTMLElement, property: string, alpha = 1): string {
  const probe = document.createElement('span')
  probe.style.color =
    alpha === 1 ? `var(${property})` : `color-mix(in srgb, var(${property}) ${alpha * 100}%, transparent)`
  probe.style.forcedColorAdjust = 'none'
  host.append(probe)
  const resolved = getComputedStyle(probe).color
  probe.remove()
  return resolved
}

export function makePlot(host: HTMLElement, options: PlotOptions, width: number, height: number): Plot {
  const ink = colour(host, '--ink')
  const muted = colour(host, '--muted')
  const rule = colour(host, '--rule')
  const accent = colour(host, '--accent')
  const paper = colour(host, '--paper')
  const band = colour(host, '--accent', 0.2)
  const family = getComputedStyle(host).getPropertyValue('--mono')
  const font = `12px ${family}`
  const other = colour(host, '--warn')
  let flags: Flag[] = []
  let ghost: GhostLines | null = null

  const axis = (format: (value: number) => string, size: number): uPlot.Axis => ({
    stroke: muted,
    font,
    size,
    gap: 6,
    grid: { stroke: rule, width: 1 },
    ticks: { show: false },
    border: { show: false },
    values: (_, splits) => splits.map((value: number | null) => (value === null ? '' : format(value))),
  })

  /** The reference lines within the plotting area, each with its height in canvas pixels. */
  const shownReferences = (u: uPlot) =>
    options.references
      .map(({ value, label }) => ({ y: Math.round(u.valToPos(value, 'y', true)) + 0.5, label }))
      .filter(({ y }) => y >= u.bbox.top && y <= u.bbox.top + u.bbox.height)

  function drawReferences(u: uPlot) {
    const { ctx, bbox } = u
    const ratio = devicePixelRatio
    ctx.save()
    ctx.strokeStyle = muted
    ctx.lineWidth = ratio
    ctx.setLineDash([2 * ratio, 4 * ratio])
    for (const { y } of shownReferences(u)) {
      ctx.beginPath()
      ctx.moveTo(bbox.left, y)
      ctx.lineTo(bbox.left + bbox.width, y)
      ctx.stroke()
    }
    ctx.restore()
  }

  /** Above each line, on a rim of paper, at the end that the curve leaves free; one that would touch the one above is left out. */
  function drawLabels(u: uPlot) {
    const { ctx, bbox } = u
    const ratio = devicePixelRatio
    ctx.save()
    ctx.fillStyle = muted
    ctx.strokeStyle = paper
    ctx.lineWidth = 4 * ratio
    ctx.lineJoin = 'round'
    ctx.font = `${12 * ratio}px ${getComputedStyle(host).fontFamily}`
    const end = u.valToPos(u.data[3]?.at(-1) ?? 0, 'y', true)
    let above = -Infinity
    for (const { y, label } of shownReferences(u)) {
      if (y - above < 15 * ratio) continue
      above = y
      // The curve comes down from the upper left: the lower left is free.
      const left = y > end - 8 * ratio
      ctx.textAlign = left ? 'left' : 'right'
      const x = left ? bbox.left + 12 * ratio : bbox.left + bbox.width - 12 * ratio
      ctx.strokeText(label, x, y - 4 * ratio)
      ctx.fillText(label, x, y - 4 * ratio)
    }
    ctx.restore()
  }

  /** Behind the run's own lines: another's, dotted, and its validations as open rings. */
  function drawGhost(u: uPlot) {
    if (!ghost) return
    const { ctx, bbox } = u
    const ratio = devicePixelRatio
    ctx.save()
    ctx.beginPath()
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
    ctx.clip()
    ctx.strokeStyle = other
    ctx.lineWidth = 1.5 * ratio
    ctx.setLineDash([2 * ratio, 3 * ratio])
    const { train, validation } = ghost
    const at = (x: number, y: number) => [u.valToPos(x, 'x', true), u.valToPos(y, 'y', true)] as const
    ctx.beginPath()
    train.x.forEach((x, i) => ctx.lineTo(...at(x, train.y[i]!)))
    ctx.stroke()
    ctx.setLineDash([])
    validation.x.forEach((x, i) => {
      ctx.beginPath()
      ctx.arc(...at(x, validation.y[i]!), 3.5 * ratio, 0, 2 * Math.PI)
      ctx.stroke()
    })
    ctx.restore()
  }

  function drawFlags(u: uPlot) {
    const { ctx, bbox } = u
    const ratio = devicePixelRatio
    ctx.save()
    ctx.lineWidth = ratio
    for (const flag of flags) {
      const x = Math.round(u.valToPos(flag.x, 'x', true)) + 0.5
      if (x < bbox.left - 1 || x > bbox.left + bbox.width + 1) continue
      // A flag at the right edge flies to the left.
      const wind = x > bbox.left + bbox.width - 8 * ratio ? -1 : 1
      ctx.strokeStyle = muted
      ctx.fillStyle = ink
      ctx.setLineDash([ratio, 3 * ratio])
      ctx.beginPath()
      ctx.moveTo(x, bbox.top)
      ctx.lineTo(x, bbox.top + bbox.height)
      ctx.stroke()
      ctx.setLineDash([])
      ctx.beginPath()
      ctx.moveTo(x, bbox.top)
      ctx.lineTo(x + wind * 7 * ratio, bbox.top + 3.5 * ratio)
      ctx.lineTo(x, bbox.top + 7 * ratio)
      ctx.fill()
    }
    ctx.restore()
  }

  const u = new uPlot(
    {
      width,
      height,
      padding: [12, 12, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      select: { show: false, left: 0, top: 0, width: 0, height: 0 },
      scales: {
        x: {
          time: false,
          distr: options.logX ? 3 : 1,
          range: (_, low, high) => [low, Math.max(high, ghost?.train.x.at(-1) ?? -Infinity)],
        },
        y: {
          distr: options.logY ? 3 : 1,
          range: (_, low, high) => yRange(Math.min(low, lowestOf(ghost)), Math.max(high, 0), options),
        },
      },
      axes: [axis(compact, 28), axis(options.format, 56)],
      bands: [{ series: [2, 1], fill: band, dir: -1 }],
      series: [
        {},
        { points: { show: false }, width: 0, stroke: 'transparent' },
        { points: { show: false }, width: 0, stroke: 'transparent' },
        { points: { show: false }, width: 2, stroke: accent },
        {
          spanGaps: true,
          width: 1.5,
          stroke: ink,
          dash: [6, 4],
          points: { show: true, size: 6, stroke: ink, fill: ink, width: 0 },
        },
      ],
      hooks: { drawAxes: [drawReferences, drawGhost], draw: [drawLabels, drawFlags] },
    },
    [[], [], [], [], []],
    host,
  )

  return {
    draw(series, marks, another) {
      flags = marks
      ghost = another
      u.setData([series.x, series.low, series.high, series.train, series.validation])
    },
    resize: (w, h) => u.setSize({ width: w, height: h }),
    leftOf: (x) => u.valToPos(x, 'x') + u.bbox.left / devicePixelRatio,
    xAt: (left) => u.posToVal(left - u.bbox.left / devicePixelRatio, 'x'),
    area: () => {
      const { left, top, width: w, height: h } = u.bbox
      return {
        left: left / devicePixelRatio,
        top: top / devicePixelRatio,
        width: w / devicePixelRatio,
        height: h / devicePixelRatio,
      }
    },
    destroy: () => u.destroy(),
  }
}

const lowestOf = (ghost: GhostLines | null) =>
  ghost ? Math.min(...ghost.train.y, ...ghost.validation.y, Infinity) : Infinity

/** From a little below the lowest value to the highest reference line or the highest value, whichever is higher. */
function yRange(low: number, high: number, { logY, references }: PlotOptions): [number, number] {
  const uniform = references[0]?.value ?? 1
  const top = Math.max(Number.isFinite(high) ? high : uniform, uniform)
  const bottom = Number.isFinite(low) ? low : uniform / 2
  if (logY) return [Math.max(bottom * 0.95, 1e-6), top * 1.08]
  return [Math.max(0, bottom - 0.06 * (top - bottom)), top + 0.06 * (top - bottom)]
}
