// A run that cannot be trained in this tab, because another trains it or its text is lost: it is looked at, asked for text and
// taken away as any other, and takes no memory for training.
import { afterEach, expect, test, vi } from 'vitest'
import { WasmEngine } from '../../src/wasm/engine'
import { CheckpointError, RunLockedError } from '../../src/errors'
import { gradientLabel } from '../../src/model/tape'
import { paramTable } from '../../src/params'
import { predictMemory } from '../../src/train/plan'
import { bitsOf, disk, openRun, restart, status, tab, TEXT, withRun, type Tab } from './lab_env'

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

/** From here on another tab holds the lock of every run. */
function lockEverything() {
  const request = (_: string, { signal }: { signal: AbortSignal }) =>
    new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
  vi.stubGlobal('navigator', { locks: { request } })
}

async function trained(name: string) {
  const first = await withRun(name, { max_iters: 20 })
  for (let i = 0; i < 20; i++) await first.lab.run.step()
  return first
}

/** What is asked of the engine until `did` is done. */
async function allocated(did: () => Promise<unknown>) {
  const allocate = vi.spyOn(WasmEngine.prototype, 'allocate')
  await did()
  const blocks = allocate.mock.calls.flatMap(([asked]) => asked)
  allocate.mockRestore()
  return {
    bytes: blocks.reduce((sum, { size }) => sum + 4 * size, 0),
    addresses: blocks.flatMap(({ label, windows }) => [label, ...windows.map(({ tensor }) => tensor.label)]),
  }
}

const options = { prompt: 'the ', max_tokens: 30, temperature: 1, top_k: 0, top_p: 1, seed: 3, stop: [] }
async function textOf({ lab }: Tab) {
  let text = ''
  const { reason } = await lab.chat.generate(options, (tokens) => tokens.forEach((token) => (text += token.text)))
  expect(reason).toBe('length')
  return text
}

test('a run that another tab trains takes weights and a decoder, and shows and writes what it did there', async () => {
  const name = disk()
  const first = await trained(name)
  const { id } = first
  const there = await openRun(first.lab, id)
  const text = await textOf(first)
  lockEverything()
  const second = await tab(name)
  const { lab } = second
  const taken = await allocated(async () => {
    const here = await openRun(lab, id)
    const { readOnly } = here
    expect(readOnly).toMatch(/Another tab has this run open/)
    expect(here).toEqual({ ...there, readOnly })
    expect(await lab.run.ladder()).toEqual(await first.lab.run.ladder())
    expect(await textOf(second)).toBe(text)
  })
  const { config } = there.run
  const { memory } = predictMemory(config, { maxBlock: 2 ** 29 })
  expect(taken.bytes).toBe(memory.weights + memory.decoder)
  const learned = new Set(paramTable(config).flatMap(({ name }) => [gradientLabel(name), `m.${name}`, `v.${name}`]))
  expect(taken.addresses.filter((label) => learned.has(label) || /^(grads|m|v)\./.test(label))).toEqual([])
  expect(taken.addresses).toContain('weights.0')
})

test('a run that another tab trains cannot be changed here, but measured, exported, copied and restarted', async () => {
  const name = disk()
  const first = await trained(name)
  const { id } = first
  lockEverything()
  const { lab, events } = await tab(name)
  const { run } = await openRun(lab, id)
  await expect(lab.run.start()).rejects.toThrow(RunLockedError)
  await expect(lab.run.step()).rejects.toThrow(RunLockedError)
  await expect(lab.run.pause()).rejects.toThrow(RunLockedError)
  await expect(lab.run.setPrompt('a ')).rejects.toThrow(RunLockedError)
  await expect(lab.run.change({ learning_rate: 1e-4 })).rejects.toThrow(RunLockedError)

  const bits = await bitsOf(first.lab, id)
  expect(await bitsOf(lab, id)).toEqual(bits)
  expect(await lab.kept.duplicate(id)).toMatchObject({ name: 'fox (copy)', step: 20 })
  expect(events.some((e) => e.type === 'run' && e.event.type === 'compile')).toBe(false)
  await lab.data.loadText('fox', TEXT)
  expect((await lab.run.measure(run.config)).memory_bytes).toBeGreaterThan(run.params * 16)
  // A run of its own, which nobody else has open.
  vi.unstubAllGlobals()
  const again = (await restart(lab, { weights: 'same', config: run.config, name: 'again' })).run
  const { tensors } = await bitsOf(lab, again.id)
  for (const { name: param } of paramTable(run.config)) {
    expect(tensors.get(param)).toEqual(bits.tensors.get(param))
    expect(tensors.get(`m.${param}`)?.data.every((x) => x === 0)).toBe(true)
  }
  await lab.run.step()
})

test('an export is of the newest state that the other tab has saved', async () => {
  const name = disk()
  const first = await trained(name)
  const { id } = first
  lockEverything()
  const { lab } = await tab(name)
  await openRun(lab, id)
  vi.unstubAllGlobals()
  await first.lab.run.change({ max_iters: 30 })
  await first.lab.run.step()
  expect((await lab.kept.export(id)).name).toBe('fox-step-21.safetensors')
  expect(await bitsOf(lab, id)).toEqual(await bitsOf(first.lab, id))
  // What is shown stays what was opened.
  expect((await lab.chat.generate(options, () => undefined)).reason).toBe('length')
  await first.lab.run.close()
})

test('a run whose text is lost takes weights alone, writes, and tells why it failed', async () => {
  const name = disk()
  const first = await trained(name)
  const { id } = first
  const text = await textOf(first)
  const second = await tab(name)
  const load = second.store.load.bind(second.store)
  second.store.load = async (run) => {
    const loaded = await load(run)
    return { ...loaded, text: null, record: { ...loaded.record, status: 'failed', reason: 'It blew up.' } }
  }
  const failed = second.heard(status('failed'))
  const { bytes, addresses } = await allocated(async () => {
    const { broken, run } = await openRun(second.lab, id)
    expect(broken).toMatch(/is not kept on this device\. It can be looked at and sampled from, not trained/)
    expect(run).toMatchObject({ status: 'failed', step: 20 })
  })
  const { memory } = predictMemory((await openRun(first.lab, id)).run.config, { maxBlock: 2 ** 29 })
  expect(bytes).toBe(memory.weights)
  expect(addresses.filter((label) => /^(grads|m|v)\./.test(label))).toEqual([])
  expect(await failed).toMatchObject({ reason: 'It blew up.', step: 20 })
  expect(await textOf(second)).toBe(text)
  await expect(second.lab.run.step()).rejects.toThrow(CheckpointError)
  expect((await second.lab.kept.export(id)).name).toBe('fox-step-20.safetensors')
  await second.lab.run.close()
})
