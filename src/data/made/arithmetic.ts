// Sums, differences and products of whole numbers, one a line: "37+45=82", "5-9=-4", "12*12=144".
import { shuffle, Rng, STREAM } from '../../rng'
import { lineCount, settle, toggle, type Settings, type Task } from './generated'

const OPERATORS = [
  ['plus', '+'],
  ['minus', '-'],
  ['times', '*'],
] as const

/** Where there are more problems than this, those of a text are drawn, else dealt from all of them. */
const LARGEST_DEAL = 100_000

export const arithmetic: Task = {
  id: 'arithmetic',
  name: 'Arithmetic',
  about: 'Lines such as “37+45=82” and “5-9=-4”: a model must find the rules to be right about problems it never saw.',
  settings: [
    toggle('plus', 'Sums', true, 'Lines such as 37+45=82.'),
    toggle('minus', 'Differences', true, 'Lines such as 5-9=-4.'),
    toggle('times', 'Products', false, 'Lines such as 12*12=144: much harder than sums.'),
    {
      name: 'digits',
      label: 'Digits',
      min: 1,
      max: 4,
      step: 1,
      default: 2,
      about: 'Digits of the largest number on the left: 2 means 0 to 99.',
    },
    toggle(
      'reversed',
      'Answers reversed',
      false,
      'Last digit first, 37+45=28: easier, since carrying begins there (Lee et al., 2023, arXiv:2307.03381).',
    ),
    lineCount(20_000),
  ],
  generate(settings, seed) {
    const rng = new Rng(seed, STREAM.corpus)
    const chosen = OPERATORS.filter(([name]) => settings[name] === 1)
    const operators = (chosen.length > 0 ? chosen : OPERATORS.slice(0, 1)).map(([, sign]) => sign)
    const terms = 10 ** settings.digits!
    const possible = operators.length * terms * terms
    const line = (problem: number) => {
      const a = Math.floor(problem / terms) % terms
      const operator = operators[Math.floor(problem / terms / terms)]!
      return solved(String(a), operator, String(problem % terms), settings)
    }
    let problems: number[]
    if (possible <= LARGEST_DEAL) {
      problems = Array.from({ length: possible }, (_, i) => i)
      shuffle(problems, rng)
      problems.length = Math.min(possible, settings.lines!)
    } else {
      const drawn = new Set<number>()
      while (drawn.size < settings.lines!) drawn.add(rng.below(possible))
      problems = [...drawn]
    }
    return problems.map(line).join('\n') + '\n'
  },
  ask: (line) => /^[^=]+=/.exec(line)?.[0] ?? null,
  check(line, settings) {
    const [, a, operator, b] = /^(0|[1-9]\d*)([+*-])(0|[1-9]\d*)=/.exec(line) ?? []
    const asked = a !== undefined && operator !== undefined && b !== undefined
    const expected = asked ? solved(a, operator, b, settings) : null
    return { correct: line === expected, expected }
  },
}

/** The settings of the built-in text of sums: every sum from 0+0 to 99+99, once. */
export const ADDITION: Settings = settle(arithmetic.settings, { minus: 0, lines: 10_000 })

function solved(a: string, operator: string, b: string, { reversed }: Settings): string {
  const [x, y] = [BigInt(a), BigInt(b)]
  const answer = String(operator === '+' ? x + y : operator === '-' ? x - y : x * y)
  const sign = answer.startsWith('-') ? '-' : ''
  const digits = answer.slice(sign.length)
  return `${a}${operator}${b}=${sign}${reversed ? [...digits].reverse().join('') : digits}`
}
