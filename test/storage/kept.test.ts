// What is kept, under every kind of trouble: a profile that an older page left, records of a newer one, single flipped bits, texts that
// several runs need, what is left over, and a database that does not answer.
import 'fake-indexeddb/auto'
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { unzipSync } from 'fflate'
import { createStore, del, entries, get, keys, set } from 'idb-keyval'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { StorageRefusedError } from '../../src/errors'
import { openStore, transact } from '../../src/storage/database'
import { encodeCheckpoint } from '../../src/storage/checkpoint'
import { bareTextKey, checkpointKey, needKey, openKey, pieceKey, runKey, sharedKey } from '../../src/storage/keys'
import { readRun, writeRun } from '../../src/storage/record'
import { newRecord } from '../../src/storage/run_record'
import { RunStore } from '../../src/storage/runs'
import type { RunRecord } from '../../src/storage/schema'
import { seal, unseal } from '../../src/storage/sealed'
import { TEXT, tinyCheckpoint, tinyHistory, tinyProgress, tinySpec } from './tiny'

let name = ''
let store: RunStore
beforeEach(() => {
  name = `test-${Math.random()}`
  store = new RunStore(name)
})
afterEach(() => vi.restoreAllMocks())

const raw = () => createStore(name, 'kept')
const reloaded = () => new RunStore(name)
const inside = async () => (await keys(raw())).map(String).sort()

async function grown(...steps: number[]): Promise<RunRecord> {
  let run = newRecord(tinySpec, 100)
  for (const step of steps) run = await store.save(run, TEXT, tinyProgress(step))
  return run
}
const flipped = (bytes: Uint8Array, bit: number) => {
  const copy = bytes.slice()
  copy[bit >> 3]! ^= 1 << (bit & 7)
  return copy
}
const bytesAt = async (key: IDBValidKey[]) => (await get<Uint8Array>(key, raw()))!
/** A record as a later version would write it. */
const newer = (bytes: Uint8Array) => {
  const { tensors, metadata } = unseal(bytes)
  return seal(tensors, new Map([...metadata, ['version', '3']]))
}

describe('a profile that the page left before there were seals and pieces', () => {
  interface Dump {
    databases: { glasshouse: { stores: { kept: { key: IDBValidKey; value: unknown }[] } } }
  }
  /** Typed arrays were written as base64, numbers that JSON lacks by name. */
  function revived(_: string, value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value
    const { $u8, $f64, $number } = value as Record<string, string | undefined>
    if ($u8 !== undefined) return new Uint8Array(Buffer.from($u8, 'base64'))
    if ($f64 !== undefined) return new Float64Array(new Uint8Array(Buffer.from($f64, 'base64')).buffer)
    return $number === undefined ? value : Number($number)
  }
  const { databases } = JSON.parse(
    gunzipSync(readFileSync('test/fixtures/profile_v1.json.gz')).toString(),
    revived,
  ) as Dump
  const { kept } = databases.glasshouse.stores
  const fingerprint = kept.map(({ key }) => key as string[]).find(([kind]) => kind === 'text')![1]!

  beforeEach(async () => {
    for (const { key, value } of kept) await set(key, value, raw())
  })

  test('opens whole: both runs, with weights, curve, samples, notes and text', async () => {
    const { runs, unreadable } = await store.list()
    expect(unreadable).toEqual([])
    expect(runs.map(({ spec, notes, status }) => [spec.name.endsWith('(copy)'), notes, status])).toEqual([
      [true, 'the first one', 'finished'],
      [false, 'the first one', 'finished'],
    ])
    for (const run of runs) {
      const { checkpoint, history, text, damage } = await store.load(run.id)
      expect(damage).toEqual([])
      expect(checkpoint?.meta.step).toBe(60)
      expect([history.steps.length, history.evals.length, history.samples.length]).toEqual([60, 4, 4])
      expect(text).toMatch(/^the cat sat on the mat/)
    }
  })

  test('becomes today’s with the first save, and nothing of it is left or lost', async () => {
    const [copy, first] = (await store.list()).runs
    const { checkpoint, history, text } = await store.load(first!.id)
    const saved = await store.save(first!, text, { ...tinyProgress(0), latest: checkpoint, history })
    expect(saved.history).toEqual({ steps: [], evals: [], samples: [], events: [] })
    const back = await reloaded().load(first!.id)
    expect([back.checkpoint, back.text, back.history.packed()]).toEqual([checkpoint, text, history.packed()])
    expect(back.record.notes).toBe('the first one')
    expect(await inside()).toContain(String(needKey('text', fingerprint, first!.id)))
    expect(await inside()).not.toContain(String(['history', first!.id]))
    // The other run still has the text as it was.
    await store.delete(first!.id)
    expect((await reloaded().load(copy!.id)).text).toBe(text)
    await store.delete(copy!.id)
    expect(await inside()).toEqual([])
  })

  test('a rename and a copy work on it as it is', async () => {
    const [, first] = (await store.list()).runs
    await store.rename(first!.id, 'renamed')
    const copy = await store.duplicate(first!.id, 'another')
    for (const id of [first!.id, copy.id]) {
      const { history, text, checkpoint } = await reloaded().load(id)
      expect([history.steps.length, text?.length, checkpoint?.meta.step]).toEqual([60, 3600, 60])
    }
  })
})

