// Balanced brackets, one word a line: "([]{})". The languages of Dyck, which need a memory: what closes is what opened last.
import { Rng, STREAM } from '../../rng'
import { distinctLines, lineCount, type Task } from './generated'

const OPENING = '([{<'
const CLOSING = ')]}>'

export const brackets: Task = {
  id: 'brackets',
  name: 'Brackets',
  about: 'Lines such as “([]{})”, all balanced: a model must remember what is open to know what may close.',
  settings: [
    {
      name: 'kinds',
      label: 'Kinds of brackets',
      min: 1,
      max: 4,
      step: 1,
      default: 3,
      about: 'Of ( [ { and <, how many are used. With one kind, counting is enough.',
    },
    {
      name: 'depth',
      label: 'Depth',
      min: 1,
      max: 16,
      step: 1,
      default: 4,
      about: 'How many brackets may be open at once: the deeper, the more there is to remember.',
    },
    {
      name: 'length',
      label: 'Longest line',
      min: 2,
      max: 64,
      step: 2,
      default: 16,
      about: 'Brackets of the longest line; lines have all even lengths up to it.',
    },
    lineCount(20_000),
  ],
  generate(settings, seed) {
    const rng = new Rng(seed, STREAM.corpus)
    const kinds = settings.kinds!
    const depth = settings.depth!
    const longest = settings.length! / 2
    const ways = waysToClose(settings.length!, depth)
    let possible = 0
    for (let pairs = 1; pairs <= longest; pairs++) possible += ways[2 * pairs]![0]! * kinds ** pairs
    return distinctLines(settings.lines!, possible, () => {
      const open: number[] = []
      let line = ''
      for (let left = 2 * (1 + rng.below(longest)); left > 0; left--) {
        // In proportion to how many words go on either way: every word of this length and depth is as likely as any other.
        const opening = open.length < depth ? ways[left - 1]![open.length + 1]! : 0
        if (rng.uniform() * ways[left]![open.length]! < opening) {
          open.push(rng.below(kinds))
          line += OPENING.charAt(open.at(-1)!)
        } else line += CLOSING.charAt(open.pop()!)
      }
      return line
    })
  },
  /** As far as it goes deepest: from there on everything must be closed. */
  ask(line) {
    let open = 0
    let deepest = 0
    let end = 0
    for (const [i, bracket] of [...line].entries()) {
      open += OPENING.includes(bracket) ? 1 : -1
      if (open > deepest) [deepest, end] = [open, i + 1]
    }
    return end > 0 ? line.slice(0, end) : null
  },
  check(line, { kinds }) {
    let closing = ''
    let right = ''
    for (const bracket of line) {
      const kind = OPENING.indexOf(bracket)
      if (kind >= 0 && kind < kinds!) closing = CLOSING.charAt(kind) + closing
      else if (bracket === closing[0]) closing = closing.slice(1)
      else break
      right += bracket
    }
    // What is right of the line, closed.
    const expected = right === '' ? null : right + closing
    return { correct: line === expected, expected }
  },
}

/** [left][open] in how many ways `left` more brackets of one kind close all that are open, with at most `depth` open at once. */
function waysToClose(length: number, depth: number): number[][] {
  const ways = [Array.from({ length: depth + 1 }, (_, open) => Number(open === 0))]
  for (let left = 1; left <= length; left++) {
    const before = ways[left - 1]!
    ways.push(before.map((_, open) => (before[open + 1] ?? 0) + (open > 0 ? before[open - 1]! : 0)))
  }
  return ways
}
