// The worker on the CPU engine with a model of a few thousand numbers: start, pause, step, stop, change; what a killed tab
// leaves; what goes wrong and what is said of it.
import { describe, expect, test, vi } from 'vitest'
import { CheckpointError, ConfigError, CorpusError, OutOfMemoryError, StorageFullError } from '../../src/errors'
import type { RunEvent } from '../../src/words/run'
import { RunStore } from '../../src/storage/runs'
import { readSafetensors } from '../../src/storage/safetensors'
import { seal } from '../../src/storage/sealed'
import { Session } from '../../src/train/session'
import { LocalLab } from '../../src/worker/lab'
import type { LabEvent } from '../../src/worker/protocol'
import { StepColumns } from '../../src/words/columns'
import {
  bitsOf,
  createRun,
  disk,
  noFile,
  openBest,
  openRun,
  restart,
  status,
  tab,
  TEXT,
  tiny,
  withRun,
} from './lab_env'

/** Events come up to a frame late. */
const eventually = (check: () => void) => vi.waitFor(check, 300_000)
const said = (events: unknown[], text: string) => eventually(() => expect(JSON.stringify(events)).toContain(text))

/** Makes the disk wait from now on, until `go` is called. */
function slowDisk(store: RunStore): { go: () => void; asked: Promise<void> } {
  const save = store.save.bind(store)
  let go = () => {}
  let ask = () => {}
  const gate = new Promise<void>((resolve) => (go = resolve))
  const asked = new Promise<void>((resolve) => (ask = resolve))
  store.save = async (...run) => {
    ask()
    await gate
    return save(...run)
  }
  return { go, asked }
}
const FULL = 'The browser’s disk is full.'
const fullDisk = () => Promise.reject(new StorageFullError(FULL))

