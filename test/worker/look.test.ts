// The models that are looked at: the open run, its kept steps, the run that comes with the page; and what cannot be looked at.
import { beforeAll, describe, expect, test } from 'vitest'
import { disk, fromPage, tab, type Tab, withTrainedRun } from './lab_env'

/** Rows of every head's attention [L, NH, T, T] that do not add up to 1. */
function crooked(maps: Float32Array, T: number): number {
  let wrong = 0
  for (let row = 0; row < maps.length / T; row++) {
    const sum = maps.subarray(row * T, (row + 1) * T).reduce((a, b) => a + b, 0)
    if (Math.abs(sum - 1) > 1e-5) wrong++
  }
  return wrong
}

describe('the open run and its kept steps', () => {
  let page: Tab
  let id: string
  beforeAll(async () => {
    const opened = await withTrainedRun(disk(), { max_iters: 20 }, 'auto')
    page = opened
    id = opened.id
  })

  test('steps 0, 1, 2, 4, … and evaluations are kept, and told', async () => {
    const steps = (await page.lab.look.frames(id)).map(({ step }) => step)
    expect(steps).toEqual([0, 1, 2, 4, 8, 16, 20])
    const told = page.events.findLast((event) => event.type === 'keyframes')
    expect(told).toMatchObject({ run: id })
  })

  test('a slot holds the run as it is, or a kept step; rows of attention add up to 1', async () => {
    const { look } = page.lab
    const live = await look.fill('A', { of: 'live' })
    expect(live).toMatchObject({ step: 20, name: 'fox' })
    const question = { slot: 'A', text: 'the quick', form: 'pattern' } as const
    const now = await look.ask('attention', question)
    expect(now.tokens).toHaveLength(8)
    expect(now.notices).toEqual([expect.stringContaining('looks back 8 tokens')])
    expect(crooked(now.maps, 8)).toBe(0)
    await look.fill('B', { of: 'run', run: id, step: 20 })
    const same = await look.ask('attention', { ...question, slot: 'B' })
    same.maps.forEach((x, i) => expect(x).toBeCloseTo(now.maps[i]!, 3))
    expect(await look.fill('B', { of: 'run', run: id, step: 1 })).toMatchObject({ step: 1 })
    const early = await look.ask('attention', { ...question, slot: 'B' })
    expect(early.maps.some((x, i) => Math.abs(x - now.maps[i]!) > 1e-3)).toBe(true)
    expect((await look.ask('apart', { slot: 'A', text: 'the quick' })).divergence[0]).toBeGreaterThan(0)
  })

  test('every view answers', async () => {
    const { look } = page.lab
    await look.fill('A', { of: 'live' })
    expect(await look.ask('heads', { slot: 'A' })).toHaveLength(2)
    const lens = await look.ask('lens', { slot: 'A', text: 'lazy dog', k: 3, follow: 2 })
    expect(lens.top).toHaveLength(3 * 8 * 3)
    const losses = await look.ask('losses', { slot: 'A', text: 'lazy dog' })
    expect(losses.losses[0]).toBeNaN()
    expect(losses.mean).toBeGreaterThan(0)
    const { clean, off } = await look.ask('ablate', { slot: 'A', text: null, gates: {} })
    expect(clean).toBeGreaterThan(0)
    expect(off.head).toHaveLength(2)
    const gates = { 'h.0.attn.heads': [0, 1] }
    const turned = await look.ask('turned', { slot: 'A', text: 'the', gates, seed: 1, length: 5 })
    expect(turned.turned.val_loss! - turned.asIs.val_loss!).toBeCloseTo(off.head[0]!, 4)
    const said = await look.ask('attribution', { slot: 'A', text: 'the fox', position: 6, token: null })
    expect(said.parts.reduce((a, b) => a + b, said.bias)).toBeCloseTo(said.logit, 3)
    const patch = await look.ask('patch', {
      slot: 'A',
      text: 'the fox',
      corrupted: 'the dog',
      answer: null,
      instead: null,
    })
    expect(patch.resid.at(-1)).toBeCloseTo(1, 4)
  })

  test('what cannot be looked at is a sentence', async () => {
    const { look } = page.lab
    await look.fill('A', { of: 'live' })
    const ask = (text: string) => look.ask('text', { slot: 'A', text })
    await expect(ask('')).rejects.toThrow('There is no text to look at')
    await expect(ask('ЖЖ')).rejects.toThrow('none of these characters')
    expect((await ask('oЖ')).notices).toEqual([expect.stringContaining('Ж')])
    await expect(look.fill('B', { of: 'run', run: id, step: 3 })).rejects.toThrow('Step 3 is not kept')
    await look.fill('B', null)
    await expect(look.ask('text', { slot: 'B', text: 'a' })).rejects.toThrow('Slot B is empty')
    await expect(
      look.ask('turned', { slot: 'A', text: 'a', gates: { 'h.7.attn.heads': [0] }, seed: 1, length: 1 }),
    ).rejects.toThrow('no part h.7.attn.heads')
  })

  test('a smaller budget thins the kept steps at once', async () => {
    const before = await page.lab.look.frames(id)
    await page.lab.look.setBudget(3 * before[0]!.size_bytes)
    expect((await page.lab.look.frames(id)).map(({ step }) => step)).toEqual([0, 8, 20])
  })

  test('a kept step goes on as a run of its own', async () => {
    const { lab, events } = page
    await lab.look.fill('A', { of: 'live' })
    await lab.run.fork({ run: id, step: 8 }, 'fork')
    const opened = events.findLast((event) => event.type === 'open')?.open
    expect(opened?.run).toMatchObject({ name: 'fork', step: 8 })
    expect(opened?.history.steps.step.at(-1)).toBe(8)
    await expect(lab.look.ask('text', { slot: 'A', text: 'a' })).resolves.toBeTruthy()
    await expect(lab.look.ask('heads', { slot: 'A' })).rejects.toThrow('not open any more')
    await lab.run.step()
    lab.flush()
    const steps = events.flatMap((event) =>
      event.type === 'kept' && event.run.name === 'fork' ? [event.run.step] : [],
    )
    expect(steps.at(-1)).toBe(9)
  })
})

describe('the run that comes with the page', () => {
  test('is looked into, asked for text and forked before anything is trained', async () => {
    const { lab, events } = await tab(disk(), 'auto', undefined, fromPage)
    const frames = await lab.look.frames(null)
    expect(frames.length).toBeGreaterThanOrEqual(8)
    const last = frames.at(-1)!.step
    expect(await lab.look.fill('A', { of: 'shipped', step: 0 })).toMatchObject({ step: 0, hasText: true })
    const blind = await lab.look.ask('losses', { slot: 'A', text: 'The whale was' })
    await lab.look.fill('A', { of: 'shipped', step: last })
    const taught = await lab.look.ask('losses', { slot: 'A', text: 'The whale was' })
    expect(blind.mean).toBeGreaterThan(4)
    expect(taught.mean).toBeLessThan(2.5)
    let text = ''
    const options = { prompt: 'The whale', max_tokens: 12, temperature: 0, top_k: 0, top_p: 1, seed: 1, stop: [] }
    await lab.chat.generate(options, (tokens) => (text += tokens.map((token) => token.text).join('')))
    expect(text).toHaveLength(12)
    await lab.run.fork({ run: null, step: last }, 'mine')
    expect(events.findLast((event) => event.type === 'open')?.open?.run.step).toBe(last)
  })

  test('a page that is served without it says so', async () => {
    const { lab } = await tab(disk(), 'auto')
    await expect(lab.look.frames(null)).rejects.toThrow('could not be loaded')
  })
})