describe('what this page does not understand', () => {
  test('keeps its text when the last readable run on it is deleted; deleted too, nothing is left', async () => {
    const mine = await grown(10)
    const other = await grown(10)
    await set(runKey(other.id), newer(await bytesAt(runKey(other.id))), raw())
    await store.delete(mine.id)
    expect(await inside()).toContain(String(sharedKey('text', tinySpec.corpus.fingerprint)))
    await store.delete(other.id)
    expect(await inside()).toEqual([])
  })

  test('a record that does not even say what it needs keeps every text', async () => {
    const mine = await grown(10)
    await set(runKey('strange'), { from: 'the future', id: 'strange' }, raw())
    await store.delete(mine.id)
    expect(await inside()).toEqual([String(runKey('strange')), String(sharedKey('text', tinySpec.corpus.fingerprint))])
    await store.free()
    expect(await inside()).toHaveLength(2)
  })

  test('is named with its size and its reason, leaves the browser as it is, and can be deleted and brought back', async () => {
    const run = await grown(10)
    await store.rename(run.id, 'from tomorrow')
    const bytes = newer(await bytesAt(runKey(run.id)))
    await set(runKey(run.id), bytes, raw())
    const { runs, unreadable } = await store.list()
    expect(runs).toEqual([])
    expect(unreadable).toMatchObject([{ id: run.id, name: 'from tomorrow', isNewer: true }])
    expect(unreadable[0]!.why).toMatch(/written by a newer page/)
    expect(unreadable[0]!.size_bytes).toBeGreaterThan(bytes.length)
    await expect(store.rename(run.id, 'x')).rejects.toThrow(/newer page/)
    await expect(store.save(run, TEXT, tinyProgress(20))).rejects.toThrow(/newer page/)
    expect(await bytesAt(runKey(run.id))).toEqual(bytes)
    const files = unzipSync(await store.exportRaw(run.id))
    expect(Object.keys(files).sort()).toEqual([
      'checkpoint-1.safetensors',
      'history-open.safetensors',
      'run.safetensors',
    ])
    expect(files['run.safetensors']).toEqual(bytes)
    await store.delete(run.id)
    expect(await inside()).toEqual([])
    expect(await store.restore(run.id)).toBeNull()
    expect((await store.list()).unreadable).toHaveLength(1)
  })

  test('fields that a later version added stay through a rename, a note, a save and a copy', async () => {
    const run = await grown(10)
    const record = readRun(run.id, await bytesAt(runKey(run.id)))
    const spec = { ...record.spec, colour: 'green', config: { ...record.spec.config, heat: 4 } }
    await set(runKey(run.id), writeRun({ ...record, spec, stars: 3 } as RunRecord), raw())
    const opened = (await store.list()).runs[0]!
    await store.rename(run.id, 'renamed')
    await store.note(run.id, 'noted')
    await store.save(opened, TEXT, { ...tinyProgress(20), latest: tinyCheckpoint(20, opened.spec) })
    const copy = await store.duplicate(run.id, 'copy')
    for (const id of [run.id, copy.id])
      expect((await store.load(id)).record).toMatchObject({
        stars: 3,
        notes: 'noted',
        spec: { colour: 'green', config: { heat: 4 } },
      })
  })

  test('a record under another’s key is the run of that key', async () => {
    const run = await grown(10)
    await set(runKey('pasted'), await bytesAt(runKey(run.id)), raw())
    const pasted = (await store.list()).runs.find(({ id }) => id === 'pasted')!
    expect((await store.save(pasted, TEXT, tinyProgress(30))).id).toBe('pasted')
    expect((await reloaded().load('pasted')).checkpoint).toEqual(tinyCheckpoint(30))
  })
})