describe('a run', () => {
  test('starts paused at step 0 and is kept at once', async () => {
    const name = disk()
    const { id } = await withRun(name)
    const { lab } = await tab(name)
    const { run, history, readOnly, broken } = await openRun(lab, id)
    expect(run).toMatchObject({ status: 'paused', step: 0, name: 'fox', prompt: 'the ' })
    expect(history.steps.step).toHaveLength(0)
    expect([readOnly, broken]).toEqual([null, null])
  })

  test('trains to its end: every step once and in order, evaluations, samples, checkpoints, status', async () => {
    const { lab, events, heard, id } = await withRun(disk())
    const end = heard(status('finished'))
    await lab.run.start()
    expect(await end).toMatchObject({ step: 40 })
    const mine = events.flatMap((e) => (e.type === 'run' && e.run === id ? [e.event] : []))
    expect(mine.flatMap((e) => (e.type === 'step' ? [e.metrics.step] : []))).toEqual(
      Array.from({ length: 40 }, (_, i) => i + 1),
    )
    expect(mine.flatMap((e) => (e.type === 'eval' ? [e.metrics.step] : []))).toEqual([0, 10, 20, 30, 40])
    expect(mine.flatMap((e) => (e.type === 'sample' ? [e.sample.step] : []))).toEqual([0, 10, 20, 30, 40])
    expect(mine.flatMap((e) => (e.type === 'status' ? [e.status] : []))).toEqual(['running', 'finished'])
    expect(mine.findLast((e) => e.type === 'checkpoint')).toMatchObject({ step: 40 })
    const { run, history } = await openRun(lab, id)
    expect(run).toMatchObject({ status: 'finished', step: 40 })
    const losses = history.evals.map(({ val_loss }) => val_loss)
    expect(run.best_val_loss).toBe(Math.min(...losses))
    expect(run.last_val_loss).toBe(losses.at(-1))
    expect(history.steps.loss.at(-1)!).toBeLessThan(history.steps.loss[0]!)
    await expect(lab.run.start()).rejects.toThrow(/ended at step 40/)
  })

  test('says what counting reaches on its text before anything is trained, in bits a byte too', async () => {
    const { lab } = await tab(disk())
    await lab.data.loadText('fox', TEXT)
    const { nats, bits_per_byte } = (await lab.data.ladder(0.2))!
    expect(nats[0]).toBeCloseTo(Math.log(28), 12)
    // A character of this text is a byte.
    for (const [k, bits] of bits_per_byte.entries()) expect(bits).toBeCloseTo(nats[k]! / Math.LN2, 12)
    expect(await lab.data.ladder(0)).toBeNull()
  })

  test('pauses at the end of a step, saved there', async () => {
    const name = disk()
    const { lab, store, heard, id } = await withRun(name, { max_iters: 100_000 })
    const tenth = heard((e) => e.type === 'step' && e.metrics.step >= 10)
    await lab.run.start()
    await tenth
    await lab.run.pause()
    const { checkpoint } = await store.load(id)
    const { run, history } = await openRun(lab, id)
    expect(run).toMatchObject({ status: 'paused', step: checkpoint?.meta.step })
    expect(history.steps.step).toHaveLength(run.step)
    const again = await tab(name)
    expect((await openRun(again.lab, id)).run.step).toBe(run.step)
  })

  test('takes one step and is paused again', async () => {
    const { lab, events, id } = await withRun(disk())
    await lab.run.step()
    await lab.run.step()
    const { run, history } = await openRun(lab, id)
    expect(run).toMatchObject({ status: 'paused', step: 2 })
    expect([...history.steps.step]).toEqual([1, 2])
    await said(events, '"type":"checkpoint","step":2')
  })

  test('is stopped for good, until it is given more steps', async () => {
    const { lab, id } = await withRun(disk())
    await lab.run.step()
    await lab.run.stop()
    expect((await openRun(lab, id)).run).toMatchObject({ status: 'finished', step: 1 })
    await expect(lab.run.start()).rejects.toThrow(ConfigError)
    await lab.run.change({ learning_rate: 5e-3 })
    await expect(lab.run.step()).rejects.toThrow(/ended at step 1\. Choose how far it should go on/)
    await lab.run.change({ max_iters: 50 })
    await lab.run.step()
    expect((await openRun(lab, id)).run).toMatchObject({ status: 'paused', step: 2 })
    await lab.run.stop()
    // As far as it was meant to go from the start.
    await lab.run.change({ max_iters: 50 })
    await lab.run.step()
    expect((await openRun(lab, id)).run).toMatchObject({ status: 'paused', step: 3 })
  })

  test('takes no step when Steps is set to what it has behind it', async () => {
    const { lab, heard, id } = await withRun(disk(), { warmup_iters: 0 })
    for (let i = 0; i < 3; i++) await lab.run.step()
    await lab.run.change({ max_iters: 2 })
    const end = heard(status('finished'))
    await lab.run.start()
    expect(await end).toMatchObject({ step: 3 })
    expect((await openRun(lab, id)).history.steps.step).toHaveLength(3)
  })

  test('started while the disk is busy with a change, it runs, and says so', async () => {
    const { lab, store, heard, events, id } = await withRun(disk(), { max_iters: 100_000 })
    await lab.run.step()
    await lab.run.stop()
    const { go, asked } = slowDisk(store)
    const changed = lab.run.change({ max_iters: 100_000 })
    await asked
    // What a finished run refuses, a run that has just been lengthened need not.
    await expect(lab.run.start()).rejects.toThrow(ConfigError)
    go()
    await changed
    const other = slowDisk(store)
    const prompt = lab.run.setPrompt('a ')
    await other.asked
    const running = heard((e) => e.type === 'step')
    await lab.run.start()
    other.go()
    await Promise.all([prompt, running])
    const statuses = events.flatMap((e) => (e.type === 'run' && e.event.type === 'status' ? [e.event.status] : []))
    expect(statuses.at(-1)).toBe('running')
    await lab.run.pause()
    expect((await openRun(lab, id)).run.status).toBe('paused')
  })

  test('takes over a change at the next step, keeps it, and says so', async () => {
    const name = disk()
    const { lab, id, events } = await withRun(name)
    await lab.run.step()
    await lab.run.change({ learning_rate: 5e-3, grad_clip: tiny.grad_clip })
    await said(events, 'From step 1 on: learning_rate 0.01 → 0.005.')
    await expect(lab.run.change({ learning_rate: -1 })).rejects.toThrow(ConfigError)
    const again = await tab(name)
    const { run, history } = await openRun(again.lab, id)
    expect(run.config.learning_rate).toBe(5e-3)
    expect(history.events.map(({ text }) => text)).toContain('From step 1 on: learning_rate 0.01 → 0.005.')
  })

  test('marks that say the same at one step are told apart, also after the run was opened again', async () => {
    const name = disk()
    const { lab, id, events } = await withRun(name)
    await lab.run.step()
    const marks = () => events.flatMap((e) => (e.type === 'run' && e.event.type === 'notice' ? [e.event.mark] : []))
    for (const learning_rate of [5e-3, 1e-2, 5e-3]) await lab.run.change({ learning_rate })
    await eventually(() =>
      expect(marks().map(({ id: mark, step }) => [mark, step])).toEqual([1, 2, 3].map((i) => [i, 1])),
    )
    expect((await openRun(lab, id)).history.events).toEqual(marks())
    await lab.run.close()
    await openRun(lab, id)
    await lab.run.change({ learning_rate: 1e-2 })
    await eventually(() => expect(marks().map(({ id: mark }) => mark)).toEqual([1, 2, 3, 4]))
  })

  test('a run that goes back to its checkpoint gives no mark the identity of one that is gone', async () => {
    const { lab, store, heard, events, id } = await withRun(disk(), { max_iters: 1000, grad_clip: 0 })
    await lab.run.step()
    // What comes later is lost by the disk.
    store.save = (record) => Promise.resolve(record)
    for (let i = 0; i < 2; i++) await lab.run.step()
    await lab.run.change({ learning_rate: 1, min_lr: 1, warmup_iters: 0, weight_decay: 10 })
    const failed = heard(status('failed'))
    await lab.run.start()
    await failed
    const back = heard((e) => e.type === 'notice' && /went back to its checkpoint of step 1/.test(e.mark.text))
    await lab.run.change({ learning_rate: 1e-3, min_lr: 1e-3, weight_decay: 0 })
    await back
    const marks = () => events.flatMap((e) => (e.type === 'run' && e.event.type === 'notice' ? [e.event.mark] : []))
    await eventually(() =>
      expect(marks().map(({ id: mark, step }) => [mark, step])).toEqual([
        [1, 3],
        [2, 1],
        [3, 1],
      ]),
    )
    expect((await openRun(lab, id)).history.events).toEqual(marks().slice(1))
  })

  test('keeps the state that validated best', async () => {
    const name = disk()
    // So hot that validation gets worse after a while.
    const { lab, heard, id, store } = await withRun(name, { max_iters: 60, learning_rate: 0.5, min_lr: 0.5 })
    const end = heard(status('finished'))
    await lab.run.start()
    await end
    const { history, run } = await openRun(lab, id)
    const best = history.evals.reduce((a, b) => (b.val_loss < a.val_loss ? b : a))
    expect(best.step).toBeLessThan(60)
    const { record } = await store.load(id)
    expect(record.kept.best?.step).toBe(best.step)
    expect(run.best_val_loss).toBe(best.val_loss)
  })
})

