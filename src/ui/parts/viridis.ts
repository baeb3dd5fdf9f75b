// The viridis colour map (Smith and van der Walt, matplotlib, CC0), sixteen stops and straight lines between them, and an ink
// that can be read on each colour.
const STOPS = [
  '440154',
  '481a6c',
  '472f7d',
  '414487',
  '39568c',
  '31688e',
  '2a788e',
  '23888e',
  '1f988b',
  '22a884',
  '35b779',
  '54c568',
  '7ad151',
  'a5db36',
  'd2e21b',
  'fde725',
].map((hex) => [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16)))

const LEVELS = 64

const rgbAt = (share: number): number[] => {
  const at = Math.min(1, Math.max(0, share)) * (STOPS.length - 1)
  const below = STOPS[Math.floor(at)] ?? [0, 0, 0]
  const above = STOPS[Math.ceil(at)] ?? below
  return below.map((value, i) => Math.round(value + (at - Math.floor(at)) * ((above[i] ?? value) - value)))
}

/** Relative luminance of WCAG 2. */
const luminance = (rgb: number[]) => {
  const [r = 0, g = 0, b = 0] = rgb.map((v) =>
    v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4,
  )
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

const TABLE = Array.from({ length: LEVELS + 1 }, (_, i) => {
  const rgb = rgbAt(i / LEVELS)
  const dark = 1.05 / (luminance(rgb) + 0.05) >= 4.5
  return { ground: `rgb(${rgb.join(' ')})`, ink: dark ? '#ffffff' : '#0b0f0d' }
})

/** Ground and ink for a share from 0 to 1. */
export const viridis = (share: number) =>
  TABLE[Math.round(Math.min(1, Math.max(0, share || 0)) * LEVELS)] ?? { ground: '', ink: '' }

/** The whole scale as a CSS gradient, for a legend. */
export const VIRIDIS_GRADIENT = `linear-gradient(to right, ${STOPS.map((rgb) => `rgb(${rgb.join(' ')})`).join(', ')})`
