// Random words said again and again, one a line: "kqzvhd>kqzvhd>kqzvhd". Nothing but looking back for the same letter and taking what followed it
// (induction: Olsson et al., arXiv 2209.11895) can foresee them.
import { Rng, STREAM } from '../../rng'
import { distinctLines, lineCount, type Task } from './generated'

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz'

/** Characters of a line, about. */
const LINE = 64

/** How often a word of this length is said. */
const timesOf = (length: number) => Math.max(2, Math.round(LINE / (length + 1)))

export const repeats: Task = {
  id: 'say-again',
  name: 'Say again',
  about:
    'Lines such as “kqzvhd>kqzvhd>kqzvhd”: a model learns to look back and copy, the first thing that attention finds out.',
  settings: [
    {
      name: 'letters',
      label: 'Alphabet',
      min: 4,
      max: 26,
      step: 1,
      default: 26,
      about: 'How many different letters there are, from a on.',
    },
    {
      name: 'min_length',
      label: 'Shortest word',
      min: 2,
      max: 32,
      step: 1,
      default: 4,
      about: 'Letters of the shortest word.',
    },
    {
      name: 'max_length',
      label: 'Longest word',
      min: 2,
      max: 32,
      step: 1,
      default: 32,
      about: 'Letters of the longest word. Words of one length could be copied by counting.',
    },
    lineCount(6_000),
  ],
  generate(settings, seed) {
    const { letters, lines } = settings as Record<string, number> & { letters: number; lines: number }
    const min = settings.min_length!
    const max = Math.max(min, settings.max_length!)
    const rng = new Rng(seed, STREAM.corpus)
    let possible = 0
    for (let length = min; length <= max; length++) possible += letters ** length
    return distinctLines(lines, possible, () => {
      const length = min + rng.below(max - min + 1)
      const word = Array.from({ length }, () => ALPHABET[rng.below(letters)]!).join('')
      return Array.from({ length: timesOf(length) }, () => word).join('>')
    })
  },
  ask: (line) => /^[a-z]+>/.exec(line)?.[0] ?? null,
  check(line) {
    const word = /^([a-z]+)>/.exec(line)?.[1]
    if (word === undefined) return { correct: false, expected: null }
    const expected = Array.from({ length: timesOf(word.length) }, () => word).join('>')
    return { correct: line === expected, expected }
  },
}