test('the ladder is counted on the run’s own split; where nothing is held out there is none', async () => {
  const { lab } = await withRun(disk())
  const ladder = await lab.run.ladder()
  expect(ladder).toHaveLength(6)
  expect(ladder?.[0]).toBeCloseTo(Math.log(28))
  expect(ladder?.[5]).toBeLessThan(0.5)
  const { lab: other } = await withRun(disk(), { val_fraction: 0 })
  expect(await other.run.ladder()).toBeNull()
})

describe('bit for bit', () => {
  test('40 steps are 20 steps, a killed tab, and 20 more', async () => {
    const straight = await withRun(disk())
    const end = straight.heard(status('finished'))
    await straight.lab.run.start()
    await end

    const name = disk()
    const first = await withRun(name)
    for (let i = 0; i < 20; i++) await first.lab.run.step()
    await first.kill()
    const second = await tab(name)
    expect((await openRun(second.lab, first.id)).run.step).toBe(20)
    const secondEnd = second.heard(status('finished'))
    await second.lab.run.start()
    await secondEnd

    expect(await bitsOf(second.lab, first.id)).toEqual(await bitsOf(straight.lab, straight.id))
  })

  test('a tab that is killed while it trains loses the steps since the last save and nothing else', async () => {
    const name = disk()
    const first = await withRun(name, { max_iters: 100_000 })
    for (let i = 0; i < 5; i++) await first.lab.run.step()
    const later = first.heard((e) => e.type === 'step' && e.metrics.step > 12)
    await first.lab.run.start()
    await later
    await first.kill()
    const second = await tab(name)
    const { run, history } = await openRun(second.lab, first.id)
    expect(run).toMatchObject({ status: 'paused', step: 5 })
    expect(history.steps.step).toHaveLength(5)
    await second.lab.run.step()
    expect((await openRun(second.lab, first.id)).run.step).toBe(6)
    // The dead tab would train for ever.
    await first.lab.run.pause()
  })

  test('chat in between changes nothing', async () => {
    const quiet = await withRun(disk())
    const quietEnd = quiet.heard(status('finished'))
    await quiet.lab.run.start()
    await quietEnd

    const chatty = await withRun(disk())
    const end = chatty.heard(status('finished'))
    await chatty.lab.run.start()
    const written: string[] = []
    const options = { prompt: 'the ', max_tokens: 60, temperature: 1, top_k: 0, top_p: 1, seed: 3, stop: [] }
    const { reason, unknown } = await chatty.lab.chat.generate({ ...options, prompt: 'the Ω' }, (tokens) =>
      written.push(...tokens.map(({ text }) => text)),
    )
    await end
    expect(reason).toBe('length')
    expect(unknown).toEqual(['Ω'])
    expect(written).toHaveLength(60)
    expect((await bitsOf(chatty.lab, chatty.id)).tensors).toEqual((await bitsOf(quiet.lab, quiet.id)).tensors)
  })
})

