// The preset that a first visit begins with: what writes words soon on this computer.
import { beforeEach, expect, test, vi } from 'vitest'
import type { EngineInfo } from '../../../src/engine'
import type { Lab } from '../../../src/worker/protocol'
import { answering, stubBrowser } from '../page_env'

let worker: Lab
vi.mock('../../../src/worker/client', () => ({ openLab: () => worker }))
beforeEach(() => stubBrowser())

/** A page whose steps take so long on such an engine, opened. */
async function opened(kind: EngineInfo['kind'], step_ms: number) {
  const loaded: string[] = []
  const asked = vi.fn(async (configs: readonly unknown[]) => configs.map(() => step_ms))
  const engine = { kind, name: '', vendor: '', architecture: '', software: false, features: [], limits: {} }
  worker = answering({
    look: { frames: async () => [] },
    open: async () => ({ engine, fallback: null, runs: [], unreadable: [], corpora: [] }),
    device: { stepTimes: asked, rest: async () => undefined },
    data: {
      loadBuiltIn: (id) => {
        loaded.push(id)
        return Promise.reject(new Error('enough'))
      },
    },
  })
  const { lab } = await import('../../../src/ui/state/lab.svelte')
  const { draft } = await import('../../../src/ui/state/draft.svelte')
  await lab.open()
  return { draft, asked, loaded }
}

test('a slow processor begins with names, a fast one and any GPU with the book', async () => {
  const slow = await opened('cpu', 400)
  await slow.draft.suit()
  expect([slow.draft.preset?.id, slow.loaded]).toEqual(['names', ['first-names']])
  stubBrowser()
  const fast = await opened('cpu', 80)
  await fast.draft.suit()
  expect([fast.draft.preset?.id, fast.loaded]).toEqual(['moby-dick', []])
  stubBrowser()
  const gpu = await opened('gpu', 400)
  await gpu.draft.suit()
  expect([gpu.draft.preset?.id, gpu.asked.mock.calls]).toEqual(['moby-dick', []])
})

test('what somebody has chosen meanwhile stays', async () => {
  const { draft, loaded } = await opened('cpu', 400)
  const suiting = draft.suit()
  draft.setField('learning_rate', 1e-4)
  await suiting
  expect([draft.preset?.id, draft.config.learning_rate, loaded]).toEqual(['moby-dick', 1e-4, []])
})

test('a text that somebody brings meanwhile stays, still on its way or refused', async () => {
  for (const load of [() => new Promise<void>(() => undefined), () => Promise.reject(new Error('not a text'))]) {
    stubBrowser()
    const { draft, loaded } = await opened('cpu', 400)
    const suiting = draft.suit()
    void draft.bring(load)
    await suiting
    expect([draft.preset?.id, loaded]).toEqual(['moby-dick', []])
  }
})

test('each stop of the dial has its time, validations included', async () => {
  const { draft } = await opened('cpu', 100)
  await draft.timeSizes()
  const [speck = 0, , sprout = 0] = draft.sizeSeconds!
  expect(speck).toBeGreaterThan(100)
  expect(sprout / speck).toBeCloseTo(2, 1)
})
