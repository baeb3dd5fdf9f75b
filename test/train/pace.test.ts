import { expect, test } from 'vitest'
import { Pace } from '../../src/train/pace'

/** The lengths of `bursts` bursts on a device that takes `wait` ms a burst and `each` ms a token, and looks every `poll` ms. */
function pace(device: (burst: number) => { wait: number; each: number; poll?: number }, bursts = 40): number[] {
  const pace = new Pace(256)
  return Array.from({ length: bursts }, (_, i) => {
    const n = pace.tokens
    const { wait, each, poll = 0.001 } = device(i)
    pace.took(n, Math.ceil((wait + n * each) / poll) * poll)
    return n
  })
}

test('begins with one token and comes to bursts of thirty milliseconds', () => {
  const lengths = pace(() => ({ wait: 1, each: 0.5 }))
  expect(lengths.slice(0, 4)).toEqual([1, 2, 4, 8])
  for (const n of lengths.slice(10)) expect(Math.abs(n - 60)).toBeLessThan(8)
})

test('a device that needs longer for one token writes one by one, with now and then a try of two', () => {
  const lengths = pace(() => ({ wait: 1, each: 100 }))
  expect(Math.max(...lengths)).toBe(2)
  expect(lengths.filter((n) => n === 2).length).toBeLessThan(15)
})

test('looking every 100 ms is not the time of a token', () => {
  expect(Math.max(...pace(() => ({ wait: 1, each: 0.3, poll: 100 })).slice(10))).toBeGreaterThan(60)
})

test('a fast device is bound by what can be read back', () => {
  expect(pace(() => ({ wait: 2, each: 0.01 })).at(-1)).toBe(256)
})

test('a hiccup passes, wherever it falls', () => {
  for (const hiccup of [0, 1, 2, 7])
    expect(pace((i) => ({ wait: i === hiccup ? 2000 : 1, each: 0.5 })).at(-1), `${hiccup}`).toBeGreaterThan(40)
})
