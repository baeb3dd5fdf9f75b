// A device that goes away: in mid-run, between steps, while text is written, again and again. On Dawn, with `destroy()`.
import { describe, expect, test, vi } from 'vitest'
import { DeviceLostError } from '../../src/errors'
import type { RunEvent } from '../../src/words/run'
import { gpu } from '../gpu_env'
import { bitsOf, disk, openRun, status, withRun } from './lab_env'

// One evaluation and one sample, at step 0 and at the end: a software adapter takes a second for each.
const short = { max_iters: 20, eval_interval: 20 }
const onGpu = async () => withRun(disk(), short, 'gpu', await gpu())
const lost = (event: RunEvent) => event.type === 'notice' && /graphics device was lost/.test(event.mark.text)

/** The adapter as one that is not known to compute on the processor: contests are held there. `devices` gets those that are opened. */
function notKnownAsSoftware(gpu: GPU, devices: GPUDevice[]): GPU {
  const requestAdapter = async () => {
    const adapter = (await gpu.requestAdapter())!
    const { vendor, architecture, device, description } = adapter.info
    const info = { vendor, architecture, device, description, isFallbackAdapter: false }
    const requestDevice = async (descriptor: GPUDeviceDescriptor) => {
      const device = await adapter.requestDevice(descriptor)
      devices.push(device)
      return device
    }
    return { info, requestDevice, features: adapter.features, limits: adapter.limits }
  }
  return { requestAdapter } as unknown as GPU
}

