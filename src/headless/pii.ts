// `npm run pii`: how well personal data is found, kind by kind, on lines that were labelled by hand.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { HELD_OUT, precision, readLabelled, recall, score, type Labelled, type Score } from '../data/prepare/pii_score'
import { PII_KINDS, type PiiKind } from '../words/recipe'
import { pathOf, readFlags, runProgram, UsageError, type Io } from './command'

const USAGE = `npm run pii -- [FILE] [--mistakes]

Finds personal data in the labelled lines of FILE (test/fixtures/pii.txt) and prints recall and precision of every kind, for all lines
and for every ${HELD_OUT}th, to which no rule was adjusted. A line: Write to {email:jane@example.org}, then go.
  --mistakes   print what was missed and what was wrong, except in lines held out`

/** Scores the rules on labelled lines. */
export async function main(args: readonly string[], io: Io): Promise<number> {
  const { values: flags, positionals } = readFlags(USAGE, args, { mistakes: { type: 'boolean', default: false } })
  const [file, ...more] = positionals
  if (more.length > 0) throw new UsageError(`One file, please.\n\n${USAGE}`)
  const path = file === undefined ? join('test', 'fixtures', 'pii.txt') : pathOf(file)
  const lines = readLabelled(readFileSync(path, 'utf8'))
  const names = readFileSync(join('public', 'corpora', 'first-names.txt'), 'utf8').split('\n')
  const held = await score(lines.filter(isHeld), { names })
  const { scores } = await score(lines, { names })

  io.out(`${lines.length} lines of ${path}; in brackets the ${lines.filter(isHeld).length} held out\n`)
  io.out('kind        labels         recall           precision')
  for (const kind of PII_KINDS) if (labelsOf(scores[kind]) > 0) io.out(row(kind, scores[kind], held.scores[kind]))
  if (!flags.mistakes) return 0
  const { mistakes } = await score(
    lines.filter((line, i) => !isHeld(line, i)),
    { names },
  )
  for (const { kind, what, text, line } of mistakes)
    io.out(`\n${kind}, ${what}: ${JSON.stringify(text)}\n  in ${JSON.stringify(line)}`)
  return 0
}

function isHeld(_: Labelled, i: number): boolean {
  return i % HELD_OUT === HELD_OUT - 1
}
function labelsOf({ right, missed }: Score): number {
  return right + missed
}
function row(kind: PiiKind, all: Score, held: Score): string {
  const both = (x: string | number, y: string | number) => `${x} (${y})`
  return [
    kind.padEnd(12),
    both(labelsOf(all), labelsOf(held)).padEnd(15),
    both(recall(all).toFixed(3), recall(held).toFixed(3)).padEnd(17),
    both(precision(all).toFixed(3), precision(held).toFixed(3)),
  ].join('')
}

await runProgram(import.meta.url, main)
