// Letters to put in order, one word a line: "dbca>abcd".
import { Rng, STREAM } from '../../rng'
import { distinctLines, lineCount, toggle, type Task } from './generated'

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz'

/** The defaults leave nearly half of 8³ + 8⁴ + 8⁵ = 37,376 words out. */
export const sorting: Task = {
  id: 'sort-letters',
  name: 'Sort letters',
  about: 'Lines such as “dbca>abcd”: a model learns to put letters in order, and every answer can be checked.',
  settings: [
    {
      name: 'letters',
      label: 'Alphabet',
      min: 2,
      max: 26,
      step: 1,
      default: 8,
      about: 'How many different letters there are, from a on.',
    },
    {
      name: 'min_length',
      label: 'Shortest word',
      min: 1,
      max: 12,
      step: 1,
      default: 3,
      about: 'Letters of the shortest word.',
    },
    {
      name: 'max_length',
      label: 'Longest word',
      min: 1,
      max: 12,
      step: 1,
      default: 5,
      about: 'Letters of the longest word: the longer, the harder.',
    },
    toggle('repeats', 'Repeated letters', true, 'Whether a letter may stand in a word more than once.'),
    lineCount(20_000),
  ],
  generate(settings, seed) {
    const { letters, repeats, lines } = settings as Record<string, number> & { letters: number; lines: number }
    const longest = repeats ? Infinity : letters
    const min = Math.min(settings.min_length!, longest)
    const max = Math.max(min, Math.min(settings.max_length!, longest))
    const rng = new Rng(seed, STREAM.corpus)
    const lengths = Array.from({ length: max - min + 1 }, (_, i) => min + i)
    const possible = lengths.reduce((sum, length) => sum + wordsOf(letters, length, repeats === 1), 0)
    return distinctLines(lines, possible, () => {
      const length = min + rng.below(max - min + 1)
      const left = [...ALPHABET.slice(0, letters)]
      const word = Array.from({ length }, () => {
        const i = rng.below(left.length)
        return repeats ? left[i]! : left.splice(i, 1)[0]!
      })
      return `${word.join('')}>${inOrder(word)}`
    })
  },
  ask: (line) => /^[a-z]+>/.exec(line)?.[0] ?? null,
  check(line) {
    const word = /^([a-z]+)>/.exec(line)?.[1]
    const expected = word === undefined ? null : `${word}>${inOrder([...word])}`
    return { correct: line === expected, expected }
  },
}

const inOrder = (letters: string[]) => letters.toSorted().join('')

/** How many words of this length there are. */
function wordsOf(letters: number, length: number, repeats: boolean): number {
  let words = 1
  for (let i = 0; i < length; i++) words *= repeats ? letters : letters - i
  return words
}
