// One tab trains a run: locks as browsers have them, played by a small manager that knows exclusive locks and giving up.
import { expect, test } from 'vitest'
import { awaitRun, lockFreeRun, lockRun } from '../../src/storage/lock'
import { Locks } from './locks'

test('the second tab does not get a run that the first has open, until it is released', async () => {
  const locks = new Locks()
  const first = await lockRun('a', locks, 20)
  expect(first).not.toBeNull()
  expect(await lockRun('a', locks, 20)).toBeNull()
  expect(await lockRun('b', locks, 20)).not.toBeNull()
  first?.release()
  expect(await lockRun('a', locks, 20)).not.toBeNull()
})

test('a tab that is reloaded waits for its former self', async () => {
  const locks = new Locks()
  const former = await lockRun('a', locks)
  setTimeout(() => former?.release(), 30)
  expect(await lockRun('a', locks)).not.toBeNull()
})

test('without locks every tab gets one', async () => {
  const first = await lockRun('a', undefined)
  expect(first).not.toBeNull()
  expect(await lockRun('a', undefined)).not.toBeNull()
})

test('where the browser denies locks every tab gets one; a manager that fails otherwise is heard of', async () => {
  const locks = new Locks()
  locks.request = () => Promise.reject(new DOMException('no', 'SecurityError'))
  expect(await lockRun('a', locks)).not.toBeNull()
  locks.request = () => Promise.reject(new DOMException('broken', 'InvalidStateError'))
  await expect(lockRun('a', locks)).rejects.toThrow('broken')
})

test('a free run is had at once, and one that is held is not waited for', async () => {
  const locks = new Locks()
  const first = await lockFreeRun('a', locks)
  expect(first).not.toBeNull()
  expect(await lockFreeRun('a', locks)).toBeNull()
  first?.release()
  await Promise.resolve()
  expect(await lockFreeRun('a', undefined)).not.toBeNull()
})

test('a tab that looks at a run gets it when the tab that has it is gone, and not when that is only reloaded', async () => {
  const locks = new Locks()
  const former = await lockRun('a', locks)
  let got = false
  const waiting = awaitRun('a', new AbortController().signal, locks, 50).finally(() => (got = true))
  const back = lockRun('a', locks)
  former?.release()
  const reloaded = await back
  expect(reloaded).not.toBeNull()
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(got).toBe(false)
  reloaded?.release()
  expect(await waiting).not.toBeNull()
})

test('of two tabs that look at a run one gets it, and a wait that is called off gets nothing and keeps nothing', async () => {
  const locks = new Locks()
  const holder = await lockRun('a', locks)
  const off = [new AbortController(), new AbortController(), new AbortController()]
  const waits = off.map(({ signal }) => awaitRun('a', signal, locks, 20))
  off[0]!.abort()
  expect(await waits[0]).toBeNull()
  holder?.release()
  const first = await Promise.race([waits[1], waits[2]])
  expect(first).not.toBeNull()
  expect(await lockFreeRun('a', locks)).toBeNull()
  first?.release()
  expect(await Promise.all([waits[1], waits[2]])).not.toContain(null)
})
