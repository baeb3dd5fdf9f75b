// When a run is saved: as often as its cost allows while it trains, at once when the page is about to go, whatever the clock on the
// wall says.
import { createStore, set } from 'idb-keyval'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { Session } from '../../src/train/session'
import { disk, openRun, status, tab, withRun, type Tab } from './lab_env'

afterEach(() => vi.restoreAllMocks())

/** A clock on which a step takes `step_ms` and a save `save_ms`, and the steps of which a run with 200 is saved. */
async function savedSteps(step_ms: number, save_ms: number): Promise<number[]> {
  let now = 1_000_000
  vi.spyOn(performance, 'now').mockImplementation(() => now)
  const { lab, store, heard } = await withRun(disk(), { max_iters: 200, eval_interval: 200 })
  const save = store.save.bind(store)
  const saved: number[] = []
  store.save = async (...run) => {
    now += save_ms
    saved.push(run[2].latest?.meta.step ?? -1)
    return save(...run)
  }
  const advance = Object.getOwnPropertyDescriptor(Session.prototype, 'advance')!.value as () => Promise<void>
  vi.spyOn(Session.prototype, 'advance').mockImplementation(function (this: Session) {
    now += step_ms
    return advance.call(this)
  })
  const end = heard(status('finished'))
  await lab.run.start()
  await end
  return saved
}

test('a save that costs little comes every three seconds', async () => {
  expect(await savedSteps(50, 10)).toEqual([61, 122, 183, 200])
})

test('a save that costs much takes at most a fiftieth of the time', async () => {
  // The first one tells what it costs: 100 ms, which five seconds of steps may.
  expect(await savedSteps(50, 100)).toEqual([61, 162, 200])
})

test('when the page is about to go, what is new is saved between two steps, and training goes on', async () => {
  const name = disk()
  const { lab, store, heard, id } = await withRun(name, { max_iters: 100_000, eval_interval: 100_000 })
  const save = vi.spyOn(store, 'save')
  await lab.run.save()
  expect(save).not.toHaveBeenCalled()
  const tenth = heard((e) => e.type === 'step' && e.metrics.step >= 10)
  await lab.run.start()
  await tenth
  await lab.run.save()
  const { checkpoint } = await store.load(id)
  expect(checkpoint?.meta.step).toBeGreaterThanOrEqual(10)
  const later = heard((e) => e.type === 'step' && e.metrics.step > checkpoint!.meta.step + 5)
  await later
  await lab.run.pause()
  const saves = save.mock.calls.length
  await lab.run.save()
  expect(save).toHaveBeenCalledTimes(saves)
  await lab.run.close()
  await lab.run.save()
})

test('what the disk refused is tried again when the page is about to go', async () => {
  const name = disk()
  const { lab, store, id } = await withRun(name)
  const save = store.save.bind(store)
  store.save = () => Promise.reject(new Error('busy'))
  await lab.run.step()
  store.save = save
  await lab.run.save()
  expect((await openRun((await tab(name)).lab, id)).run.step).toBe(1)
})

test('a clock that goes back by half a year changes neither when a run is saved nor what it goes on from', async () => {
  const name = disk()
  const half = 183 * 24 * 3600 * 1000
  const { now } = Date
  const { id, lab } = await withRun(name)
  await lab.run.step()
  vi.spyOn(Date, 'now').mockImplementation(() => now() - half)
  expect(await savedSteps(50, 10)).toEqual([61, 122, 183, 200])
  vi.mocked(performance.now).mockRestore()
  const again = await tab(name)
  expect((await openRun(again.lab, id)).run.step).toBe(1)
  await again.lab.run.step()
  expect((await openRun((await tab(name)).lab, id)).run.step).toBe(2)
})

describe('why a run is not saved', () => {
  const storage = ({ lab, events }: Tab) => {
    lab.flush()
    return events.findLast((e) => e.type === 'storage')
  }

  test('is told of that run alone: another record that cannot be read does not change it', async () => {
    const name = disk()
    const opened = await withRun(name)
    await opened.lab.run.step()
    await opened.lab.run.close()
    await set(['run', 'strange'], { from: 'the future' }, createStore(name, 'kept'))
    const again = await tab(name)
    await openRun(again.lab, opened.id)
    await again.lab.run.step()
    await vi.waitFor(() =>
      expect(storage(again)).toMatchObject({
        problem: null,
        list_problem: null,
      }),
    )
    expect((await again.store.list()).unreadable).toMatchObject([{ id: 'strange', isNewer: true }])
  })

  test('where the browser keeps nothing: it says so, and to export, not what the browser threw', async () => {
    vi.stubGlobal('indexedDB', {
      open() {
        throw new DOMException('The operation is insecure.', 'SecurityError')
      },
    })
    onTestFinished(() => void vi.unstubAllGlobals())
    const opened = await withRun(disk())
    const text = expect.stringMatching(
      /^This browser lets the page keep nothing \(.*\)\. .*export what you want/,
    ) as unknown
    await vi.waitFor(() =>
      expect(storage(opened)).toMatchObject({ problem: { why: 'refused', text }, list_problem: text }),
    )
    const notices = opened.events.flatMap((e) =>
      e.type === 'run' && e.event.type === 'notice' ? [e.event.mark.text] : [],
    )
    expect(notices).toEqual([expect.stringMatching(/^The run goes on, but could not be saved\. This browser lets/)])
  })
})

test('a run that is opened brings the step and the time of its newest save', async () => {
  const name = disk()
  const { lab, id, store } = await withRun(name)
  await lab.run.step()
  const { record } = await store.load(id)
  const { saved } = await openRun((await tab(name)).lab, id)
  expect(saved).toEqual({ step: 1, at: record.updated })
})
