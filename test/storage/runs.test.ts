// The kept runs on an IndexedDB made of plain objects: what is written comes back, a write that is killed at any request leaves
// the old or the new, a full disk damages nothing, damage falls back to what is sound.
import 'fake-indexeddb/auto'
import { createStore, get, keys, set } from 'idb-keyval'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { CheckpointError, StorageFullError } from '../../src/errors'
import type { Checkpoint } from '../../src/words/run'
import { encodeCheckpoint } from '../../src/storage/checkpoint'
import { checkpointsOf, newRecord } from '../../src/storage/run_record'
import { RunStore } from '../../src/storage/runs'
import type { RunRecord } from '../../src/storage/schema'
import { TEXT, tinyCheckpoint, tinyHistory, tinyProgress, tinySpec } from './tiny'

let name = ''
let store: RunStore
beforeEach(() => {
  name = `test-${Math.random()}`
  store = new RunStore(name)
})
afterEach(() => vi.restoreAllMocks())

const raw = () => createStore(name, 'kept')

async function grown(...steps: number[]): Promise<RunRecord> {
  let run = newRecord(tinySpec, 100)
  for (const step of steps) run = await store.save(run, TEXT, tinyProgress(step))
  return run
}
const stepsOf = ({ kept }: RunRecord) => [kept.latest?.step, kept.previous?.step, kept.best?.step]
/** Another tab, or the same one after a reload. */
const reloaded = () => new RunStore(name)
const keysInside = async () => (await keys(raw())).map(String).sort()

describe('a run that is kept', () => {
  test('comes back after a reload, bit for bit', async () => {
    const run = await grown(20)
    const back = await reloaded().load(run.id)
    expect(back).toEqual({
      record: run,
      checkpoint: tinyCheckpoint(20),
      history: tinyHistory(20),
      text: TEXT,
      damage: [],
    })
    expect((await reloaded().list()).runs).toEqual([run])
  })

  test('keeps the latest, the one before, and the best', async () => {
    let run = await grown(10)
    expect(stepsOf(run)).toEqual([10, undefined, undefined])
    run = await store.save(run, TEXT, tinyProgress(20, { best: tinyCheckpoint(15) }))
    expect(stepsOf(run)).toEqual([20, 10, 15])
    run = await store.save(run, TEXT, tinyProgress(30))
    expect(stepsOf(run)).toEqual([30, 20, 15])
    run = await store.save(run, TEXT, tinyProgress(40, { best: tinyCheckpoint(40) }))
    expect(stepsOf(run)).toEqual([40, 30, 40])
    expect(checkpointsOf(run)).toHaveLength(2)
    run = await store.save(run, TEXT, tinyProgress(50))
    expect(stepsOf(run)).toEqual([50, 40, 40])
    run = await store.save(run, TEXT, tinyProgress(60))
    expect(stepsOf(run)).toEqual([60, 50, 40])
    // Nothing else is left on the disk.
    const checkpoints = (await keysInside()).filter((key) => key.startsWith('checkpoint'))
    expect(checkpoints).toEqual(
      checkpointsOf(run)
        .map(({ serial }) => `checkpoint,${run.id},${serial}`)
        .sort(),
    )
  })

  test('the same step written again replaces itself and not the one before', async () => {
    let run = await grown(10, 20)
    run = await store.save(run, TEXT, tinyProgress(20))
    expect(stepsOf(run)).toEqual([20, 10, undefined])
  })

  test('without a checkpoint, status and history move and the checkpoints stay', async () => {
    const run = await grown(10, 20)
    const failed = await store.save(run, TEXT, tinyProgress(25, { latest: null, status: 'failed', reason: 'NaN' }))
    expect(failed.kept).toEqual(run.kept)
    const back = await reloaded().load(run.id)
    expect(back.record).toMatchObject({ status: 'failed', reason: 'NaN' })
    // What came after the checkpoint will be trained again.
    expect(back.history.steps).toHaveLength(20)
  })

  test('takes a live change of the config from the checkpoint, and keeps name and notes as they were set', async () => {
    const run = await grown(10)
    await reloaded().rename(run.id, 'renamed')
    await reloaded().note(run.id, 'a note')
    const spec = { ...tinySpec, prompt: 'b', config: { ...tinySpec.config, learning_rate: 5e-4 } }
    const saved = await store.save(run, TEXT, tinyProgress(20, { latest: tinyCheckpoint(20, spec) }))
    expect(saved.spec).toEqual({ ...spec, name: 'renamed' })
    expect(saved.notes).toBe('a note')
  })

  test('several runs live side by side, the last changed first; one text is kept once', async () => {
    vi.spyOn(Date, 'now').mockReturnValueOnce(1).mockReturnValueOnce(2)
    const first = await grown(10)
    vi.spyOn(Date, 'now').mockReturnValueOnce(3).mockReturnValueOnce(4)
    const second = await grown(10)
    expect((await store.list()).runs.map(({ id }) => id)).toEqual([second.id, first.id])
    expect((await keysInside()).filter((key) => key.startsWith('shared'))).toHaveLength(1)
  })

  test('two stores on one database see each other', async () => {
    const other = reloaded()
    const run = await grown(10)
    await other.save(run, TEXT, tinyProgress(20))
    expect((await store.load(run.id)).checkpoint?.meta.step).toBe(20)
  })
})

