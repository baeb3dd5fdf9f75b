// Generated tasks, one a line, whose answers can be checked exactly. No line comes twice, so the held-out end of the text
// holds nothing but lines that training never saw. Drawn from streams of `Rng`: the same seed, the same text.
import { Rng, STREAM } from '../rng'

const SORT_LINES = 20_000
const SORT_LETTERS = 'abcdefgh'
/** Shortest and longest word to sort: there are 8³ + 8⁴ + 8⁵ = 37,376, so the lines leave nearly half of them out. */
const SORT_LENGTH = { min: 3, max: 5 } as const
const LARGEST_TERM = 99

/** 20,000 different lines "dbca>abcd", each ended by a newline. */
export function sortLines(seed: number): string {
  const rng = new Rng(seed, STREAM.corpus)
  const lines = new Set<string>()
  while (lines.size < SORT_LINES) {
    const length = SORT_LENGTH.min + rng.below(SORT_LENGTH.max - SORT_LENGTH.min + 1)
    const word = Array.from({ length }, () => SORT_LETTERS.charAt(rng.below(SORT_LETTERS.length)))
    lines.add(`${word.join('')}>${word.toSorted().join('')}`)
  }
  return [...lines].join('\n') + '\n'
}

/** Whether a line, without its newline, is a word of small letters, ">", and the same letters in order. */
export function isSorted(line: string): boolean {
  const [, word, answer] = /^([a-z]+)>([a-z]+)$/.exec(line) ?? []
  return word !== undefined && answer === [...word].sort().join('')
}

/** Every sum of two numbers from 0 to 99, once, shuffled: 10,000 lines "37+45=82", each ended by a newline. */
export function additionLines(seed: number): string {
  const rng = new Rng(seed, STREAM.corpus)
  const count = LARGEST_TERM + 1
  const lines = Array.from({ length: count * count }, (_, i) => {
    const a = Math.floor(i / count)
    const b = i % count
    return `${a}+${b}=${a + b}`
  })
  shuffle(lines, rng)
  return lines.join('\n') + '\n'
}

/** Whether a line, without its newline, is a true sum of two whole numbers written without leading zeros. */
export function isSum(line: string): boolean {
  const [, a, b, sum] = /^(0|[1-9]\d*)\+(0|[1-9]\d*)=(0|[1-9]\d*)$/.exec(line) ?? []
  return a !== undefined && b !== undefined && sum !== undefined && BigInt(a) + BigInt(b) === BigInt(sum)
}

/** In place; Fisher and Yates (Durstenfeld's form, 1964). */
function shuffle<T>(items: T[], rng: Rng): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = rng.below(i + 1)
    const held = items[i]!
    items[i] = items[j]!
    items[j] = held
  }
}