describe('chat', () => {
  const options = { prompt: 'the ', max_tokens: 100_000, temperature: 1, top_k: 0, top_p: 1, seed: 3, stop: [] }

  test('stops when it is told to, and when something else is to be written', async () => {
    const { lab } = await withRun(disk())
    let tokens = 0
    const first = lab.chat.generate(options, (more) => (tokens += more.length))
    await eventually(() => expect(tokens).toBeGreaterThan(0))
    const second = lab.chat.generate({ ...options, max_tokens: 3 }, () => undefined)
    expect((await first).reason).toBe('cancelled')
    expect((await second).reason).toBe('length')
    const third = lab.chat.generate(options, () => undefined)
    await lab.cancel('writing')
    expect((await third).reason).toBe('cancelled')
  })

  test('ends with the run', async () => {
    const { lab } = await withRun(disk())
    const text = lab.chat.generate(options, () => undefined)
    await lab.run.close()
    expect((await text).reason).toBe('cancelled')
    await expect(lab.chat.generate(options, () => undefined)).rejects.toThrow(
      /comes with this page could not be loaded/,
    )
  })
})

describe('kept runs', () => {
  test('opened twice at once, it is open once, and can be trained', async () => {
    const name = disk()
    const { lab: first, id } = await withRun(name)
    await first.run.close()
    const { lab } = await tab(name)
    const [one, two] = await Promise.all([openRun(lab, id), openRun(lab, id)])
    expect([one.readOnly, two.readOnly]).toEqual([null, null])
    await lab.run.step()
    await lab.run.close()
  })

  test('a new name while the disk is busy stays', async () => {
    const { lab, store, id } = await withRun(disk())
    const { go, asked } = slowDisk(store)
    const step = lab.run.step()
    await asked
    const renamed = lab.kept.rename(id, 'vixen')
    go()
    await Promise.all([step, renamed])
    expect((await openRun(lab, id)).run.name).toBe('vixen')
    expect((await lab.kept.export(id)).name).toBe('vixen-step-1.safetensors')
  })

  test('a text that begins with byte order marks is the same text after a reload', async () => {
    const name = disk()
    const first = await tab(name)
    const { vocab_size } = await first.lab.data.loadText('marked', `\ufeff\ufeff${TEXT}`)
    const { run } = await createRun(first.lab, { name: 'marked', config: { ...tiny, vocab_size }, prompt: '' })
    await first.lab.run.step()
    const { bytes } = await first.lab.kept.export(run.id)
    await first.kill()
    const second = await tab(name)
    expect((await openRun(second.lab, run.id)).broken).toBeNull()
    const imported = await second.lab.kept.import(bytes.buffer)
    expect((await openRun(second.lab, imported.id)).broken).toBeNull()
  })

  test('rename, notes, duplicate, delete, restore', async () => {
    const name = disk()
    const { lab, id, events } = await withRun(name)
    await lab.run.step()
    await lab.kept.rename(id, 'renamed')
    await lab.kept.note(id, 'a note')
    const copy = await lab.kept.duplicate(id)
    expect(copy).toMatchObject({ name: 'renamed (copy)', notes: 'a note', step: 1 })
    await lab.run.step()
    await lab.kept.delete(id)
    lab.flush()
    expect(events.findLast((e) => e.type === 'removed')).toMatchObject({ run: id })
    await lab.kept.restore(id)
    lab.flush()
    expect(events.findLast((e) => e.type === 'kept')).toMatchObject({ run: { id, name: 'renamed', step: 2 } })
    const back = (await openRun(lab, id)).run
    expect(back).toMatchObject({ name: 'renamed', notes: 'a note', step: 2 })
    expect((await openRun(lab, copy.id)).run.step).toBe(1)
  })

  test('the best step of a run becomes a run of its own, which goes on from there', async () => {
    const { lab, id, heard } = await withRun(disk())
    for (let i = 0; i < 20; i++) await lab.run.step()
    // From here on it only gets worse.
    await lab.run.change({ learning_rate: 1, min_lr: 1 })
    const end = heard(status('finished'))
    await lab.run.start()
    await end
    const before = (await openRun(lab, id)).history
    const best = before.evals.reduce((a, b) => (b.val_loss < a.val_loss ? b : a))
    expect(best.step).toBeLessThan(40)
    const { run, history } = await openBest(lab, 'fox, at its best')
    expect(run).toMatchObject({ name: 'fox, at its best', status: 'paused', step: best.step })
    expect(run.last_val_loss).toBe(best.val_loss)
    const upTo = StepColumns.of(before.steps)
    upTo.cut(best.step)
    expect(history.steps).toEqual(upTo.packed())
    expect(history.steps.step.at(-1)).toBe(best.step)
    expect((await openRun(lab, id)).run.step).toBe(40)
  })

  test('a run that another engine began says that its last digits may differ, once', async () => {
    const name = disk()
    const { lab, store, id } = await withRun(name)
    await lab.run.step()
    await lab.run.close()
    const { record, text, history, checkpoint } = await store.load(id)
    const { kernels } = checkpoint!.meta
    const elsewhere = { ...checkpoint!.meta, kernels: { ...kernels!, adapter: 'plain JavaScript' } }
    const { status, reason, last_val_loss, best_val_loss } = record
    const latest = { ...checkpoint!, meta: elsewhere }
    await store.save(record, text, { status, reason, last_val_loss, best_val_loss, history, latest, best: null })
    const again = await tab(name)
    await openRun(again.lab, id)
    await again.lab.run.step()
    await again.lab.run.close()
    await openRun(again.lab, id)
    const told = again.events.flatMap((e) => (e.type === 'run' && e.event.type === 'notice' ? [e.event.mark.text] : []))
    expect(told).toEqual([expect.stringMatching(/^Until step 1 plain JavaScript computed\. Here it is WebAssembly/)])
  })

  test('an export holds the whole run: imported elsewhere, it goes on from the same bit', async () => {
    const { lab, id } = await withRun(disk())
    for (let i = 0; i < 5; i++) await lab.run.step()
    await lab.kept.note(id, 'a note')
    const { name, bytes } = await lab.kept.export(id)
    expect(name).toBe('fox-step-5.safetensors')
    const elsewhere = await tab(disk())
    const imported = await elsewhere.lab.kept.import(bytes.slice().buffer)
    expect(imported).toMatchObject({ name: 'fox', notes: 'a note', step: 5, status: 'paused' })
    await openRun(elsewhere.lab, imported.id)
    await elsewhere.lab.run.step()
    await lab.run.step()
    expect(await bitsOf(elsewhere.lab, imported.id)).toEqual(await bitsOf(lab, id))
    await expect(elsewhere.lab.kept.import(bytes.slice(0, 999).buffer)).rejects.toThrow(CheckpointError)
    // A letter of the text, changed.
    const damaged = bytes.slice()
    const at = new TextDecoder('latin1').decode(damaged).lastIndexOf('quick brown')
    damaged[at] = 'Q'.charCodeAt(0)
    await expect(elsewhere.lab.kept.import(damaged.slice().buffer)).rejects.toThrow(/checksum does not fit/)
    const { tensors, metadata } = readSafetensors(damaged)
    metadata.delete('checksum')
    const forged = seal(tensors, metadata)
    await expect(elsewhere.lab.kept.import(forged.buffer)).rejects.toThrow(/not “fox”/)
  })

  test('a run whose text is lost can be sampled, not trained', async () => {
    const name = disk()
    const { store, id } = await withRun(name)
    const load = store.load.bind(store)
    const { lab, store: other } = await tab(name)
    other.load = async (run) => ({ ...(await load(run)), text: null })
    const { broken } = await openRun(lab, id)
    expect(broken).toMatch(/text of this run, “fox”, is not kept/)
    await expect(lab.run.start()).rejects.toThrow(CheckpointError)
    const options = { prompt: 'the ', max_tokens: 4, temperature: 0, top_k: 0, top_p: 1, seed: 1, stop: [] }
    expect((await lab.chat.generate(options, () => undefined)).reason).toBe('length')
    await expect(lab.data.loadOfRun(id)).rejects.toThrow(CorpusError)
  })

  test('damage on the disk: the checkpoint before takes over, and the page hears of it once it knows the run', async () => {
    const name = disk()
    const { id, store, lab: first } = await withRun(name)
    await first.run.step()
    await first.run.step()
    const { record, checkpoint, history, text } = await store.load(id)
    const second = await tab(name)
    const damage = ['The checkpoint of step 2 is damaged. It is short.']
    second.store.load = () => Promise.resolve({ record, checkpoint, history, text, damage })
    await openRun(second.lab, id)
    second.lab.flush()
    const told = second.events.map((e) => (e.type === 'run' && e.event.type === 'notice' ? e.event.mark.text : e.type))
    expect(told.indexOf('open')).toBeGreaterThan(-1)
    expect(told.indexOf(damage[0]!)).toBeGreaterThan(told.indexOf('open'))
    second.store.load = () => Promise.resolve({ record, checkpoint: null, history, text, damage })
    await second.lab.run.close()
    const { broken } = await openRun(second.lab, id)
    expect(broken).toMatch(/None of this run’s checkpoints can be read\. The checkpoint of step 2 is damaged/)
    await expect(second.lab.run.step()).rejects.toThrow(CheckpointError)
    // Its text is whole: it can be restarted with new weights, not with the same.
    await expect(restart(second.lab, { weights: 'same', config: record.spec.config, name: 'x' })).rejects.toThrow(
      CheckpointError,
    )
    const { run } = await restart(second.lab, { weights: 'new', config: record.spec.config, name: 'x' })
    expect(run).toMatchObject({ name: 'x', step: 0, status: 'paused' })
  })

  test('a restart with the same weights begins from what was learned, with fresh moments', async () => {
    const { lab, id } = await withRun(disk())
    for (let i = 0; i < 3; i++) await lab.run.step()
    const before = await bitsOf(lab, id)
    const config = { ...tiny, vocab_size: before.meta.spec.config.vocab_size, learning_rate: 1e-3 }
    const { run, history } = await restart(lab, { weights: 'same', config, name: 'again' })
    expect(run).toMatchObject({ name: 'again', step: 0, status: 'paused', config: { learning_rate: 1e-3 } })
    expect(history.steps.step).toHaveLength(0)
    const after = await bitsOf(lab, run.id)
    const weight = 'transformer.h.0.attn.c_attn.weight'
    expect(after.tensors.get(weight)).toEqual(before.tensors.get(weight))
    expect(after.tensors.get(`m.${weight}`)?.data.every((x) => x === 0)).toBe(true)
    await lab.run.step()
    await expect(restart(lab, { weights: 'same', config: { ...config, n_inner: 64 }, name: 'wider' })).rejects.toThrow(
      /do not fit the new architecture: .*mlp/,
    )
    // The run that was open still is.
    expect((await openRun(lab, run.id)).run.step).toBe(1)
  })
})