describe('duplicate, delete, restore', () => {
  test('a duplicate has everything and is a run of its own', async () => {
    const run = await grown(10, 20)
    const copy = await store.duplicate(run.id, 'copy')
    expect(copy.id).not.toBe(run.id)
    await store.delete(run.id)
    const back = await reloaded().load(copy.id)
    expect(back.record.spec.name).toBe('copy')
    expect(back.checkpoint).toEqual(tinyCheckpoint(20))
    expect(back.history.packed()).toEqual(tinyHistory(20).packed())
    expect(back.text).toBe(TEXT)
  })

  test('of its best step alone, it is the run as it was then', async () => {
    const run = await grown(10, 20, 30)
    await store.save(run, TEXT, { ...tinyProgress(40), best: tinyCheckpoint(25) })
    const copy = await store.duplicate(run.id, 'best', 'best')
    expect(copy).toMatchObject({ status: 'paused', reason: null, kept: { latest: { step: 25 }, previous: null } })
    await store.delete(run.id)
    const back = await reloaded().load(copy.id)
    expect(back.checkpoint).toEqual(tinyCheckpoint(25))
    expect(back.history.steps.packed()).toEqual(tinyHistory(25).steps.packed())
  })

  test('a run whose best step is not kept has no such duplicate', async () => {
    const run = await grown(10)
    await expect(store.duplicate(run.id, 'best', 'best')).rejects.toThrow(/best step/)
  })

  test('a deleted run leaves nothing behind, and can be brought back', async () => {
    const run = await grown(10, 20)
    await store.delete(run.id)
    expect(await keysInside()).toEqual([])
    await expect(store.load(run.id)).rejects.toThrow(/not kept any more/)
    await store.restore(run.id)
    const back = await reloaded().load(run.id)
    expect(back).toEqual({
      record: run,
      checkpoint: tinyCheckpoint(20),
      history: tinyHistory(20),
      text: TEXT,
      damage: [],
    })
  })

  test('a text stays while another run was grown from it', async () => {
    const run = await grown(10)
    const other = await grown(10)
    await store.delete(run.id)
    expect((await store.load(other.id)).text).toBe(TEXT)
    await store.delete(other.id)
    await store.restore(run.id)
    expect((await store.load(run.id)).text).toBe(TEXT)
  })

  test('what another tab deleted cannot be brought back here', async () => {
    const run = await grown(10)
    await store.delete(run.id)
    await expect(reloaded().restore(run.id)).rejects.toThrow(CheckpointError)
  })

  test.each(['rename', 'note', 'duplicate'] as const)('%s of a run that is gone', async (method) => {
    await expect(store[method]('gone', 'x')).rejects.toThrow(/not kept any more/)
  })
})

