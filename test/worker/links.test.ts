// Links by the worker's calls: a trained run goes into one, and comes out in another profile: it writes, is looked into, and trains to
// the same bits.
import { expect, test } from 'vitest'
import { LinkError } from '../../src/errors'
import { readLink, writeLink } from '../../src/share/link/link'
import { LINK_SECTIONS, type LinkChoice } from '../../src/words/link'
import { createRun, disk, fromPage, status, tab, TEXT, withRun, withTrainedRun } from './lab_env'

const all: LinkChoice = { sections: LINK_SECTIONS, bits: 8, view: null, device: true }
const LIVE = { of: 'live' } as const
const ask = { max_tokens: 20, temperature: 0, top_k: 0, top_p: 1, seed: 1, prompt: 'the ', stop: [] }

test('a run is described, measured, shared, and opened elsewhere: it writes', async () => {
  const { lab } = await withTrainedRun(disk())
  const offer = await lab.links.describe(LIVE)
  expect(offer).toMatchObject({ name: 'fox', step: 40, hasText: true })
  expect(offer.weights[4]!).toBeLessThan(offer.weights[8]!)
  for (const size of Object.values(offer.sizes)) expect(size).toBeGreaterThan(10)
  const losses = (await lab.links.losses(LIVE))!
  expect(losses.on).toBe('held out')
  expect(Math.abs(losses.int8 / losses.f32 - 1)).toBeLessThan(0.01)
  const fragment = await lab.links.make(LIVE, all)
  expect(await lab.links.make(LIVE, all)).toBe(fragment)

  const other = await tab(disk())
  const told = await other.lab.links.read(fragment)
  expect(told).toMatchObject({ unknown: [], text: TEXT.length, weights: { bits: 8, step: 40 }, card: { step: 40 } })
  expect(told.settings?.config).toEqual((await lab.look.fill('A', LIVE))!.config)
  expect(told.card?.device).toBeTruthy()
  // Reading has left nothing behind.
  expect(other.lab.data.isEmpty).toBe(true)
  expect((await other.store.list()).runs).toEqual([])

  const run = await other.lab.links.openModel(fragment)
  let again = ''
  await other.lab.chat.generate(ask, (tokens) => (again += tokens.map(({ text }) => text).join('')))
  expect(again).toHaveLength(20)
  // What is open is what the link said.
  expect((await other.lab.links.fingerprint()).sha256).toBe(told.weights?.sha256)
  const slot = await other.lab.look.fill('A', LIVE)
  expect(slot).toMatchObject({ name: 'fox', step: 40, hasText: true })
  expect(await other.lab.look.ask('text', { slot: 'A', text: 'fox' })).toMatchObject({ tokens: [{}, {}, {}] })
  // It is kept, with its curve.
  const { history, checkpoint } = await other.store.load(run.id)
  expect(checkpoint?.meta.step).toBe(40)
  expect(history.evals.map(({ step }) => step)).toEqual([0, 10, 20, 30, 40])
})

test('a model without its text writes, and is not trained', async () => {
  const { lab } = await withTrainedRun(disk())
  await lab.links.describe(LIVE)
  const fragment = await lab.links.make(LIVE, { ...all, sections: ['weights'], bits: 4 })
  expect((await lab.links.read(fragment)).sections.map(({ name }) => name)).toEqual([
    'settings',
    'tokenizer',
    'weights',
  ])
  const other = await tab(disk())
  await other.lab.links.openModel(fragment)
  await expect(other.lab.run.start()).rejects.toThrow(/not kept on this device/)
  const { reason } = await other.lab.chat.generate(ask, () => undefined)
  expect(reason).toBe('length')
  // Shared on from there: nothing can be measured, and it is rounded plainly.
  expect(await other.lab.links.describe(LIVE)).toMatchObject({ hasText: false, sizes: { text: null } })
  expect(await other.lab.links.losses(LIVE)).toBeNull()
  expect((await other.lab.links.read(await other.lab.links.make(LIVE, all))).weights).toMatchObject({ bits: 8 })
})

test('settings, seed and text train to the same bits elsewhere', async () => {
  const { lab } = await withTrainedRun(disk())
  const made = await lab.links.fingerprint()
  const fragment = await lab.links.make(LIVE, { ...all, sections: ['settings', 'card', 'curve', 'text'] })
  const other = await tab(disk())
  const told = await other.lab.links.read(fragment)
  expect(told.card?.sha256).toBe(made.sha256)
  const data = await other.lab.links.openText(fragment)
  expect(data?.corpus.fingerprint).toBe(told.settings?.corpus.fingerprint)
  await createRun(other.lab, { name: 'again', config: told.settings!.config, prompt: told.settings!.prompt })
  const ended = other.heard(status('finished'))
  await other.lab.run.start()
  await ended
  expect(await other.lab.links.fingerprint()).toEqual(made)
})

test('a text that comes with the page is taken from there, and one that nobody has is not', async () => {
  const { lab } = await withRun(disk())
  const { settings } = (await readLink(await lab.links.make(LIVE, { ...all, sections: ['settings'] }))).contents
  expect(await lab.links.openText(await writeLink({ settings: settings! }))).toBeNull()
  const other = await tab(disk(), 'cpu', undefined, fromPage)
  const named = { ...settings!, builtIn: 'first-names', corpus: { ...settings!.corpus, name: 'First names' } }
  expect((await other.lab.links.openText(await writeLink({ settings: named })))?.corpus.name).toBe('First names')
})

test('the model that comes with the page can be shared, with its curve', async () => {
  const { lab } = await tab(disk(), 'cpu', undefined, fromPage)
  const offer = await lab.links.describe({ of: 'shipped', step: 2000 })
  expect(offer).toMatchObject({ name: 'Moby Dick', step: 2000, hasText: true })
  expect(offer.sizes.curve).toBeGreaterThan(500)
  expect(offer.weights[4]!).toBeLessThan(160_000)
})

test('gates that its model lacks, and a text that is another, are refused before anything is kept', async () => {
  const { lab, store } = await withTrainedRun(disk())
  const { contents } = await readLink(
    await lab.links.make(LIVE, { ...all, sections: ['settings', 'text', 'tokenizer'] }),
  )
  const settings = contents.settings!
  const before = (await store.list()).runs.length
  const view = { stage: 'look', panel: null, text: null, only: null }
  const wrong = [
    { ...contents, settings: { ...settings, gates: { 'h.7.attn.heads': [1] } } },
    { ...contents, settings: { ...settings, gates: { 'h.0.attn.heads': [1] } } },
    { ...contents, text: `${contents.text}.` },
    { ...contents, view: { ...view, gates: { 'h.7.attn.gate': [0] } } },
    { view: { ...view, gates: { 'h.0.attn.gate': [0] } } },
  ]
  for (const parts of wrong) {
    const fragment = await writeLink(parts)
    for (const call of ['read', 'openModel', 'openText'] as const)
      await expect(lab.links[call](fragment)).rejects.toBeInstanceOf(LinkError)
  }
  await expect(lab.links.openModel(await writeLink({ settings }))).rejects.toThrow(/no model/)
  expect((await store.list()).runs).toHaveLength(before)
})