describe('a lost device', () => {
  test('in mid-run: the run goes on from its last checkpoint, says so, and ends at the same bit', async () => {
    const straight = await onGpu()
    const straightEnd = straight.heard(status('finished'))
    await straight.lab.run.start()
    await straightEnd

    const { lab, heard, id } = await onGpu()
    for (let i = 0; i < 7; i++) await lab.run.step()
    const later = heard((e) => e.type === 'step' && e.metrics.step >= 9)
    const end = heard(status('finished'))
    const notice = heard(lost)
    await lab.run.start()
    await later
    await lab.device.lose()
    expect(await notice).toMatchObject({
      level: 'warning',
      mark: {
        text: expect.stringMatching(
          /^The graphics device was lost at step \d+ and opened again: the run went back to its checkpoint of step 7\.$/,
        ),
      },
    })
    await end
    const [a, b] = [await bitsOf(straight.lab, straight.id), await bitsOf(lab, id)]
    expect(b.tensors).toEqual(a.tensors)
    expect(b.steps).toEqual(a.steps)
    expect(b.evals).toEqual(a.evals)
  })

  test('while a save is on its way to the disk: the save is whole, and the run goes on from it', async () => {
    const { lab, store, heard, id } = await onGpu()
    for (let i = 0; i < 3; i++) await lab.run.step()
    const before = await bitsOf(lab, id)
    const save = store.save.bind(store)
    let reached = () => {}
    const saving = new Promise<void>((resolve) => (reached = resolve))
    let go = () => {}
    const gate = new Promise<void>((resolve) => (go = resolve))
    store.save = async (...run) => {
      reached()
      await gate
      return save(...run)
    }
    const notice = heard(lost)
    const step = lab.run.step()
    await saving
    await lab.device.lose()
    go()
    expect(await notice).toMatchObject({
      mark: { step: 4, text: expect.stringMatching(/at step 4 and opened again: nothing was lost/) },
    })
    await step
    const { checkpoint } = await store.load(id)
    expect(checkpoint?.meta.step).toBe(4)
    expect((await bitsOf(lab, id)).tensors).toEqual(checkpoint?.tensors)
    expect(before.meta.step).toBe(3)
    await lab.run.step()
    expect((await openRun(lab, id)).run.step).toBe(5)
  })

  test('while other kernels compile for it: a sentence, and the run goes on from its last step without trying them again', async () => {
    // Products of 4 MFLOP, which start contests; heads of 8, for which attention has one kernel.
    const heavy = { n_embd: 64, n_head: 8, n_kv_head: 8, n_inner: 128, block_size: 16, batch_size: 16, max_iters: 8 }
    const onHeavy = async (gpu: GPU) => withRun(disk(), { ...short, ...heavy }, 'gpu', gpu)
    const straight = await onHeavy(await gpu())
    for (let i = 0; i < 8; i++) await straight.lab.run.step()

    const devices: GPUDevice[] = []
    const { lab, heard, id } = await onHeavy(notKnownAsSoftware(await gpu(), devices))
    for (let i = 0; i < 3; i++) await lab.run.step()
    // The third step began a contest: a tile compiles for a second here.
    const compile = vi.spyOn(devices[0]!, 'createComputePipelineAsync')
    const notice = heard(lost)
    devices[0]!.destroy()
    expect(await notice).toMatchObject({
      level: 'warning',
      mark: {
        step: 3,
        text: 'The graphics device was lost at step 3 and opened again: nothing was lost. Other kernels were being tried on it, which are not tried again.',
      },
    })
    expect(compile).not.toHaveBeenCalled()
    const again = vi.spyOn(devices[1]!, 'createComputePipelineAsync')
    for (let i = 0; i < 5; i++) await lab.run.step()
    expect(again.mock.calls.filter(([{ label }]) => label!.includes('tile'))).toEqual([])
    const [a, b] = [await bitsOf(straight.lab, straight.id), await bitsOf(lab, id)]
    expect(b.meta.step).toBe(8)
    expect(b.tensors).toEqual(a.tensors)
  })

  test('while nothing runs: it is opened again at once, and nothing is lost', async () => {
    const { lab, heard, id, events } = await onGpu()
    for (let i = 0; i < 3; i++) await lab.run.step()
    const before = await bitsOf(lab, id)
    const notice = heard(lost)
    await lab.device.lose()
    expect(await notice).toMatchObject({
      mark: { step: 3, text: expect.stringMatching(/at step 3 and opened again: nothing was lost/) },
    })
    expect((await bitsOf(lab, id)).tensors).toEqual(before.tensors)
    await lab.run.step()
    expect((await openRun(lab, id)).run.step).toBe(4)
    expect(events.filter((e) => e.type === 'engine')).toHaveLength(2)
  })

  test('while text is written: the text ends with an error, the next one is written', async () => {
    const { lab } = await onGpu()
    const options = { prompt: 'the ', max_tokens: 100_000, temperature: 1, top_k: 0, top_p: 1, seed: 3, stop: [] }
    let tokens = 0
    const text = lab.chat.generate(options, (more) => (tokens += more.length))
    const outcome = expect(text).rejects.toThrow(DeviceLostError)
    await vi.waitFor(() => expect(tokens).toBeGreaterThan(0), 300_000)
    await lab.device.lose()
    await outcome
    expect((await lab.chat.generate({ ...options, max_tokens: 5 }, () => undefined)).reason).toBe('length')
  })

  test('while a run is only looked at: its weights are opened again, and it writes on', async () => {
    const { lab, store, heard, id } = await onGpu()
    await lab.run.close()
    const load = store.load.bind(store)
    store.load = async (run) => ({ ...(await load(run)), text: null })
    expect((await openRun(lab, id)).broken).not.toBeNull()
    const options = { prompt: 'the ', max_tokens: 5, temperature: 1, top_k: 0, top_p: 1, seed: 3, stop: [] }
    const write = async () => {
      let text = ''
      await lab.chat.generate(options, (tokens) => tokens.forEach((token) => (text += token.text)))
      return text
    }
    const before = await write()
    const notice = heard(lost)
    await lab.device.lose()
    expect(await notice).toMatchObject({
      mark: { step: 0, text: expect.stringMatching(/at step 0 and opened again: nothing was lost/) },
    })
    expect(await write()).toBe(before)
  })

  test('without an open run: the next run gets another device', async () => {
    const { lab, id } = await onGpu()
    await lab.run.close()
    await lab.device.lose()
    await openRun(lab, id)
    await lab.run.step()
    expect((await openRun(lab, id)).run.step).toBe(1)
  })

  test('again and again at the same step: the run stops with a reason, and can be started again', async () => {
    const { lab, heard, id, events } = await onGpu()
    const failed = heard(status('failed'))
    let losing = true
    const lose = async () => {
      while (losing) {
        const next = heard(lost)
        await lab.device.lose()
        await next
      }
    }
    await lab.run.start()
    void lose()
    expect(await failed).toMatchObject({
      reason: expect.stringMatching(/lost 4 times near step \d+\..*choose a smaller batch/),
    })
    losing = false
    expect(events.length).toBeGreaterThan(0)
    await lab.run.step()
    expect((await openRun(lab, id)).run.status).toBe('paused')
  })
})