/** Lets `allowed` writes of the next transaction through and does something at the one after them. Returns how many there were. */
function atWrite(allowed: number, what: (store: IDBObjectStore) => void): () => number {
  let count = 0
  const { put, delete: remove } = IDBObjectStore.prototype
  vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, value, key) {
    if (count++ === allowed) what(this)
    return put.call(this, value, key)
  })
  vi.spyOn(IDBObjectStore.prototype, 'delete').mockImplementation(function (this: IDBObjectStore, key) {
    if (count++ === allowed) what(this)
    return remove.call(this, key)
  })
  return () => count
}

const killed = (s: IDBObjectStore) => {
  s.transaction.abort()
  throw new DOMException('killed', 'AbortError')
}
/** How browsers tell that the disk is full: at once, or while or after they write, by ending the transaction. */
const full = {
  'at once': () => {
    throw new DOMException('no room', 'QuotaExceededError')
  },
  later: (s: IDBObjectStore) =>
    queueMicrotask(() => Reflect.apply(Reflect.get(s.transaction, '_abort'), s.transaction, ['QuotaExceededError'])),
}

describe('a write that does not finish', () => {
  test('killed at any request, it leaves the old state whole; finished, the new', async () => {
    const run = await grown(10, 20)
    const before = await keysInside()
    for (let allowed = 0; ; allowed++) {
      const writes = atWrite(allowed, killed)
      const outcome = store.save(run, TEXT, tinyProgress(30, { best: tinyCheckpoint(25) }))
      const failed = await outcome.then(
        () => false,
        () => true,
      )
      const reached = writes()
      vi.restoreAllMocks()
      if (!failed) {
        // Two checkpoints, history and record in; one checkpoint out.
        expect(reached).toBe(5)
        break
      }
      expect(await keysInside()).toEqual(before)
      const back = await reloaded().load(run.id)
      expect(back).toEqual({
        record: run,
        checkpoint: tinyCheckpoint(20),
        history: tinyHistory(20),
        text: TEXT,
        damage: [],
      })
    }
    const back = await reloaded().load(run.id)
    expect(back.checkpoint).toEqual(tinyCheckpoint(30))
    expect(back.history.packed()).toEqual(tinyHistory(30).packed())
    expect(stepsOf(back.record)).toEqual([30, 20, 25])
  })

  test('the first save of a run, killed, leaves nothing', async () => {
    for (let allowed = 0; allowed < 5; allowed++) {
      atWrite(allowed, killed)
      await expect(grown(0)).rejects.toThrow()
      vi.restoreAllMocks()
      expect(await keysInside()).toEqual([])
    }
    await grown(0)
    // The record, a checkpoint, the history's open ends, the text and who needs it.
    expect(await keysInside()).toHaveLength(5)
  })

  test('a delete that is killed deletes nothing', async () => {
    const run = await grown(10, 20)
    const before = await keysInside()
    for (let allowed = 0; allowed < 5; allowed++) {
      atWrite(allowed, killed)
      await expect(store.delete(run.id)).rejects.toThrow()
      vi.restoreAllMocks()
      expect(await keysInside()).toEqual(before)
    }
  })

  describe.each(['at once', 'later'] as const)('a disk that is full, said %s', (when) => {
    test.each([0, 1, 2, 3])('at write %d: StorageFullError, the old state whole', async (allowed) => {
      const run = await grown(10, 20)
      atWrite(allowed, full[when])
      const saved = store.save(run, TEXT, tinyProgress(30))
      await expect(saved).rejects.toThrow(StorageFullError)
      await expect(saved).rejects.toThrow(
        /15 kB more were needed.*Nothing that was saved before is damaged.*Delete runs/,
      )
      vi.restoreAllMocks()
      expect((await reloaded().load(run.id)).checkpoint).toEqual(tinyCheckpoint(20))
      // The run goes on, and the next save, with room again, is whole.
      await store.save(run, TEXT, tinyProgress(40))
      expect((await reloaded().load(run.id)).checkpoint).toEqual(tinyCheckpoint(40))
    })

    test('while a run is duplicated', async () => {
      const run = await grown(10)
      const before = await keysInside()
      atWrite(0, full[when])
      await expect(store.duplicate(run.id, 'copy')).rejects.toThrow(StorageFullError)
      expect(await keysInside()).toEqual(before)
    })
  })
})

