// Colours of numbers: viridis for magnitudes, and blue–white–orange around zero for signed values, of which light and dark are designed.
// Stops after ColorBrewer's PuOr and RdBu ideas, chosen here so that neighbours differ in lightness too.
import { viridis } from '../parts/viridis'

export type Scale = 'magnitude' | 'signed'

const BLUE = [33, 102, 172]
const ORANGE = [201, 98, 20]
const PAPER = { light: [251, 249, 244], dark: [12, 20, 17] }

/** The colour of a value between `low` and `high` as CSS; signed scales have zero in their middle. */
export function colourOf(scale: Scale, value: number, low: number, high: number, theme: 'light' | 'dark'): string {
  if (!Number.isFinite(value)) return 'transparent'
  if (scale === 'magnitude') return viridis(high > low ? (value - low) / (high - low) : 0).ground
  return `rgb(${signed(value, low, high, theme).join(' ')})`
}

/** An ink that can be read on that colour. */
export function inkOn(scale: Scale, value: number, low: number, high: number, theme: 'light' | 'dark'): string {
  if (scale === 'magnitude') return viridis(high > low ? (value - low) / (high - low) : 0).ink
  const [r = 0, g = 0, b = 0] = signed(value, low, high, theme).map((part) => (part / 255) ** 2.2)
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? '#0b0f0d' : '#ffffff'
}

function signed(value: number, low: number, high: number, theme: 'light' | 'dark'): number[] {
  const most = Math.max(Math.abs(low), Math.abs(high)) || 1
  const share = Math.min(1, Math.abs(value) / most)
  const to = value < 0 ? BLUE : ORANGE
  return PAPER[theme].map((part, i) => Math.round(part + share * (to[i]! - part)))
}

/** The scale from end to end, as a CSS gradient for a legend. */
export function gradientOf(scale: Scale, theme: 'light' | 'dark'): string {
  const stops = Array.from({ length: 17 }, (_, i) =>
    colourOf(scale, scale === 'signed' ? i / 8 - 1 : i / 16, scale === 'signed' ? -1 : 0, 1, theme),
  )
  return `linear-gradient(to right, ${stops.join(', ')})`
}