describe('what goes wrong', () => {
  test('a loss that is no number: the run stops, says at which step, and goes on from its last good checkpoint', async () => {
    const name = disk()
    const { lab, heard, id, store } = await withRun(name, { max_iters: 1000, grad_clip: 0 })
    for (let i = 0; i < 3; i++) await lab.run.step()
    const good = await bitsOf(lab, id)
    // Each step makes the weights nine times as large.
    await lab.run.change({ learning_rate: 1, min_lr: 1, warmup_iters: 0, weight_decay: 10 })
    const failed = heard(status('failed'))
    await lab.run.start()
    const reason = expect.stringMatching(/^At step \d+ the (loss|gradient) stopped being a finite number\./)
    expect(await failed).toMatchObject({ reason })
    const kept = await store.load(id)
    expect(kept.record).toMatchObject({ status: 'failed', reason, kept: { latest: { step: 3 } } })
    expect(kept.checkpoint?.tensors).toEqual(good.tensors)

    // Another tab hears why, once it knows the run.
    const again = await tab(name)
    expect((await openRun(again.lab, id)).run).toMatchObject({ status: 'failed', step: 3 })
    const told = again.events.map((e) => (e.type === 'run' && e.event.type === 'status' ? e.event : e.type))
    expect(told.slice(told.indexOf('open') + 1)).toContainEqual({ type: 'status', status: 'failed', reason, step: 3 })

    const back = heard((e) => e.type === 'notice' && /went back to its checkpoint of step 3/.test(e.mark.text))
    await lab.run.change({ learning_rate: 1e-3, min_lr: 1e-3, weight_decay: 0 })
    await back
    expect((await openRun(lab, id)).history.steps.step).toHaveLength(3)
    await lab.run.step()
    const { run, history } = await openRun(lab, id)
    expect(run).toMatchObject({ status: 'paused', step: 4 })
    expect([...history.steps.step]).toEqual([1, 2, 3, 4])
  })

  test('a full disk: the run goes on, the page hears of it once, and of its end', async () => {
    const name = disk()
    const { lab, store, events, id } = await withRun(name)
    const save = store.save.bind(store)
    store.save = fullDisk
    for (let i = 0; i < 3; i++) await lab.run.step()
    const notices = () =>
      events.flatMap((e) => (e.type === 'run' && e.event.type === 'notice' ? [e.event.mark.text] : []))
    await eventually(() => expect(notices()).toEqual([`The run goes on, but could not be saved. ${FULL}`]))
    const storage = () => events.findLast((e) => e.type === 'storage')
    await eventually(() => expect(storage()).toMatchObject({ problem: { why: 'full', text: FULL } }))
    // What is not on the disk can still be taken away.
    expect((await lab.kept.export(id)).name).toBe('fox-step-3.safetensors')
    store.save = save
    await lab.run.step()
    await eventually(() => expect(storage()).toMatchObject({ problem: null }))
    expect((await openRun((await tab(name)).lab, id)).run.step).toBe(4)
    store.save = fullDisk
    await lab.run.step()
    store.save = save
    await lab.run.close()
    expect((await openRun((await tab(name)).lab, id)).run.step).toBe(5)
  })

  test('a full disk: a run that is further than the disk is not closed, and saved as soon as there is room', async () => {
    const name = disk()
    const { lab, store, id } = await withRun(name)
    const spare = await lab.kept.duplicate(id)
    const save = store.save.bind(store)
    store.save = fullDisk
    await lab.run.step()
    const refused = /“fox” is not saved, and closing it would lose it\. .*full\./
    await expect(lab.run.close()).rejects.toThrow(refused)
    await expect(openRun(lab, spare.id)).rejects.toThrow(refused)
    expect((await openRun(lab, id)).run.step).toBe(1)
    await lab.run.step()
    store.save = save
    await lab.kept.delete(spare.id)
    expect((await store.load(id)).record).toMatchObject({ status: 'paused', kept: { latest: { step: 2 } } })
    await lab.run.close()
  })

  test('a full disk and then a loss that is no number: the state in memory is the one that is gone back to', async () => {
    const { lab, store, heard, id } = await withRun(disk(), { max_iters: 1000, grad_clip: 0 })
    await lab.run.step()
    const save = store.save.bind(store)
    store.save = fullDisk
    for (let i = 0; i < 2; i++) await lab.run.step()
    await lab.run.change({ learning_rate: 1, min_lr: 1, warmup_iters: 0, weight_decay: 10 })
    // The disk takes the little that is written of a failure.
    store.save = (run, text, progress) => (progress.status === 'failed' ? save(run, text, progress) : fullDisk())
    const failed = heard(status('failed'))
    await lab.run.start()
    await failed
    expect((await store.load(id)).record.kept.latest?.step).toBe(3)
    const back = heard((e) => e.type === 'notice' && /went back|nothing was lost/.test(e.mark.text))
    await lab.run.change({ learning_rate: 1e-3, min_lr: 1e-3, weight_decay: 0 })
    expect(await back).toMatchObject({ mark: { text: expect.stringMatching(/checkpoint of step 3/) } })
  })

  test('a browser that keeps nothing: runs can be trained and taken away', async () => {
    const opened = await tab(disk())
    opened.store.save = () => Promise.reject(new DOMException('denied', 'SecurityError'))
    opened.store.list = () => Promise.reject(new DOMException('denied', 'SecurityError'))
    const { vocab_size } = await opened.lab.data.loadText('fox', TEXT)
    const { run } = await createRun(opened.lab, { name: 'fox', config: { ...tiny, vocab_size }, prompt: '' })
    await opened.lab.run.step()
    expect((await opened.lab.kept.export(run.id)).name).toBe('fox-step-1.safetensors')
    await opened.lab.kept.rename(run.id, 'other')
    expect((await openRun(opened.lab, run.id)).run.name).toBe('other')
    await opened.lab.kept.delete(run.id)
  })

  test('a config that does not fit: problems beside their fields, and no run made', async () => {
    const { lab } = await tab(disk())
    await expect(createRun(lab, { name: 'x', config: tiny, prompt: '' })).rejects.toThrow(/There is no text yet/)
    const { vocab_size } = await lab.data.loadText('fox', TEXT)
    const config = { ...tiny, vocab_size }
    expect(await lab.run.check(config)).toEqual([])
    expect(await lab.run.check({ ...config, vocab_size: 5 })).toMatchObject([{ field: 'vocab_size', fix: vocab_size }])
    expect(await lab.run.check({ ...config, block_size: 4000 })).toMatchObject([{ field: 'block_size' }])
    expect(await lab.run.check({ ...config, n_head: 3 })).toMatchObject([{ field: 'n_embd' }, { field: 'n_kv_head' }])
    // Heads of two keep the matrix: 1,000 × 1,000, for eight heads, 1,024 times; an eighth of a batch at a time.
    const large = { ...config, n_head: 8, n_kv_head: 8, batch_size: 1024, block_size: 1000, val_fraction: 0 }
    expect(await lab.run.check(large)).toMatchObject([{ field: 'batch_size', fix: 264 }])
    await expect(createRun(lab, { name: 'x', config: { ...config, block_size: 4000 }, prompt: '' })).rejects.toThrow(
      ConfigError,
    )
    await expect(lab.run.start()).rejects.toThrow(/No run is open/)
  })

  test('texts that are none', async () => {
    const { lab } = await tab(disk())
    await expect(lab.data.loadText('x', '')).rejects.toThrow(CorpusError)
    await expect(lab.data.loadText('x', 'aaaa')).rejects.toThrow(CorpusError)
    await expect(lab.data.loadFiles([{ name: 'x', data: new Blob([new Uint8Array([0, 1, 2, 3])]) }])).rejects.toThrow(
      CorpusError,
    )
    await expect(lab.data.loadBuiltIn('moby-dick')).rejects.toThrow(/could not be read/)
    const dataset = await lab.data.loadText('two', 'ab\r\nab\n')
    expect(dataset).toMatchObject({ lines: 2, vocab_size: 3, excerpt: 'ab\nab\n' })
  })
})

