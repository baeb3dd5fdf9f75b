// Embeddings, neurons and linear probes as the page asks for them, of a run of a few thousand numbers.
import { describe, expect, test } from 'vitest'
import { ProbeError, SupersededError } from '../../src/errors'
import type { LookViews, ViewName } from '../../src/words/look'
import { PROBE_CLASSES } from '../../src/words/look_parts'
import type { LocalLab } from '../../src/worker/lab'
import { createRun, disk, status, tab, tiny, withRun } from './lab_env'

const asker =
  (lab: LocalLab) =>
  <V extends ViewName>(view: V, question: Omit<LookViews[V]['asks'], 'slot'>) =>
    lab.look.ask(view, { slot: 'A', ...question } as unknown as LookViews[V]['asks'])

async function looking(change: Parameters<typeof withRun>[1] = {}) {
  const run = await withRun(disk(), change)
  await run.lab.look.fill('A', { of: 'live' })
  return { ...run, ask: asker(run.lab) }
}

describe('embeddings', () => {
  test('every token has its place, name and kind; the next frame is turned to the one before', async () => {
    const { lab, ask } = await looking()
    const { points, names, classes, shares } = await ask('embeddings', { of: 'tokens', towards: null })
    expect(points).toHaveLength(2 * names.length)
    expect(names).toHaveLength(28)
    expect([...new Set(classes)].toSorted()).toEqual([0, 3, 4])
    expect(shares[0] + shares[1]).toBeLessThanOrEqual(1)
    expect(shares[0]).toBeGreaterThanOrEqual(shares[1])
    const turned = points.map((_, i) => (i % 2 === 0 ? -points[i + 1]! : points[i - 1]!))
    const again = await ask('embeddings', { of: 'tokens', towards: turned })
    again.points.forEach((x, i) => expect(x).toBeCloseTo(turned[i]!, 4))
    // A frame of another vocabulary turns nothing.
    const other = await ask('embeddings', { of: 'tokens', towards: Float32Array.of(0, 1, 5, -3, 2, 2) })
    expect(other.points).toEqual(points)
    await lab.device.lose()
  })

  test('a table of positions is there where positions are learned, and else is said not to be', async () => {
    const learned = await looking({ position: 'learned' })
    const { names } = await learned.ask('embeddings', { of: 'positions', towards: null })
    expect(names).toEqual(['0', '1', '2', '3', '4', '5', '6', '7'])
    const near = await learned.ask('near', { of: 'positions', row: 3, k: 3 })
    expect(near).toHaveLength(3)
    expect(near.map(({ cosine }) => cosine)).toEqual(near.map(({ cosine }) => cosine).toSorted((a, b) => b - a))
    expect(near.map(({ row }) => row)).not.toContain(3)
    const rope = await looking({ position: 'rope' })
    await expect(rope.ask('embeddings', { of: 'positions', towards: null })).rejects.toThrow(/rotations \(RoPE\)/)
  })
})

