// Generated corpora: every line of every difficulty is right by its own checker, comes once, and is what its settings say; wrong
// lines are told, with what would have been right.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { arithmetic } from '../../../src/data/made/arithmetic'
import { brackets } from '../../../src/data/made/brackets'
import { settle, type Settings, type Task } from '../../../src/data/made/generated'
import { sorting } from '../../../src/data/made/sorting'
import { taskOf, TASKS } from '../../../src/data/made/tasks'

const lineTasks = TASKS.filter(({ settings }) => settings.some(({ name }) => name === 'lines'))
const linesOf = (text: string) => {
  expect(text.endsWith('\n')).toBe(true)
  return text.slice(0, -1).split('\n')
}
const make = (task: Task, values: Settings, seed = 3) => {
  const settings = settle(task.settings, values)
  return { settings, lines: linesOf(task.generate(settings, seed)) }
}
/** Any setting of a task, with as few lines as can be. */
const anySettings = (task: Task) =>
  fc
    .record(
      Object.fromEntries(
        task.settings.map(({ name, min, max, step }) => [
          name,
          fc.nat({ max: Math.round((max - min) / step) }).map((steps) => min + steps * step),
        ]),
      ),
    )
    .map((values) => ({ ...values, lines: 1000 }))

test('tasks have ids of their own, and settings whose defaults are among their steps', () => {
  expect(new Set(TASKS.map(({ id }) => id)).size).toBe(TASKS.length)
  for (const task of TASKS) {
    expect(taskOf(task.id)).toBe(task)
    const defaults = Object.fromEntries(task.settings.map((setting) => [setting.name, setting.default]))
    expect(settle(task.settings)).toEqual(defaults)
    expect(settle(task.settings, defaults)).toEqual(defaults)
  }
  expect(taskOf('whale')).toBeNull()
})
test.each(lineTasks)('$id: right, and no line twice, at any difficulty', (task) => {
  fc.assert(
    fc.property(anySettings(task), fc.nat(), (values, seed) => {
      const { settings, lines } = make(task, values, seed)
      expect(lines.length).toBeLessThanOrEqual(1000)
      expect(new Set(lines).size).toBe(lines.length)
      for (const line of lines) expect(task.check(line, settings)).toEqual({ correct: true, expected: line })
    }),
    { numRuns: 30 },
  )
})
test.each(lineTasks)('$id: a line with one character changed is wrong, and what is right is told', (task) => {
  const { settings, lines } = make(task, { lines: 1000 })
  for (const line of lines.slice(0, 200)) {
    const wrong = `${line.slice(0, -1)}${line.endsWith('1') ? '2' : '1'}`
    const { correct, expected } = task.check(wrong, settings)
    expect(correct).toBe(false)
    if (expected !== null) expect(task.check(expected, settings).correct).toBe(true)
  }
})
test.each(lineTasks)('$id: a line cut short, or with its newline, is wrong', (task) => {
  const { settings, lines } = make(task, { lines: 1000 })
  for (const line of ['', '\n', ...lines.slice(0, 50).flatMap((line) => [line.slice(0, -1), `${line}\n`])])
    expect(task.check(line, settings).correct).toBe(false)
})

describe('sorting', () => {
  test('words have the letters and lengths asked for', () => {
    const { lines } = make(sorting, { letters: 4, min_length: 2, max_length: 6, lines: 2000 })
    expect(lines).toHaveLength(2000)
    expect(new Set(lines.join('').replace(/>/g, ''))).toEqual(new Set('abcd'))
    expect(new Set(lines.map((line) => line.indexOf('>')))).toEqual(new Set([2, 3, 4, 5, 6]))
  })
  test('without repeated letters there are none', () => {
    const { lines } = make(sorting, { letters: 5, min_length: 12, max_length: 12, repeats: 0, lines: 1000 })
    // Five letters have 120 orders; three quarters of them are drawn.
    expect(lines).toHaveLength(90)
    expect(lines.every((line) => new Set(line.slice(0, 5)).size === 5 && line.endsWith('>abcde'))).toBe(true)
  })
  test.each([
    ['dbca>abdc', 'dbca>abcd'],
    ['baa>ab', 'baa>aab'],
    ['dbca>', 'dbca>abcd'],
    ['dbca>abcd>abcd', 'dbca>abcd'],
    ['dbca', null],
    ['>', null],
    ['DB>BD', null],
  ])('%j is wrong: %j', (line, expected) => expect(sorting.check(line, {})).toEqual({ correct: false, expected }))
})

