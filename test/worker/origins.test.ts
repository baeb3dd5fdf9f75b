// A run that comes from another says from which and from which step; stars and curves of kept runs.
import { expect, test } from 'vitest'
import type { LabEvent, RunSummary } from '../../src/worker/protocol'
import { disk, fromPage, openBest, restart, tab, withRun } from './lab_env'

const told = (events: LabEvent[], name: string): RunSummary | undefined =>
  events.flatMap((event) => (event.type === 'kept' && event.run.name === name ? [event.run] : [])).at(-1)

test('restarts, forks, copies and files say where they came from, after a reload too', async () => {
  const name = disk()
  const { lab, events, id } = await withRun(name)
  for (let i = 0; i < 4; i++) await lab.run.step()
  await lab.run.save()
  const { config } = told((lab.flush(), events), 'fox')!
  expect(told(events, 'fox')?.origin).toBeNull()
  expect((await restart(lab, { weights: 'same', config, name: 'again' })).run.origin).toEqual({
    how: 'restart',
    run: id,
    name: 'fox',
    step: 4,
  })
  expect((await restart(lab, { weights: 'new', config, name: 'anew' })).run.origin).toBeNull()
  await lab.run.fork({ run: id, step: 2 }, 'forked')
  const copy = await lab.kept.duplicate(id)
  expect(copy.origin).toEqual({ how: 'copy', run: id, name: 'fox', step: 4 })
  const { bytes } = await lab.kept.export(id)
  const file = await lab.kept.import(bytes.buffer)
  expect(file.origin).toEqual({ how: 'file', run: null, name: 'fox', step: 4 })
  await lab.run.close()
  const second = await tab(name)
  const { runs } = await second.lab.open('cpu')
  const of = (wanted: string) => runs.find((run) => run.name === wanted)?.origin
  expect(of('again')).toEqual({ how: 'restart', run: id, name: 'fox', step: 4 })
  expect(of('forked')).toEqual({ how: 'fork', run: id, name: 'fox', step: 2 })
})

test('a fork of the model that comes with the page has no run before it', async () => {
  const { lab, events } = await tab(disk(), 'auto', undefined, fromPage)
  const last = (await lab.look.frames(null)).at(-1)!.step
  await lab.run.fork({ run: null, step: last }, 'mine')
  const opened = events.findLast((event) => event.type === 'open')
  expect(opened?.open?.run.origin).toMatchObject({ how: 'fork', run: null, step: last })
})

test('a star on the open run stays as it trains on, and its curve is told as it is now', async () => {
  const { lab, events, id } = await withRun(disk())
  for (let i = 0; i < 3; i++) await lab.run.step()
  await lab.kept.star(id, true)
  await lab.run.step()
  await lab.run.save()
  lab.flush()
  expect(told(events, 'fox')).toMatchObject({ starred: true, step: 4 })
  expect(told(events, 'fox')?.train_loss).toBeGreaterThan(0)
  expect((await lab.kept.curve(id)).step).toEqual([1, 2, 3, 4])
  await lab.run.close()
  expect((await lab.kept.curve(id)).step).toEqual([1, 2, 3, 4])
  await expect(lab.kept.curve('nobody')).rejects.toThrow('not kept any more')
})

test('the best state of a run that goes on as a copy says so', async () => {
  const { lab, id } = await withRun(disk(), { eval_interval: 2, max_iters: 4, warmup_iters: 0 })
  for (let i = 0; i < 4; i++) await lab.run.step()
  const { run } = await openBest(lab, 'best')
  expect(run.origin).toMatchObject({ how: 'copy', run: id, name: 'fox' })
})