describe('one flipped bit', () => {
  test('anywhere in a checkpoint: it is named, and the one before is taken', async () => {
    const run = await grown(10, 20)
    const key = checkpointKey(run.id, run.kept.latest!.serial)
    const whole = await bytesAt(key)
    for (let bit = 3; bit < whole.length * 8; bit += 1009) {
      await set(key, flipped(whole, bit), raw())
      const { checkpoint, damage } = await reloaded().load(run.id)
      expect([checkpoint?.meta.step, damage.length], `bit ${bit}`).toEqual([10, 1])
      expect(damage[0]).toMatch(/^The checkpoint of step 20 is damaged/)
    }
  })

  test('in a record: it is made again from the checkpoints, and says so; the next save keeps all', async () => {
    const run = await grown(10, 20)
    await set(runKey(run.id), flipped(await bytesAt(runKey(run.id)), 4001), raw())
    expect((await store.list()).runs).toMatchObject([{ id: run.id, status: 'paused', kept: { latest: { step: 20 } } }])
    const back = await reloaded().load(run.id)
    expect(back.damage).toMatchObject([expect.stringMatching(/record of this run was damaged.*checkpoint of step 20/)])
    expect([back.checkpoint, back.text]).toEqual([tinyCheckpoint(20), TEXT])
    expect(back.history.packed()).toEqual(tinyHistory(20).packed())
    await store.save(back.record, TEXT, tinyProgress(30))
    expect((await reloaded().load(run.id)).damage).toEqual([])
  })

  test('in a record without a checkpoint that is sound: it is named, with what is wrong', async () => {
    const run = await grown(10)
    await set(runKey(run.id), flipped(await bytesAt(runKey(run.id)), 4001), raw())
    await del(checkpointKey(run.id, 1), raw())
    const { runs, unreadable } = await store.list()
    expect([runs, unreadable]).toMatchObject([[], [{ id: run.id, name: null, isNewer: false }]])
    expect(unreadable[0]!.why).toMatch(/checksum does not fit|header is not JSON/)
  })

  test('in the text: the run opens without it and says so; the same text given again mends it', async () => {
    const run = await grown(10)
    const key = sharedKey('text', tinySpec.corpus.fingerprint)
    await set(key, flipped(await bytesAt(key), 3001), raw())
    const { text, damage } = await store.load(run.id)
    expect([text, damage]).toEqual([null, [expect.stringMatching(/^The run’s text is damaged/)]])
    await grown(10)
    expect((await reloaded().load(run.id)).text).toBe(TEXT)
    // Its own next save mends it too, where the text is still in memory.
    await set(key, flipped(await bytesAt(key), 3001), raw())
    await store.load(run.id)
    await store.save(run, TEXT, tinyProgress(20))
    expect((await reloaded().load(run.id)).damage).toEqual([])
  })

  test('in what a piece of the history says of itself, or another part in its place: that part is left out and named', async () => {
    const run = await grown(600)
    const key = pieceKey(run.id, 'steps', 0)
    const whole = await bytesAt(key)
    const { tensors, metadata } = unseal(whole)
    const strangers = ['null', '7', '{"list":"steps","level":1}'].map((meta) =>
      seal(tensors, new Map([...metadata, ['meta', meta]])),
    )
    for (const stranger of [...strangers, await bytesAt(openKey(run.id))]) {
      await set(key, stranger, raw())
      const { history, damage } = await reloaded().load(run.id)
      expect([history.steps.length, damage]).toEqual([88, [expect.stringMatching(/^Part 1 of 1 \(steps\)/)]])
    }
    await set(key, whole, raw())
    await set(openKey(run.id), whole, raw())
    const { history, damage } = await reloaded().load(run.id)
    expect([history.steps.length, damage]).toEqual([512, [expect.stringMatching(/^The newest part/)]])
  })

  test('and a checkpoint of another run at the same step is no checkpoint of this one', async () => {
    const run = await grown(10, 20)
    const other = tinyCheckpoint(20)
    const [weights] = other.tensors.values()
    weights!.data[0] = 3
    await set(checkpointKey(run.id, run.kept.latest!.serial), encodeCheckpoint(other), raw())
    const { checkpoint, damage } = await reloaded().load(run.id)
    expect([checkpoint, damage]).toEqual([
      tinyCheckpoint(10),
      [expect.stringMatching(/not the one that was saved here/)],
    ])
  })

  test('in the newest part of the history: what came before stays', async () => {
    const run = await grown(10)
    await set(openKey(run.id), flipped(await bytesAt(openKey(run.id)), 3001), raw())
    const { history, damage, record } = await store.load(run.id)
    expect([history.steps.length, damage.length]).toEqual([0, 1])
    await store.save(record, TEXT, { ...tinyProgress(10), history })
    expect((await reloaded().load(run.id)).damage).toEqual([])
  })
})