describe('arithmetic', () => {
  test('all three operators, and answers below zero', () => {
    const { lines } = make(arithmetic, { times: 1, digits: 3, lines: 3000 })
    expect(lines).toHaveLength(3000)
    for (const sign of ['+', '-', '*'])
      expect(lines.filter((line) => line.slice(1).includes(sign)).length).toBeGreaterThan(900)
    expect(lines.some((line) => line.includes('=-'))).toBe(true)
    expect(Math.max(...lines.map((line) => parseInt(line)))).toBeGreaterThan(990)
  })
  test('no operator at all means sums, of which there are a hundred with one digit', () => {
    const { lines } = make(arithmetic, { plus: 0, minus: 0, digits: 1 })
    expect(lines).toHaveLength(100)
    expect(lines.toSorted()[0]).toBe('0+0=0')
    expect(lines).toContain('9+9=18')
  })
  test('every line says what JavaScript says', () => {
    for (const line of make(arithmetic, { times: 1, digits: 4, lines: 1000 }).lines) {
      const [, a, operator, b, answer] = /^(\d+)(.)(\d+)=(.*)$/.exec(line)!
      const [x, y] = [Number(a), Number(b)]
      expect(Number(answer)).toBe(operator === '+' ? x + y : operator === '-' ? x - y : x * y)
    }
  })
  const reversed = settle(arithmetic.settings, { reversed: 1 })
  test.each([
    ['37+45=83', settle(arithmetic.settings), '37+45=82'],
    ['37+45=082', settle(arithmetic.settings), '37+45=82'],
    ['5-9=4', settle(arithmetic.settings), '5-9=-4'],
    ['5-19=-14', reversed, '5-19=-41'],
    ['37+45=82', reversed, '37+45=28'],
    ['037+45=82', reversed, null],
    ['1+1+1=3', reversed, null],
    ['+45=45', reversed, null],
  ])('%j is wrong: %j', (line, settings, expected) =>
    expect(arithmetic.check(line, settings)).toEqual({ correct: false, expected }),
  )
  test('answers of any length are right', () => {
    const line = '99999999999999999999*99999999999999999999=9999999999999999999800000000000000000001'
    expect(arithmetic.check(line, settle(arithmetic.settings)).correct).toBe(true)
  })
})

describe('brackets', () => {
  const balanced = (line: string): boolean => {
    const shorter = line.replace(/\(\)|\[\]|\{\}|<>/g, '')
    return shorter === line ? line === '' : balanced(shorter)
  }
  const depthOf = (line: string) => {
    let open = 0
    return Math.max(...[...line].map((bracket) => (open += '([{<'.includes(bracket) ? 1 : -1)))
  }
  test('balanced by another way of looking, as deep and as long as asked, in all kinds', () => {
    const { lines } = make(brackets, { kinds: 4, depth: 3, length: 12, lines: 3000 })
    expect(lines).toHaveLength(3000)
    expect(lines.every(balanced)).toBe(true)
    expect(Math.max(...lines.map(depthOf))).toBe(3)
    expect(new Set(lines.map((line) => line.length))).toEqual(new Set([2, 4, 6, 8, 10, 12]))
    expect(new Set(lines.join(''))).toEqual(new Set('()[]{}<>'))
  })
  test('one kind, to depth 1: three quarters of the eight lines there are', () => {
    expect(make(brackets, { kinds: 1, depth: 1, length: 16 }).lines).toHaveLength(6)
  })
  test('words of a length are equally likely', () => {
    // Of the five of six brackets, ()()() has the fewest choices on its way.
    const counts = new Map<string, number>()
    for (let seed = 0; seed < 600; seed++)
      for (const line of make(brackets, { kinds: 1, length: 6, lines: 1000 }, seed).lines.slice(0, 1))
        if (line.length === 6) counts.set(line, (counts.get(line) ?? 0) + 1)
    expect(counts.size).toBe(5)
    for (const count of counts.values()) expect(Math.abs(count - 40)).toBeLessThan(25)
  })
  test.each([
    ['([)]', '([])'],
    ['((', '(())'],
    ['()}', '()'],
    ['(a)', '()'],
    [')', null],
    ['<>', null],
    ['', null],
  ])('%j is wrong: %j', (line, expected) =>
    expect(brackets.check(line, settle(brackets.settings))).toEqual({ correct: false, expected }),
  )
})