describe('neurons', () => {
  test('the wall’s strongest places are found again in the contexts, with the very activation', async () => {
    const { ask } = await looking()
    const wall = await ask('neurons', { layer: 0 })
    expect(wall.neurons).toBe(32)
    expect(wall.tokens).toBe(8 * wall.from.length)
    for (const side of ['up', 'down'] as const) {
      const neuron = 7
      const { window, position } = wall[side]
      const places = Array.from({ length: wall.k }, (_, i) => ({
        from: wall.from[window[neuron * wall.k + i]!]!,
        position: position[neuron * wall.k + i]!,
      }))
      const { contexts } = await ask('neuron', { layer: 0, neuron, places })
      expect(contexts).toHaveLength(wall.k)
      const peaks = contexts.map(({ activations, peak }) => activations[peak]!)
      expect(peaks[0]).toBeCloseTo(side === 'up' ? wall.most[neuron]! : wall.least[neuron]!, 6)
      expect(peaks).toEqual(peaks.toSorted((a, b) => (side === 'up' ? b - a : a - b)))
      expect(new Set(contexts.map(({ held }) => held)).size).toBeGreaterThan(0)
      // Contexts begin with their windows, which are shorter than what is shown.
      expect(contexts.map(({ peak }) => peak)).toEqual(places.map(({ position }) => position))
      for (const { tokens, peak } of contexts) expect(tokens[peak]).toBeDefined()
    }
  })

  test('who speaks for a token is the neuron that is said to raise it', async () => {
    const { ask } = await looking({ n_layer: 2 })
    const { token, raises, lowers } = await ask('speakers', { text: 'q' })
    expect(token.text).toBe('q')
    const { layer, neuron, by } = raises[0]!
    const sheet = await ask('neuron', { layer, neuron, places: [] })
    expect(by).toBeGreaterThan(raises[1]!.by)
    expect(lowers[0]!.by).toBeLessThan(0)
    const own = sheet.raises.find(({ text }) => text === 'q')
    if (own) expect(own.by).toBeCloseTo(by, 6)
    else expect(sheet.raises.at(-1)!.by).toBeGreaterThanOrEqual(by)
  })

  test('held at 0 a neuron is what it is with its gate shut; at another value it is not', async () => {
    const { ask } = await looking()
    const neuron = 3
    const text = { text: 'the quick', seed: 1, length: 6 }
    const gates = { 'h.0.mlp.neurons': Array.from({ length: 32 }, (_, i) => (i === neuron ? 0 : 1)) }
    const gated = await ask('turned', { ...text, gates })
    const clamped = await ask('clamped', { ...text, layer: 0, neuron, value: 0 })
    expect(clamped.asIs).toEqual(gated.asIs)
    expect(clamped.turned.val_loss).toBeCloseTo(gated.turned.val_loss!, 6)
    expect(clamped.turned.sample).toBe(gated.turned.sample)
    const loud = await ask('clamped', { ...text, layer: 0, neuron, value: 500 })
    expect(loud.turned.val_loss).not.toBeCloseTo(gated.turned.val_loss!, 2)
    expect(loud.asIs).toEqual(gated.asIs)
  })

  test('while the run trains, the answer is of one step and training goes on', async () => {
    const { lab, heard, ask } = await looking({ max_iters: 100_000 })
    const tenth = heard((event) => event.type === 'step' && event.metrics.step >= 10)
    await lab.run.start()
    await tenth
    const wall = await ask('neurons', { layer: 0 })
    // As much of the text as there was time for.
    expect(wall.tokens % 8).toBe(0)
    expect(wall.tokens).toBeGreaterThanOrEqual(64)
    expect(wall.k).toBe(8)
    const later = heard((event) => event.type === 'step')
    await later
    await lab.run.pause()
  })

  test('of two questions the newer is answered', async () => {
    const { ask } = await looking({ n_layer: 2 })
    const [older, newer] = await Promise.allSettled([ask('neurons', { layer: 0 }), ask('neurons', { layer: 1 })])
    expect(older.status === 'rejected' && older.reason).toBeInstanceOf(SupersededError)
    expect(newer.status).toBe('fulfilled')
  })
})

describe('a linear probe', () => {
  test('tells of each depth what can be read, and beside it what cannot', async () => {
    const { lab, heard, ask } = await looking({ max_iters: 150, eval_interval: 150 })
    const end = heard(status('finished'))
    await lab.run.start()
    await end
    expect(await ask('labels', {})).toEqual(['next', 'word'])
    const told = await ask('probe', { label: 'word' })
    const fresh = await ask('probeFresh', { label: 'word' })
    for (const line of [told.model, told.shuffled, fresh.model]) expect(line).toHaveLength(3)
    const classes = PROBE_CLASSES.word.length
    told.model.forEach((share, depth) => {
      const right = told.counts.reduce((sum, count, k) => sum + count * told.recall[depth * classes + k]!, 0)
      expect(right / told.held).toBeCloseTo(share, 5)
    })
    expect(told.floor).toBeCloseTo(Math.max(...told.counts) / told.held, 12)
    expect(Math.max(...told.model)).toBeGreaterThan(Math.max(...told.shuffled) + 0.1)
    expect(fresh.model).not.toEqual(told.model)
    expect(await ask('probe', { label: 'word' })).toEqual(told)
  })

  test('of the model at step 0 a fresh one is the same', async () => {
    const { ask } = await looking()
    expect(await ask('probeFresh', { label: 'next' })).toEqual(await ask('probe', { label: 'next' }))
  })

  test('who speaks and how they began are asked of chats alone', async () => {
    const { ask } = await looking()
    await expect(ask('probe', { label: 'speaker' })).rejects.toThrow(ProbeError)
    const { lab } = await tab(disk())
    const { vocab_size } = await lab.data.loadBuiltIn('support-chats', { settings: { conversations: 100 }, seed: 1 })
    await createRun(lab, { name: 'chats', config: { ...tiny, vocab_size, block_size: 32 }, prompt: 'Hi' })
    await lab.look.fill('A', { of: 'live' })
    const chats = asker(lab)
    expect(await chats('labels', {})).toEqual(['next', 'word', 'speaker', 'mood'])
    for (const label of ['speaker', 'mood'] as const) {
      const { counts, held, trained } = await chats('probe', { label })
      expect(counts.reduce((a, b) => a + b)).toBe(held)
      expect(trained).toBeGreaterThan(1000)
      expect(counts.filter((count) => count > 0).length).toBeGreaterThan(1)
    }
  })
})
