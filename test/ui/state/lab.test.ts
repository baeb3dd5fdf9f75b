// The mirror of the run: what the worker tells it becomes what the page shows, at most ten times a second, and a run that goes
// back to a checkpoint forgets what came after it.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { defaultConfig } from '../../../src/config/fields'
import type { RunEvent } from '../../../src/words/run'
import { type StepMetrics, StepColumns } from '../../../src/words/columns'
import type { Lab, LabEvent, OpenRun, RunSummary } from '../../../src/worker/protocol'
import { answering, stubBrowser } from '../page_env'

let tell: (events: LabEvent[]) => void = () => undefined
const worker: { openLab: (listen: typeof tell) => Lab } = { openLab: scripted }
vi.mock('../../../src/worker/client', () => ({ openLab: (listen: typeof tell) => worker.openLab(listen) }))

const config = defaultConfig(65)
const run: RunSummary = {
  id: 'r1',
  name: 'A run',
  created: 0,
  updated: 0,
  status: 'paused',
  step: 2,
  config,
  corpus: { name: 'text', fingerprint: 'f', characters: 1000, licence: '' },
  tokenizer: 'char',
  prompt: 'The',
  notes: '',
  params: 1,
  last_val_loss: null,
  best_val_loss: null,
  size_bytes: 1,
  tokenizer_key: 'k',
  bytes_per_token: 1,
  gates: {},
  imported: null,
  without_text: false,
  starred: false,
  train_loss: null,
  origin: null,
}
const metrics = (step: number, loss = 2): StepMetrics => ({
  step,
  loss,
  grad_norm: 1,
  learning_rate: 1e-3,
  step_ms: 10,
  tokens: step * 10,
})

const open: OpenRun = {
  run,
  history: { steps: StepColumns.from([metrics(1), metrics(2)]).packed(), evals: [], samples: [], events: [] },
  saved: { step: 2, at: 0 },
  readOnly: null,
  broken: null,
}

/** A worker that keeps one run, opens it, and says what a test says. */
function scripted(listen: typeof tell): Lab {
  tell = listen
  const engine = {
    kind: 'cpu' as const,
    name: '',
    vendor: '',
    architecture: '',
    software: false,
    features: [],
    limits: {},
  }
  return answering({
    open: async () => ({ engine, fallback: null, runs: [run], unreadable: [], corpora: [] }),
    run: {
      open: async () => listen([{ type: 'open', open }]),
      openIfFree: async (id) => (heldElsewhere.has(id) ? undefined : listen([{ type: 'open', open }])),
      create: async () => listen([{ type: 'open', open: { ...open, run: { ...run, id: 'r2', step: 0 } } }]),
      close: async () => listen([{ type: 'open', open: null }]),
      ladder: async () => [4.2, 3.3],
      start: async () => undefined,
    },
    look: { frames: async () => [] },
    device: { rest: async () => undefined },
    kept: { delete: async (id) => listen([{ type: 'removed', run: id }]) },
  })
}

const said = (event: RunEvent): LabEvent => ({ type: 'run', run: 'r1', event })
const step = (n: number, loss?: number) => said({ type: 'step', metrics: metrics(n, loss) })

const heldElsewhere = new Set<string>()

async function openedLab(lastRun: string | null, own = new Map<string, string>()) {
  const kept = new Map([['glasshouse.settings', JSON.stringify({ lastRun })]])
  stubBrowser(kept, own)
  const { lab } = await import('../../../src/ui/state/lab.svelte')
  await lab.open()
  return { lab, kept }
}

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
  worker.openLab = scripted
})

