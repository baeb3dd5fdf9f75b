// What is kept of a run beside what training needs: its star, where it came from, its last training loss; and what deleting it would free.
import 'fake-indexeddb/auto'
import { createStore, get, set } from 'idb-keyval'
import { beforeEach, describe, expect, test } from 'vitest'
import { runKey } from '../../src/storage/keys'
import { readRecord, writeRecord } from '../../src/storage/record'
import { newRecord } from '../../src/storage/run_record'
import { RunStore } from '../../src/storage/runs'
import { TEXT, tinyHistory, tinyProgress, tinySpec } from './tiny'

let name = ''
let store: RunStore
beforeEach(() => {
  name = `test-${Math.random()}`
  store = new RunStore(name)
})
const raw = () => createStore(name, 'kept')
const origin = { how: 'fork', run: 'parent', name: 'The parent', step: 7 }
const reread = async (id: string) => (await new RunStore(name).list()).runs.find((run) => run.id === id)

describe('fields of a record', () => {
  test('a star, the origin and the last training loss come back, and a save keeps them', async () => {
    const run = await store.save({ ...newRecord(tinySpec, 100), origin }, TEXT, tinyProgress(20))
    const loss = 2.2 - Math.sqrt(19) / 17
    expect(await reread(run.id)).toMatchObject({ origin, train_loss: loss })
    expect((await reread(run.id))?.starred).toBeUndefined()
    await store.star(run.id, true)
    await store.save(run, TEXT, tinyProgress(30))
    expect(await reread(run.id)).toMatchObject({ origin, starred: true })
    await store.star(run.id, false)
    expect(await reread(run.id)).toMatchObject({ starred: false })
  })

  test('a star does not make a run newer, a name does', async () => {
    const run = await store.save(newRecord(tinySpec, 100), TEXT, tinyProgress(20))
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect((await store.star(run.id, true)).updated).toBe(run.updated)
    expect((await store.rename(run.id, 'x')).updated).toBeGreaterThan(run.updated)
  })

  test('an origin of a kind that only a newer page knows stays as it is', async () => {
    const run = await store.save(newRecord(tinySpec, 100), TEXT, tinyProgress(20))
    const strange = { how: 'merged', run: 'a', name: 'A', step: 3, with: 'b' }
    const { value } = readRecord('run', await get(runKey(run.id), raw()))
    await set(runKey(run.id), writeRecord('run', { ...(value as object), origin: strange }), raw())
    await store.note(run.id, 'noted')
    expect(await reread(run.id)).toMatchObject({ notes: 'noted', origin: strange })
  })

  test('a copy says what it is a copy of, and has no star', async () => {
    const run = await store.save(newRecord(tinySpec, 100), TEXT, tinyProgress(20))
    await store.star(run.id, true)
    const copy = await store.duplicate(run.id, 'second')
    expect(copy).toMatchObject({ starred: false, origin: { how: 'copy', run: run.id, name: 'tiny', step: 20 } })
  })

  test('its history is read without its weights', async () => {
    const run = await store.save(newRecord(tinySpec, 100), TEXT, tinyProgress(20))
    expect(await store.history(run.id)).toEqual(tinyHistory(20))
    await expect(store.history('nobody')).rejects.toThrow(/not kept any more/)
  })
})

test('deleting frees what a run alone needs: its text only once no other run has it', async () => {
  const run = await store.save(newRecord(tinySpec, 100), TEXT, tinyProgress(20))
  await store.keepKeyframe(run.id, 3, new Uint8Array(50), 1000)
  const find = async (id: string) => (await store.space()).find((space) => space.id === id)!
  const alone = await find(run.id)
  const text = (await store.space()).find(({ what }) => what === 'text')!
  expect(alone.parts?.steps).toBe(50)
  const { checkpoints, steps, history } = alone.parts!
  expect(checkpoints + steps + history).toBe(alone.size_bytes)
  expect(Math.min(checkpoints, history)).toBeGreaterThan(0)
  expect(alone.freed_bytes).toBe(alone.size_bytes + text.size_bytes)
  await store.duplicate(run.id, 'second')
  const shared = await find(run.id)
  expect(shared.freed_bytes).toBe(shared.size_bytes)
  // What is promised is what goes.
  const total = async () => (await store.space()).reduce((sum, { size_bytes }) => sum + size_bytes, 0)
  const before = await total()
  await store.delete(run.id)
  expect(before - (await total())).toBe(shared.freed_bytes)
})