describe('damage', () => {
  const damaged = async (id: string, serial: number, bytes: (whole: Uint8Array) => unknown) => {
    const key = ['checkpoint', id, serial]
    const whole: unknown = await get(key, raw())
    if (!(whole instanceof Uint8Array)) throw new Error('no checkpoint there')
    await set(key, bytes(whole), raw())
  }
  const nan = (whole: Uint8Array) => {
    const bytes = whole.slice()
    new DataView(bytes.buffer).setFloat32(bytes.length - 4, NaN, true)
    return bytes
  }

  test.each([
    ['cut short', (whole: Uint8Array) => whole.slice(0, 500)],
    ['NaN', nan],
    ['not bytes', () => 'text'],
    ['gone', () => undefined],
    ['empty', () => new Uint8Array()],
    ['of another step', () => encodeCheckpoint(tinyCheckpoint(15))],
  ])('%s: the one before takes over and the history goes back to it', async (_, damage) => {
    const run = await grown(10, 20)
    await damaged(run.id, run.kept.latest?.serial ?? 0, damage)
    const tab = reloaded()
    const back = await tab.load(run.id)
    expect(back.checkpoint).toEqual(tinyCheckpoint(10))
    expect(back.history.steps).toHaveLength(10)
    expect(back.damage).toHaveLength(1)
    expect(back.damage[0]).toMatch(/^The checkpoint of step 20 is damaged\. ./)
    // The damaged one does not become the previous one.
    const next = await tab.save(back.record, TEXT, tinyProgress(25))
    expect(stepsOf(next)).toEqual([25, 10, undefined])
    expect(await keysInside()).not.toContain(`checkpoint,${run.id},${run.kept.latest?.serial}`)
  })

  test('of the latest two: the best takes over; of all: nothing, and it says so', async () => {
    let run = await grown(10, 20)
    run = await store.save(run, TEXT, tinyProgress(30, { best: tinyCheckpoint(25) }))
    await damaged(run.id, run.kept.latest?.serial ?? 0, nan)
    await damaged(run.id, run.kept.previous?.serial ?? 0, nan)
    expect((await reloaded().load(run.id)).checkpoint).toEqual(tinyCheckpoint(25))
    await damaged(run.id, run.kept.best?.serial ?? 0, nan)
    const back = await reloaded().load(run.id)
    expect(back.checkpoint).toBeNull()
    expect(back.damage).toHaveLength(3)
    expect(back.record).toEqual(run)
    // What it went through can still be looked at.
    expect(back.history.packed()).toEqual(tinyHistory(30).packed())
  })

  test('of the latest, and then only a status is written: the one before is the latest', async () => {
    const run = await grown(10, 20)
    await damaged(run.id, run.kept.latest?.serial ?? 0, nan)
    const store = reloaded()
    const { record } = await store.load(run.id)
    const next = await store.save(record, TEXT, tinyProgress(10, { status: 'failed', reason: 'why', latest: null }))
    expect(stepsOf(next)).toEqual([10, undefined, undefined])
  })

  test('of the history: the weights are kept, the curve begins anew', async () => {
    const run = await grown(10)
    await set(['history', run.id, 'open'], { steps: 'none' }, raw())
    const back = await reloaded().load(run.id)
    expect(back.checkpoint).toEqual(tinyCheckpoint(10))
    expect(back.history.steps).toHaveLength(0)
    expect(back.damage[0]).toMatch(/newest part of the run’s history is damaged/)
  })
})

test('a checkpoint that is not finite is never written over a good one', async () => {
  const run = await grown(10)
  const broken: Checkpoint = tinyCheckpoint(20)
  broken.tensors.get('transformer.wte.weight')!.data[0] = NaN
  await expect(store.save(run, TEXT, tinyProgress(20, { latest: broken }))).rejects.toThrow(CheckpointError)
  expect((await reloaded().load(run.id)).record).toEqual(run)
})