describe('the mirror', () => {
  it('reopens the run of last time, with its history', async () => {
    const { lab } = await openedLab('r1')
    expect(lab.phase).toBe('ready')
    expect(lab.run?.name).toBe('A run')
    expect([...lab.columns.step]).toEqual([1, 2])
    expect(lab.step).toBe(2)
    expect(lab.reopening).toBe(false)
    await vi.waitFor(() => expect(lab.ladder).toEqual([4.2, 3.3]), 300_000)
  })

  it('opens nothing when nothing was open, and remembers what is opened', async () => {
    const { lab, kept } = await openedLab(null)
    expect(lab.run).toBeNull()
    await lab.openRun('r1')
    expect(JSON.parse(kept.get('glasshouse.settings') ?? '')).toMatchObject({ lastRun: 'r1' })
  })

  it('a new tab leaves the run of last time to the tab that has it open; a reloaded one opens its own', async () => {
    heldElsewhere.add('r1')
    const own = new Map<string, string>()
    const { lab, kept } = await openedLab('r1', own)
    expect([lab.run, lab.reopening]).toEqual([null, false])
    await lab.openRun('r1')
    // Another tab opens another run, and changes what is shared.
    kept.set('glasshouse.settings', JSON.stringify({ lastRun: 'r2', lossUnit: 'bits' }))
    const { settings } = await import('../../../src/ui/state/settings.svelte')
    settings.set({ theme: 'dark' })
    expect(JSON.parse(kept.get('glasshouse.settings')!)).toMatchObject({ lastRun: 'r2', theme: 'dark' })
    const again = await openedLab('r2', own)
    expect(again.lab.run?.id).toBe('r1')
    await again.lab.closeRun()
    expect((await openedLab('r1', own)).lab.run).toBeNull()
    heldElsewhere.clear()
  })

  it('a run that is handed over is told of once', async () => {
    const { lab } = await openedLab('r1')
    const { toasts } = await import('../../../src/ui/state/toasts.svelte')
    tell([{ type: 'open', open: { ...open, readOnly: 'Another tab has it.' } }])
    expect([lab.readOnly, toasts.items.length]).toEqual(['Another tab has it.', 0])
    tell([{ type: 'open', open }])
    expect([lab.readOnly, toasts.items.map(({ text }) => text)]).toEqual([
      null,
      ['“A run” is not open in another tab any more: it can be trained here now.'],
    ])
    tell([{ type: 'open', open }])
    expect(toasts.items).toHaveLength(1)
  })

  it('forgets a run that is closed, and says that nothing was open', async () => {
    const { lab, kept } = await openedLab('r1')
    await lab.closeRun()
    await expect.poll(() => [lab.run, lab.step]).toEqual([null, 0])
    expect(JSON.parse(kept.get('glasshouse.settings') ?? '')).toMatchObject({ lastRun: null })
  })

  it('asks the browser once not to clear what is kept, when there is something', async () => {
    const persist = vi.fn(() => Promise.resolve(true))
    const { lab } = await openedLab('r1')
    vi.stubGlobal('navigator', { storage: { persist } })
    expect(persist).not.toHaveBeenCalled()
    for (let i = 0; i < 2; i++) await lab.createRun({ name: 'A run', config, prompt: '' })
    expect(persist).toHaveBeenCalledTimes(1)
  })

  it('hears what changes in the list of runs, the last changed first', async () => {
    const { lab } = await openedLab('r1')
    tell([{ type: 'kept', run: { ...run, id: 'r2', updated: 5 } }])
    tell([{ type: 'kept', run: { ...run, id: 'r3', updated: 4 } }])
    tell([{ type: 'kept', run: { ...run, name: 'renamed', updated: 9 } }])
    expect(lab.runs.map(({ id }) => id)).toEqual(['r1', 'r2', 'r3'])
    expect(lab.run?.name).toBe('renamed')
    await lab.remove(lab.runs[1]!)
    expect(lab.runs.map(({ id }) => id)).toEqual(['r1', 'r3'])
    expect(lab.deleted.map(({ id }) => id)).toEqual(['r2'])
    // Another tab brought it back.
    tell([{ type: 'kept', run: { ...run, id: 'r2', updated: 5 } }])
    await lab.remove(lab.runs.find(({ id }) => id === 'r2')!)
    expect(lab.deleted.map(({ id }) => id)).toEqual(['r2'])
  })

  it('publishes at most ten times a second', async () => {
    const { lab } = await openedLab('r1')
    const published = new Set<unknown>()
    for (let i = 0; i < 100; i++) {
      tell([step(3 + i)])
      vi.advanceTimersByTime(10)
      published.add(lab.columns)
    }
    expect(published.size).toBeLessThanOrEqual(11)
    expect(published.size).toBeGreaterThanOrEqual(9)
    expect(lab.columns.step.length).toBeGreaterThanOrEqual(95)
  })

  it('publishes samples at most once a second, and all of them when the run stops', async () => {
    const { lab } = await openedLab('r1')
    const published = new Set<unknown>()
    for (let i = 0; i < 200; i++) {
      tell([said({ type: 'sample', sample: { step: 3 + i, prompt: '', tokens: ['a'], probabilities: [1] } })])
      vi.advanceTimersByTime(10)
      published.add(lab.samples)
    }
    // The empty list, the first sample at once, and one second after another.
    expect(published.size).toBe(3)
    tell([said({ type: 'sample', sample: { step: 203, prompt: '', tokens: ['b'], probabilities: [1] } })])
    tell([said({ type: 'status', status: 'paused', step: 203 })])
    expect(lab.samples.at(-1)?.step).toBe(203)
    tell([said({ type: 'sample', sample: { step: 204, prompt: '', tokens: ['c'], probabilities: [1] } })])
    vi.advanceTimersByTime(1100)
    expect(lab.samples.at(-1)?.step).toBe(204)
  })

  it('hears only of the run that is open', async () => {
    const { lab } = await openedLab('r1')
    tell([{ type: 'run', run: 'another', event: { type: 'step', metrics: metrics(99) } }])
    vi.advanceTimersByTime(200)
    expect(lab.step).toBe(2)
  })

  it('forgets what came after the checkpoint that a run went back to', async () => {
    const { lab } = await openedLab('r1')
    const sample = { step: 4, prompt: '', tokens: ['a'], probabilities: [1] }
    tell([step(3), step(4, 9), said({ type: 'eval', metrics: { step: 4, val_loss: 1, train_loss: 1 } })])
    tell([said({ type: 'sample', sample })])
    vi.advanceTimersByTime(200)
    expect([lab.step, lab.evals.length, lab.samples.length]).toEqual([4, 1, 1])
    tell([said({ type: 'status', status: 'running', step: 2 })])
    expect([lab.step, lab.columns.step.length, lab.evals.length, lab.samples.length]).toEqual([2, 2, 0, 0])
    tell([step(3), step(4, 5)])
    vi.advanceTimersByTime(200)
    expect([...lab.columns.loss]).toEqual([2, 2, 2, 5])
  })

  it('takes up every mark once: two that say the same at one step, and none that its history has', async () => {
    const mark = (id: number) => ({ id, step: 2, text: 'The graphics device was lost.' })
    const { lab } = await openedLab('r1')
    const { toasts } = await import('../../../src/ui/state/toasts.svelte')
    tell([{ type: 'open', open: { ...open, history: { ...open.history, events: [mark(1)] } } }])
    for (const id of [1, 2, 3]) tell([said({ type: 'notice', level: 'error', mark: mark(id) })])
    vi.advanceTimersByTime(200)
    expect(lab.events).toEqual([1, 2, 3].map(mark))
    expect(toasts.items.map(({ text }) => text)).toEqual(['The graphics device was lost.'])
  })

  it('keeps how long the first step took, until another run is opened', async () => {
    const { lab } = await openedLab('r1')
    tell([said({ type: 'first_step', ms: 2100, compile_ms: 1600 })])
    expect(lab.firstStep).toMatchObject({ ms: 2100, compile_ms: 1600 })
    await lab.openRun('r1')
    expect(lab.firstStep).toBeNull()
  })

  it('shows a failure at once, with its reason', async () => {
    const { lab } = await openedLab('r1')
    tell([step(3), said({ type: 'status', status: 'failed', step: 3, reason: 'The loss stopped being finite.' })])
    expect([lab.status, lab.reason, lab.step]).toEqual(['failed', 'The loss stopped being finite.', 3])
    expect(lab.columns.step.at(-1)).toBe(3)
  })

  it('knows how long ago the run was saved, on a clock that nobody sets', async () => {
    vi.setSystemTime(5000)
    const { lab } = await openedLab('r1')
    expect([lab.savedStep, performance.now() - lab.savedAt!]).toEqual([2, 5000])
    vi.setSystemTime(-1e10)
    expect(performance.now() - lab.savedAt!).toBe(5000)
    // Set back since the run was saved: its age is not known.
    await lab.openRun('r1')
    expect([lab.savedStep, lab.savedAt]).toEqual([2, null])
    tell([said({ type: 'checkpoint', step: 7, size_bytes: 1 })])
    vi.advanceTimersByTime(3000)
    expect([lab.savedStep, performance.now() - lab.savedAt!]).toEqual([7, 3000])
  })

  it('measures its pace in wall time', async () => {
    const { lab } = await openedLab('r1')
    await lab.start()
    for (let i = 0; i < 20; i++) {
      tell([step(3 + i)])
      vi.advanceTimersByTime(100)
    }
    expect(lab.pace).toBeCloseTo(10, 0)
  })

  it('says why when the worker does not open', async () => {
    worker.openLab = () => {
      throw new Error('no worker here')
    }
    const { lab } = await openedLab('r1')
    expect([lab.phase, lab.openError?.message]).toEqual(['dead', 'no worker here'])
  })
})