describe('what takes space', () => {
  test('is named, and adds up to all there is', async () => {
    const run = await grown(10, 20)
    const space = await store.space()
    expect(space.map(({ what, name, runs }) => [what, name, runs])).toEqual([
      ['run', 'tiny', 0],
      ['text', 'letters', 1],
    ])
    const all = (await entries<IDBValidKey, unknown>(raw())).filter(([, value]) => value instanceof Uint8Array)
    const bytes = all.reduce((sum, [, value]) => sum + (value as Uint8Array).length, 0)
    expect(space.reduce((sum, { size_bytes }) => sum + size_bytes, 0)).toBe(bytes)
    expect(space[0]!.id).toBe(run.id)
  })

  test('what no run needs may go, and nothing else', async () => {
    const run = await grown(10)
    const before = await inside()
    await set(checkpointKey(run.id, 77), new Uint8Array(5), raw())
    await set(checkpointKey('gone', 1), new Uint8Array(6), raw())
    await set(bareTextKey('f'.repeat(64)), new Uint8Array(7), raw())
    expect(await store.space()).toContainEqual({ what: 'unused', id: '', name: null, size_bytes: 18, runs: 0 })
    await store.free()
    expect(await inside()).toEqual(before)
    expect((await store.load(run.id)).damage).toEqual([])
  })
})

describe('a database that does not answer', () => {
  test('is given up, and what was refused does not happen later', async () => {
    let answer = () => {}
    vi.spyOn(indexedDB, 'open').mockImplementationOnce((...given) => {
      const real = IDBFactory.prototype.open.apply(indexedDB, given)
      const late = new Promise<void>((resolve) => (answer = resolve))
      return new Proxy(real, {
        get: (target, key) => Reflect.get(target, key) as unknown,
        set: (target, key, value: (event: Event) => void) =>
          Reflect.set(target, key, key === 'onsuccess' ? (event: Event) => void late.then(() => value(event)) : value),
      })
    })
    const use = openStore(`silent-${name}`, 'kept', 30)
    const write = vi.fn((s: IDBObjectStore) => Promise.resolve(void s.put(1, 'x')))
    await expect(transact(use, 'readwrite', write)).rejects.toThrow(StorageRefusedError)
    answer()
    expect(await transact(use, 'readonly', (s) => Promise.resolve(s.name))).toBe('kept')
    expect(write).not.toHaveBeenCalled()
  })
})