test('a measurement takes real steps and leaves the open run as it was', async () => {
  const { lab, id, events } = await withRun(disk())
  await lab.run.step()
  const before = await bitsOf(lab, id)
  const { run } = await openRun(lab, id)
  const measured = await lab.run.measure(run.config)
  expect(measured.params).toBe(run.params)
  expect(measured.step_ms).toBeGreaterThan(0)
  expect(measured.tokens_per_s).toBeCloseTo((1000 * 4 * 8) / measured.step_ms)
  expect(measured.memory_bytes).toBeGreaterThan(run.params * 16)
  expect(await bitsOf(lab, id)).toEqual(before)
  // Whatever was told before this has arrived when this has.
  await lab.kept.rename(id, 'measured')
  await said(events, '"name":"measured"')
  const types = events.flatMap((e) => (e.type === 'run' ? [e.event.type] : []) satisfies RunEvent['type'][])
  expect(types.filter((type) => type === 'step')).toHaveLength(1)
  // Settings at which a run blows up at once take as long as others.
  const hot = { ...run.config, learning_rate: 1, min_lr: 1, warmup_iters: 0, weight_decay: 10, grad_clip: 0 }
  expect((await lab.run.measure(hot)).step_ms).toBeGreaterThan(0)
})

describe('the list of runs', () => {
  test('is told of the run that was saved, and no other record is read for it', async () => {
    const name = disk()
    const { lab: first } = await withRun(name)
    await first.run.close()
    const { lab, store, events, id } = await withRun(name)
    const list = vi.spyOn(store, 'list')
    const all = vi.spyOn(IDBObjectStore.prototype, 'getAll')
    const get = vi.spyOn(IDBObjectStore.prototype, 'get')
    const from = events.length
    await lab.run.step()
    await lab.kept.rename(id, 'vixen')
    lab.flush()
    expect([list.mock.calls.length, all.mock.calls.length]).toEqual([0, 0])
    expect(new Set(get.mock.calls.map(([key]) => String(key)))).toEqual(new Set([`run,${id}`]))
    for (const spy of [list, all, get]) spy.mockRestore()
    const told = events.slice(from).flatMap((e) => (e.type === 'kept' ? [e.run] : []))
    expect(new Set(told.map((run) => run.id))).toEqual(new Set([id]))
    expect(told.at(-1)).toMatchObject({ name: 'vixen', step: 1, status: 'paused' })
  })

  test('is read when the page opens, and follows what another tab does', async () => {
    const name = disk()
    const here = await withRun(name)
    const there = new LocalLab({ gpu: undefined, store: new RunStore(name), fetchFile: noFile, listen: hear })
    const heard: LabEvent[] = []
    function hear(events: LabEvent[]) {
      heard.push(...events)
    }
    expect((await there.open('cpu')).runs).toMatchObject([{ id: here.id, name: 'fox', step: 0 }])
    await here.lab.run.step()
    await eventually(() =>
      expect(heard.findLast((e) => e.type === 'kept')).toMatchObject({
        run: { id: here.id, step: 1, status: 'paused' },
      }),
    )
    await here.lab.kept.delete(here.id)
    await eventually(() => expect(heard.at(-1)).toEqual({ type: 'removed', run: here.id }))
  })

  test('says what cannot be read', async () => {
    const store = new RunStore(disk())
    store.list = () => Promise.reject(new DOMException('denied', 'SecurityError'))
    const events: LabEvent[] = []
    const lab = new LocalLab({ gpu: undefined, store, fetchFile: noFile, listen: (more) => events.push(...more) })
    expect((await lab.open('cpu')).runs).toEqual([])
    lab.flush()
    expect(events.at(-1)).toMatchObject({
      problem: null,
      list_problem: expect.stringMatching(/keep nothing \(denied\)/) as unknown,
    })
  })
})

test('a run that cannot be opened leaves the one that was open, and the page is told so', async () => {
  const { lab, store, events, id } = await withRun(disk())
  await lab.run.step()
  const { id: other } = await lab.kept.duplicate(id)
  const open = vi.spyOn(Session, 'open').mockRejectedValueOnce(new OutOfMemoryError('full'))
  await expect(lab.run.open(other)).rejects.toThrow(OutOfMemoryError)
  open.mockRestore()
  lab.flush()
  expect(events.findLast((e) => e.type === 'open')).toMatchObject({ open: { run: { id, step: 1 } } })
  await lab.run.step()
  // Where it cannot come back either, nothing is open, and the page knows.
  const broken = vi.spyOn(Session, 'open').mockRejectedValue(new OutOfMemoryError('full'))
  await expect(lab.run.open(other)).rejects.toThrow(OutOfMemoryError)
  broken.mockRestore()
  lab.flush()
  expect(events.findLast((e) => e.type === 'open')).toEqual({ type: 'open', open: null })
  expect((await store.load(id)).record.kept.latest?.step).toBe(2)
})
