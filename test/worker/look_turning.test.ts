// Looking inside through the worker: a run whose gates are turned goes on with them and says so, every kept step is looked at with the
// gates that it had, and a text is read at the steps that are kept.
import { expect, test } from 'vitest'
import { CancelledError } from '../../src/errors'
import { decodeCheckpoint } from '../../src/storage/checkpoint'
import type { LocalLab } from '../../src/worker/lab'
import { disk, openRun, progressOf, status, tab, withRun } from './lab_env'

const OFF = { 'h.0.attn.heads': [1, 0] }
const PROBE = { slot: 'A', text: 'the quick' } as const

async function trained(steps: number) {
  const opened = await withRun(disk(), { max_iters: steps })
  const done = opened.heard(status('finished'))
  await opened.lab.run.start()
  await done
  return opened
}
const lossesNow = async (lab: LocalLab, slot: 'A' | 'B' = 'A') => [
  ...(await lab.look.ask('losses', { ...PROBE, slot })).losses,
]
const marksOf = async (lab: LocalLab, id: string) => (await openRun(lab, id)).history.events.map(({ text }) => text)

test('gates that are turned hold from the next step on, are marked and kept, and go back to 1', async () => {
  const name = disk()
  const { lab, id } = await withRun(name)
  await lab.run.step()
  await lab.run.turn(OFF)
  await lab.run.step()
  expect(decodeCheckpoint((await lab.kept.export(id)).bytes).checkpoint.meta.spec.gates).toEqual(OFF)
  // The same again tells nothing new.
  await lab.run.turn(OFF)
  await lab.run.turn({})
  expect((await openRun(lab, id)).run.gates).toEqual({})
  await lab.run.turn({ 'h.0.mlp.gate': [0.5] })
  const other = await tab(name)
  await lab.run.close()
  const { run } = await openRun(other.lab, id)
  expect(run.gates).toEqual({ 'h.0.mlp.gate': [0.5] })
  expect(await marksOf(other.lab, id)).toEqual([
    'From step 1 on: head 1 of layer 0 is at 0.',
    'From step 2 on: head 1 of layer 0 is at 1.',
    'From step 2 on: the MLP of layer 0 is at 0.5.',
  ])
})

test('gates that the model lacks are refused, and nothing changes', async () => {
  const { lab, id } = await withRun(disk())
  await expect(lab.run.turn({ 'h.5.mlp.gate': [0] })).rejects.toThrow('it has 1 layers')
  await expect(lab.run.turn({ 'wpe.gate': [0] })).rejects.toThrow('rotations (RoPE)')
  const { run, history } = await openRun(lab, id)
  expect([run.gates, history.events]).toEqual([{}, []])
})

test('a kept step is looked at with the gates that it had, and a fork goes on with them', async () => {
  const { lab, id } = await withRun(disk(), { max_iters: 40 })
  const at = { of: 'run', run: id } as const
  for (let i = 0; i < 2; i++) await lab.run.step()
  await lab.run.turn(OFF)
  await lab.run.step()
  const steps = (await lab.look.frames(id)).map(({ step }) => step)
  expect(steps).toEqual([0, 1, 2])
  const info = (step: number) => lab.look.fill('A', { ...at, step })
  expect((await info(1))!.gates).toEqual({})
  const before = await lossesNow(lab)
  expect((await info(2))!.gates).toEqual(OFF)
  await lab.look.fill('B', { ...at, step: 2 })
  expect(await lossesNow(lab)).toEqual(await lossesNow(lab, 'B'))
  // Back again in the same slot: whole, as a slot that never was at step 2.
  expect((await info(1))!.gates).toEqual({})
  expect(await lossesNow(lab)).toEqual(before)
  await lab.run.fork({ run: id, step: 1 }, 'whole')
  await lab.look.fill('A', { of: 'live' })
  expect((await lab.look.fill('A', { of: 'live' }))!.gates).toEqual({})
  await lab.run.fork({ run: id, step: 2 }, 'without')
  expect((await lab.look.fill('A', { of: 'live' }))!.gates).toEqual(OFF)
})

test('a text read at the kept steps is what a slot says at each of them', async () => {
  const { lab, id } = await trained(20)
  await lab.look.fill('A', { of: 'run', run: id, step: null })
  const { steps, losses, tokens } = await lab.look.ask('learned', PROBE)
  const kept = (await lab.look.frames(id)).map(({ step }) => step)
  expect(kept.length).toBeGreaterThan(4)
  expect(steps).toEqual(kept)
  for (const [i, step] of steps.entries()) {
    await lab.look.fill('B', { of: 'run', run: id, step })
    expect([...losses.slice(i * tokens.length, (i + 1) * tokens.length)]).toEqual(await lossesNow(lab, 'B'))
  }
  expect(losses.slice(-tokens.length).reduce((sum, x) => sum + (x || 0), 0)).toBeLessThan(
    losses.slice(0, tokens.length).reduce((sum, x) => sum + (x || 0), 0),
  )
  // The slot itself has not moved.
  expect((await lab.look.fill('A', { of: 'run', run: id, step: null }))!.step).toBe(20)
  expect(progressOf(lab, 'looking').at(-1)).toBe(null)
})

test('reading a text at every step can be called off', async () => {
  const { lab, id } = await trained(8)
  await lab.look.fill('A', { of: 'run', run: id, step: null })
  const asked = lab.look.ask('learned', PROBE)
  const refused = expect(asked).rejects.toThrow(CancelledError)
  await lab.cancel('looking')
  await refused
  expect((await lab.look.ask('learned', PROBE)).steps.at(-1)).toBe(8)
})

test('held-out text by class and frequency adds up to its mean, and its places can be read again', async () => {
  const { lab, id } = await trained(20)
  await lab.look.fill('A', { of: 'run', run: id, step: null })
  const { tokens, mean, classes, ranks, hardest, easiest } = await lab.look.ask('places', { slot: 'A' })
  for (const groups of [classes, ranks]) {
    expect(groups.reduce((sum, { count }) => sum + count, 0)).toBe(tokens)
    expect(groups.reduce((sum, { count, mean }) => sum + count * mean, 0) / tokens).toBeCloseTo(mean, 5)
  }
  expect(classes.map(({ group }) => group)).toEqual(['letters', 'punctuation', 'space'])
  expect(hardest[0]!.mean).toBeGreaterThan(easiest[0]!.mean)
  for (const place of [hardest[0]!, easiest[0]!]) {
    expect(place.whole.endsWith(place.text)).toBe(true)
    const again = [...(await lab.look.ask('losses', { slot: 'A', text: place.whole })).losses]
    const own = again.slice(-place.text.length)
    expect(own.reduce((a, b) => a + b) / own.length).toBeCloseTo(place.mean, 4)
  }
})
