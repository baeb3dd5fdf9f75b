// What was tried and what of it held, as a table. A trial that did not hold says what is wrong, with all that repeats it.
import { CheckpointError } from '../../src/errors'

/** One line of the table. */
export interface Finding {
  what: string
  tried: number
  held: number
  /** The worst that was measured, in words; '' where nothing was. */
  worst: string
  /** What did not hold, one line each. */
  broken: string[]
}

export class Tally {
  readonly what: string
  worst = ''
  #tried = 0
  readonly #broken: string[] = []
  #failed = 0

  constructor(what: string) {
    this.what = what
  }

  /** One trial, and what is wrong with how it ended. */
  add(trial: string, wrong: readonly string[]): void {
    this.#tried++
    if (wrong.length === 0) return
    this.#failed++
    this.#broken.push(...wrong.map((line) => `${this.what}, ${trial}: ${line}`))
  }

  get finding(): Finding {
    const held = this.#tried - this.#failed
    return { what: this.what, tried: this.#tried, held, worst: this.worst, broken: this.#broken }
  }
}

/** An error that a person may be told; null for one of ours that nobody foresaw. */
export const named = (error: unknown) => (error instanceof CheckpointError ? error : null)

/** The largest of what was measured, and where. */
export class Worst {
  value = 0
  where = ''
  see(value: number, where: string): void {
    if (value <= this.value) return
    this.value = value
    this.where = where
  }
}

/** Failures that are printed of one line of the table. */
const SHOWN = 12

export function table(findings: readonly Finding[]): string {
  const rows = [
    ['what', 'tried', 'held', 'worst'],
    ...findings.map(({ what, tried, held, worst }) => [what, String(tried), String(held), worst]),
  ]
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)))
  const line = (row: string[]) => `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`
  const [head, ...body] = rows.map(line)
  const broken = findings.flatMap(({ broken: all }) =>
    all.length > SHOWN ? [...all.slice(0, SHOWN), `… and ${all.length - SHOWN} more`] : all,
  )
  return [head, rule, ...body, ...(broken.length > 0 ? ['', ...broken] : [])].join('\n')
}
