// A worker that fails under the page: the page says so, and another worker goes on from what the first had saved.
import { expect, test, vi } from 'vitest'
import { m } from '../../../src/ui/messages'
import { RunStore } from '../../../src/storage/runs'
import { serve } from '../../../src/worker/serve'
import { disk, noFile, TEXT, tiny } from '../../worker/lab_env'
import { stubBrowser } from '../page_env'

/** Every worker of the page, on one disk. */
function workersOn(name: string) {
  const workers: EventTarget[] = []
  vi.stubGlobal(
    'Worker',
    class extends EventTarget {
      readonly #channel = new MessageChannel()
      constructor() {
        super()
        const { port1, port2 } = this.#channel
        port1.onmessage = ({ data }) => this.dispatchEvent(new MessageEvent('message', { data }))
        serve({ gpu: undefined, fetchFile: noFile, store: new RunStore(name) }, port2)
        workers.push(this)
      }
      postMessage(message: unknown, transfer: Transferable[] = []) {
        this.#channel.port1.postMessage(message, transfer)
      }
      terminate() {
        this.#channel.port1.close()
      }
    },
  )
  return workers
}

test('the page says that the worker stopped, and opens another with the run as it was saved', async () => {
  stubBrowser()
  const workers = workersOn(disk())
  const { lab } = await import('../../../src/ui/state/lab.svelte')
  const { toasts } = await import('../../../src/ui/state/toasts.svelte')
  await lab.open()
  const { vocab_size } = await lab.show(lab.calls.data.loadText('fox', TEXT))
  await lab.createRun({ name: 'fox', config: { ...tiny, vocab_size }, prompt: 'the ' })
  for (let i = 0; i < 3; i++) await lab.stepOnce()
  const { id } = lab.run!
  const waiting = expect(lab.calls.run.forecast(tiny)).rejects.toThrow(/The worker stopped \(out of memory\)/)
  workers[0]!.dispatchEvent(Object.assign(new Event('error'), { message: 'out of memory' }))
  await waiting
  expect([lab.phase, lab.openError?.message]).toEqual([
    'dead',
    'The worker stopped (out of memory). Saved runs are kept.',
  ])
  expect(toasts.items.map(({ text }) => text)).toEqual([m.errors.stopped])
  // What it showed stays to be looked at, and nothing can be asked.
  expect([lab.run?.id, lab.columns.step.length]).toEqual([id, 3])
  expect(() => lab.calls).toThrow(m.errors.notReady)

  await lab.reopen()
  expect(workers).toHaveLength(2)
  expect([lab.phase, lab.openError, lab.dataset]).toEqual(['ready', null, null])
  expect([lab.run?.id, lab.step, lab.savedStep]).toEqual([id, 3, 3])
  await lab.stepOnce()
  await vi.waitFor(() => expect(lab.step).toBe(4), 300_000)
  await lab.closeRun()
  workers.forEach((worker) => (worker as Worker).terminate())
})

test('a run that was never saved is not shown as open in the new worker', async () => {
  stubBrowser()
  const workers = workersOn(disk())
  const save = vi.spyOn(RunStore.prototype, 'save').mockRejectedValue(new Error('no room'))
  const { lab } = await import('../../../src/ui/state/lab.svelte')
  await lab.open()
  const { vocab_size } = await lab.show(lab.calls.data.loadText('fox', TEXT))
  await lab.createRun({ name: 'fox', config: { ...tiny, vocab_size }, prompt: 'the ' })
  workers[0]!.dispatchEvent(new Event('error'))
  await lab.reopen()
  expect([lab.phase, lab.run]).toEqual(['ready', null])
  save.mockRestore()
  workers.forEach((worker) => (worker as Worker).terminate())
})
