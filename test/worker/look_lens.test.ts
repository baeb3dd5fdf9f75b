// Lenses and patches as the page asks for them: readers are fitted once and kept while the slot holds the step, a kept patch changes what
// is written, and texts that make no pair are told so.
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SupersededError } from '../../src/errors'
import { disk, tab, withRun, type Tab } from './lab_env'

const CLEAN = 'The whale was '
const CORRUPTED = 'The whole was '

let page: Tab
beforeAll(async () => {
  page = await tab(disk(), 'cpu', undefined, (path) => Promise.resolve(new Uint8Array(readFileSync(`public/${path}`))))
  await page.lab.look.fill('A', { of: 'shipped', step: 2000 })
})
afterAll(() => page.kill())

test('readers are fitted once, say how much nearer they are, and are fitted again for another step', async () => {
  const { look } = page.lab
  const question = { slot: 'A', text: CLEAN, k: 2, follow: 5 } as const
  const plain = await look.ask('lens', question)
  const first = await look.ask('tuned', question)
  expect(first.report).toMatchObject({ step: 2000, tokens: 2048, measured: 512 })
  expect(first.report.plain).toHaveLength(9)
  for (let depth = 0; depth < 8; depth++)
    expect(first.report.tuned[depth], `depth ${depth}`).toBeLessThan(first.report.plain[depth]!)
  expect([first.report.plain[8], first.report.tuned[8]]).toEqual([0, 0])
  // At the end both are the prediction.
  const T = CLEAN.length
  expect(first.chance.slice(-2 * T)).toEqual(plain.chance.slice(-2 * T))
  expect(first.log.slice(0, T)).not.toEqual(plain.log.slice(0, T))
  for (const id of plain.top) expect(plain.words.find((word) => word.id === id)).toBeDefined()
  const again = await look.ask('tuned', question)
  expect(again.report).toEqual(first.report)
  expect(again.chance).toEqual(first.chance)
  await look.fill('A', { of: 'shipped', step: 700 })
  expect((await look.ask('tuned', question)).report.step).toBe(700)
  // A step that leaves the slot meanwhile needs its readers no more.
  await look.fill('A', { of: 'shipped', step: 400 })
  const left = look.ask('tuned', question)
  const refused = expect(left).rejects.toThrow(SupersededError)
  await new Promise((resolve) => setTimeout(resolve, 20))
  await look.fill('A', { of: 'shipped', step: 2000 })
  await refused
  expect((await look.ask('tuned', question)).report.step).toBe(2000)
})

test('two steps lie apart at every depth; the open run is not compared with itself', async () => {
  const { look } = page.lab
  await look.fill('B', { of: 'shipped', step: 64 })
  const { depths, divergence } = await look.ask('apart', { slot: 'A', text: CLEAN })
  expect([depths, divergence.length]).toEqual([9, 9 * CLEAN.length])
  expect(divergence.every((nats) => nats > 0)).toBe(true)
  const { lab, kill } = await withRun(disk())
  await lab.look.fill('A', { of: 'live' })
  await lab.look.fill('B', { of: 'live' })
  await expect(lab.look.ask('apart', { slot: 'A', text: 'the' })).rejects.toThrow('A and B are the same open run')
  await kill()
})

test('a corrupted text has one token changed and as many tokens', async () => {
  const told = await page.lab.look.ask('corrupt', { slot: 'A', text: CLEAN })
  expect(told!.text).toHaveLength(CLEAN.length)
  const changed = [...told!.text].flatMap((letter, t) => (letter === CLEAN[t] ? [] : [t]))
  expect(changed).toEqual([told!.position])
  // One token has no other before it.
  expect(await page.lab.look.ask('corrupt', { slot: 'A', text: 'T' })).toBeNull()
})

test('a patch of everything at the end writes as the clean text; a patch where both texts are alike writes as the corrupted one', async () => {
  const { look } = page.lab
  const end = CLEAN.length - 1
  const ask = { slot: 'A', text: CLEAN, corrupted: CORRUPTED, seed: 3 } as const
  const cell = (depth: number, position: number) => ({ of: 'stream', depth, position }) as const
  const whole = await look.ask('patched', { ...ask, cell: cell(8, end), length: 1 })
  expect(whole.patched.sample).toBe(whole.clean.sample)
  whole.patched.next.forEach(({ id, chance }, i) => {
    expect(id).toBe(whole.clean.next[i]!.id)
    expect(chance).toBeCloseTo(whole.clean.next[i]!.chance, 5)
  })
  expect(whole.patched.next[0]!.chance).not.toBeCloseTo(whole.corrupted.next[0]!.chance, 3)
  const alike = await look.ask('patched', { ...ask, cell: cell(3, 2), length: 12 })
  expect(alike.patched).toEqual(alike.corrupted)
  // The changed token's embedding, patched, is the clean text, as long as the patch is in sight: 70 tokens are more than the context.
  const undone = await look.ask('patched', { ...ask, cell: cell(0, 6), length: 20 })
  expect(undone.patched.sample).toBe(undone.clean.sample)
  expect(undone.patched.sample).not.toBe(undone.corrupted.sample)
  const long = await look.ask('patched', { ...ask, cell: cell(0, 6), length: 70 })
  expect(long.patched.sample).toHaveLength(70)
  expect(long.patched.sample.slice(0, 20)).toBe(undone.clean.sample)
})

test('a patched head restores as much of the answer as the map says', async () => {
  const { look } = page.lab
  const pair = { slot: 'A', text: CLEAN, corrupted: CORRUPTED } as const
  const map = await look.ask('patch', { ...pair, answer: null, instead: null })
  const head = map.head.reduce((best, x, i) => (Math.abs(x) > Math.abs(map.head[best]!) ? i : best), 0)
  const cell = { of: 'head', layer: Math.floor(head / 4), head: head % 4 } as const
  const { patched, corrupted } = await look.ask('patched', { ...pair, cell, seed: 1, length: 1 })
  const difference = (next: typeof patched.next) => {
    const log = (id: number) => Math.log(next.find((token) => token.id === id)!.chance)
    return log(map.answer.id) - log(map.instead.id)
  }
  const { clean, corrupted: from } = map.difference
  expect(difference(corrupted.next)).toBeCloseTo(from, 3)
  expect((difference(patched.next) - from) / (clean - from)).toBeCloseTo(map.head[head]!, 3)
})

test('texts that make no pair, and places that are none, are told', async () => {
  const { look } = page.lab
  const patch = (corrupted: string) =>
    look.ask('patch', { slot: 'A', text: CLEAN, corrupted, answer: null, instead: null })
  await expect(patch('The whales was ')).rejects.toThrow('has 14 tokens and the corrupted one 15. Replace tokens')
  await expect(patch(CLEAN)).rejects.toThrow('are the same tokens')
  await expect(patch('')).rejects.toThrow('There is no text')
  const at = (depth: number, position: number) =>
    look.ask('patched', {
      ...{ slot: 'A', text: CLEAN, corrupted: CORRUPTED, seed: 1, length: 1 },
      cell: { of: 'stream', depth, position },
    })
  await expect(at(9, 0)).rejects.toThrow('no depth 9')
  await expect(at(0, 14)).rejects.toThrow('position 14')
})
