// Groups of calls that are loaded when the first of them comes: in order, again after a failure, and begun before they are cancelled.
import { expect, test } from 'vitest'
import { LaterGroups } from '../../src/worker/later'

function file() {
  let come!: () => void
  let fail!: (error: Error) => void
  const there = new Promise<void>((resolve, reject) => {
    come = resolve
    fail = reject
  })
  return { there, come, fail }
}

/** A group whose file comes when `come` of it is called, and what was called of it. */
function group(groups: LaterGroups) {
  const called: number[] = []
  const files = [file()]
  let loads = 0
  const calls = groups.group(async () => {
    await files[loads++]!.there
    return { call: (value: number) => Promise.resolve(called.push(value)) }
  })
  return { calls, called, files, loads: () => loads }
}

test('calls wait for their file in order, and it is loaded once', async () => {
  const { calls, called, files, loads } = group(new LaterGroups())
  const answers = [calls.call(1), calls.call(2)]
  expect(called).toEqual([])
  files[0]!.come()
  expect(await Promise.all(answers)).toEqual([1, 2])
  // Once it is there, a call begins at once.
  void calls.call(3)
  expect(called).toEqual([1, 2, 3])
  expect(loads()).toBe(1)
})

test('a file that could not be loaded is tried again with the next call', async () => {
  const groups = new LaterGroups()
  const { calls, called, files } = group(groups)
  const first = calls.call(1)
  files[0]!.fail(new Error('no network'))
  await expect(first).rejects.toThrow('no network')
  files.push(file(), file())
  const all = groups.loadAll()
  files[1]!.fail(new Error('no network'))
  await all
  files[2]!.come()
  await calls.call(2)
  expect(called).toEqual([2])
})

test('calls have begun before what waits for them goes on', async () => {
  const groups = new LaterGroups()
  const { calls, called, files } = group(groups)
  void calls.call(1)
  const begun = groups.begun().then(() => called.push(0))
  files[0]!.come()
  await begun
  expect(called).toEqual([1, 0])
})
