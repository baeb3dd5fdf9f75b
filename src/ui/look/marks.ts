// Marks of the kinds of characters: a colour and a shape each, so that colour is never alone.
import type { CharacterClass } from '../../words/characters'

const COLOURS: Record<'light' | 'dark', Record<CharacterClass, string>> = {
  light: {
    letter: '#2166ac',
    capital: '#b3510b',
    digit: '#7b3294',
    punctuation: '#1d6b46',
    space: '#a3205c',
    other: '#5a625c',
  },
  dark: {
    letter: '#7db4e6',
    capital: '#f0a35e',
    digit: '#c9a0e0',
    punctuation: '#78cf9f',
    space: '#f291b5',
    other: '#9caaa1',
  },
}

export const colourOfClass = (kind: CharacterClass, theme: 'light' | 'dark') => COLOURS[theme][kind]

/** Adds a mark around (x, y) to a path: circle, triangle, square, diamond, cross, plus. */
export function addMark(path: Path2D, kind: CharacterClass, x: number, y: number, r: number): void {
  const polygon = (...corners: [number, number][]) => {
    corners.forEach(([dx, dy], i) =>
      i === 0 ? path.moveTo(x + dx * r, y + dy * r) : path.lineTo(x + dx * r, y + dy * r),
    )
    path.closePath()
  }
  if (kind === 'letter') {
    path.moveTo(x + r, y)
    path.arc(x, y, r, 0, 2 * Math.PI)
  } else if (kind === 'capital') polygon([0, -1.25], [1.15, 0.9], [-1.15, 0.9])
  else if (kind === 'digit') polygon([-0.95, -0.95], [0.95, -0.95], [0.95, 0.95], [-0.95, 0.95])
  else if (kind === 'punctuation') polygon([0, -1.3], [1.3, 0], [0, 1.3], [-1.3, 0])
  else {
    // Two bars, straight or across.
    const [a, b] = kind === 'space' ? [0.9, 0.9] : [1.3, 0]
    const w = 0.45
    const bar = (ux: number, uy: number) =>
      polygon(
        [ux - w * uy, uy + w * ux],
        [-ux - w * uy, -uy + w * ux],
        [-ux + w * uy, -uy - w * ux],
        [ux + w * uy, uy - w * ux],
      )
    bar(a, b)
    bar(-b, a)
  }
}
