// Two tabs on one disk: one trains a run and the other looks at it, hears of it, and takes it over when the first is gone.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type * as lock from '../../src/storage/lock'
import { Locks } from '../storage/locks'
import { bitsOf, disk, openRun, status, tab, withRun, type Tab } from './lab_env'

// Nobody reloads here, so nobody waits for it.
vi.mock('../../src/storage/lock', async (original) => {
  const real = await original<typeof lock>()
  return {
    ...real,
    lockRun: (id: string) => real.lockRun(id, undefined, 100),
    awaitRun: (id: string, signal: AbortSignal) => real.awaitRun(id, signal, undefined, 100),
  }
})

beforeEach(() => vi.stubGlobal('navigator', { locks: new Locks() }))
afterEach(() => vi.unstubAllGlobals())

const eventually = (check: () => void) => vi.waitFor(check, 300_000)
const openIn = ({ lab, events }: Tab) => {
  lab.flush()
  return events.findLast((e) => e.type === 'open')?.open
}
const summaryIn = ({ lab, events }: Tab, id: string) => {
  lab.flush()
  return events.findLast((e) => e.type === 'kept' && e.run.id === id)
}

/** A run of three steps that one tab trains and another looks at. */
async function twoTabs() {
  const name = disk()
  const first = await withRun(name)
  for (let i = 0; i < 3; i++) await first.lab.run.step()
  const second = await tab(name)
  const { readOnly } = await openRun(second.lab, first.id)
  expect(readOnly).toMatch(/Another tab has this run open/)
  return { name, first, second, id: first.id }
}

test('closing hands the run over, at its newest step, and it goes on to the same bit', async () => {
  const { first, second, id } = await twoTabs()
  await first.lab.run.step()
  await first.lab.run.close()
  await eventually(() => expect(openIn(second)).toMatchObject({ readOnly: null, run: { id, step: 4 } }))
  await second.lab.run.step()
  const alone = await withRun(disk())
  for (let i = 0; i < 5; i++) await alone.lab.run.step()
  expect((await bitsOf(second.lab, id)).tensors).toEqual((await bitsOf(alone.lab, alone.id)).tensors)
  // And back again.
  expect((await openRun(first.lab, id)).readOnly).not.toBeNull()
  await second.lab.run.close()
  await eventually(() => expect(openIn(first)).toMatchObject({ readOnly: null, run: { step: 5 } }))
})

test('text that is being written is written to its end before the run is taken over', async () => {
  const { first, second, id } = await twoTabs()
  const options = { prompt: 'the ', max_tokens: 100_000, temperature: 1, top_k: 0, top_p: 1, seed: 3, stop: [] }
  let tokens = 0
  const writing = second.lab.chat.generate(options, (more) => (tokens += more.length))
  await first.lab.run.close()
  // Longer than the tab waits for a page that is reloaded.
  await new Promise((resolve) => setTimeout(resolve, 1000))
  expect(openIn(second)?.readOnly).not.toBeNull()
  const before = tokens
  await eventually(() => expect(tokens).toBeGreaterThan(before))
  await second.lab.cancel('writing')
  expect((await writing).reason).toBe('cancelled')
  await eventually(() => expect(openIn(second)).toMatchObject({ readOnly: null, run: { id } }))
})

test('a run that was only looked at is opened again by hand once it is free', async () => {
  const { first, second, id } = await twoTabs()
  await first.lab.run.close()
  expect((await openRun(second.lab, id)).readOnly).toBeNull()
  await second.lab.run.step()
})

test('names, notes and new runs of one tab show in the other, the open run’s too, and what is trained keeps them', async () => {
  const { name, first, second, id } = await twoTabs()
  await first.lab.kept.rename(id, 'vixen')
  await eventually(() => expect(summaryIn(second, id)).toMatchObject({ run: { name: 'vixen', step: 3 } }))
  await second.lab.kept.note(id, 'from the other tab')
  await eventually(() =>
    expect(summaryIn(first, id)).toMatchObject({ run: { notes: 'from the other tab', name: 'vixen', step: 3 } }),
  )
  await first.lab.run.step()
  await eventually(() =>
    expect(summaryIn(second, id)).toMatchObject({ run: { notes: 'from the other tab', name: 'vixen', step: 4 } }),
  )
  // What the other tab does with a run that it looks at says nothing of how far it is.
  await second.lab.kept.rename(id, 'cub')
  await eventually(() => expect(summaryIn(first, id)).toMatchObject({ run: { name: 'cub', step: 4 } }))
  const copy = await first.lab.kept.duplicate(id)
  await eventually(() => expect(summaryIn(second, copy.id)).toMatchObject({ run: { name: 'cub (copy)' } }))
  expect((await openRun(second.lab, id)).run).toMatchObject({ name: 'cub', notes: 'from the other tab' })
  expect((await openRun((await tab(name)).lab, id)).run).toMatchObject({ name: 'cub', notes: 'from the other tab' })
})

test('a run that is deleted where it is trained stays whole where it is looked at; undone, it is handed over', async () => {
  const { first, second, id } = await twoTabs()
  const options = { prompt: 'the ', max_tokens: 5, temperature: 1, top_k: 0, top_p: 1, seed: 3, stop: [] }
  const deleted = second.heard((e) => e.type === 'notice' && /deleted in another tab/.test(e.mark.text))
  await first.lab.kept.delete(id)
  await deleted
  await new Promise((resolve) => setTimeout(resolve, 1000))
  expect(openIn(second)).toMatchObject({ run: { id } })
  expect((await second.lab.chat.generate(options, () => undefined)).reason).toBe('length')
  expect(second.events.filter((e) => e.type === 'run' && e.event.type === 'notice')).toHaveLength(1)
  await first.lab.kept.restore(id)
  await eventually(() => expect(openIn(second)).toMatchObject({ readOnly: null, run: { id, step: 3 } }))
  await second.lab.run.step()
})

test('a run that another tab has open is not deleted, and stays open to be looked at', async () => {
  const { second, id } = await twoTabs()
  await expect(second.lab.kept.delete(id)).rejects.toThrow(/Close it there, then delete it/)
  expect(openIn(second)).toMatchObject({ run: { id } })
})

test('a new tab opens the run of last time only where nobody has it', async () => {
  const { name, first, id } = await twoTabs()
  const third = await tab(name)
  await third.lab.run.openIfFree(id)
  expect(openIn(third)).toBeUndefined()
  await first.lab.run.close()
  const fourth = await withRun(disk())
  await fourth.lab.run.close()
  await fourth.lab.run.openIfFree(fourth.id)
  expect(openIn(fourth)).toMatchObject({ readOnly: null })
})

test('a run that is closed is not taken over', async () => {
  const { first, second, id } = await twoTabs()
  await second.lab.run.close()
  await first.lab.run.close()
  const end = first.heard(status('finished'))
  await openRun(first.lab, id)
  await first.lab.run.start()
  await end
  expect(openIn(second)).toBeNull()
})
