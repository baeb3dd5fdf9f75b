// The browser is killed at any instant, as a power cut would: while a run trains, and in the middle of each call that reads or writes the
// disk. The profile must hold the run at a step no older than the newest that the page showed as saved, everything else byte for byte as
// it was, and nothing by halves; the page must open on it and go on.
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Locator, Page } from 'playwright-core'
import { fingerprint } from '../../src/data/dataset/dataset'
import { Rng } from '../../src/rng'
import { encodeCheckpoint } from '../../src/storage/checkpoint'
import { m } from '../../src/ui/messages'
import type { RunSpec } from '../../src/words/run'
import * as b from '../e2e/browser'
import { TEXT, tinyCheckpoint, tinyConfig, tinyHistory, tinySpec } from '../storage/tiny'
import { lineOf, openRun, savedBeyond, savedStep, train } from './page'
import { changes, complaintsOf, heartbeat, inspect, pageOf, reopened, type Inside } from './profile'
import { Tally, Worst, type Finding } from './tally'

const WITNESS = /^witness$/
const COPY = /^witness \(copy\)$/
/** What the page calls a run on pasted text begins otherwise. */
const TRAINED = /^(?!witness)/
/** A run trains for at most so long before the browser is killed: past the next save. */
const TRAINING_MS = 4_500
const SLOW = 1.3
const STEPS = 700

/** An exported run of some two megabytes, so that a call takes long enough to be killed in. */
async function witness(folder: string): Promise<string> {
  const spec: RunSpec = {
    ...tinySpec,
    name: 'witness',
    config: { ...tinyConfig, n_embd: 112, n_inner: 448 },
    corpus: { ...tinySpec.corpus, fingerprint: await fingerprint(TEXT) },
  }
  const extra = { text: new TextEncoder().encode(TEXT), history: tinyHistory(STEPS), notes: 'seen' }
  const file = join(folder, 'witness.safetensors')
  writeFileSync(file, encodeCheckpoint(tinyCheckpoint(STEPS, spec), extra))
  return file
}

const importer = (page: Page) => page.locator('main header input[type=file]')

/** A profile with a run that has trained a little, a witness that was imported, and a copy of it; the browser is closed. */
async function furnished(folder: string, site: string): Promise<{ profile: string; file: string }> {
  const profile = join(folder, 'profile')
  const file = await witness(folder)
  const browser = await reopened(profile)
  const page = await b.open(browser, site)
  await train(page)
  await savedBeyond(page, 1)
  await b.pause(page)
  await b.stage(page, 'runs').click()
  await importer(page).setInputFiles(file)
  const line = await lineOf(page, WITNESS)
  await line.getByRole('button', { name: m.runs.duplicate }).click()
  await (await lineOf(page, COPY)).waitFor()
  await browser.close()
  return { profile, file }
}

const idOf = ({ runs }: Inside, name: RegExp) => [...runs].find(([, run]) => name.test(run.name))![0]

export async function killsInTraining(seed: number, kills: number, log: (line: string) => void): Promise<Finding> {
  const tally = new Tally('killed in training')
  const lost = new Worst()
  const frozen = new Worst()
  const rng = new Rng(seed, 9000)
  const folder = mkdtempSync(join(tmpdir(), 'torture-'))
  const site = await b.serveDist()
  try {
    const { profile } = await furnished(folder, site.address)
    let browser = await reopened(profile)
    let before = await inspect(await pageOf(browser), site.address)
    const trained = idOf(before, TRAINED)
    for (let kill = 0; kill < kills; kill++) {
      const wrong: string[] = []
      const page = await b.open(browser, site.address)
      await openRun(page, TRAINED)
      const opened = await b.stepOf(page)
      if (opened !== before.runs.get(trained)!.step) wrong.push(`the page opens it at step ${opened}`)
      await b.resume(page)
      const after_ms = rng.below(TRAINING_MS)
      let bound = opened
      let reached = opened
      const end = performance.now() + after_ms
      while (performance.now() < end) {
        bound = Math.max(bound, await savedStep(page))
        reached = await b.stepOf(page)
        await setTimeout(5)
      }
      frozen.see(await heartbeat(page), `kill ${kill}`)
      await browser.kill()
      wrong.push(...complaintsOf(browser))
      browser = await reopened(profile)
      const after = await inspect(await pageOf(browser), site.address)
      const step = after.runs.get(trained)?.step ?? -1
      if (step < bound) wrong.push(`it stands at step ${step}, and the page had shown ${bound} as saved`)
      wrong.push(...after.wrong, ...changes(before, after, (key) => !key.includes(trained)))
      lost.see(reached - step, `kill ${kill}`)
      log(`kill ${kill}: after ${after_ms} ms, shown as saved ${bound}, reached ${reached}, kept ${step}`)
      tally.add(`kill ${kill}`, wrong)
      before = after
    }
    const page = await b.open(browser, site.address)
    await openRun(page, TRAINED)
    await b.resume(page)
    const step = await b.stepOf(page)
    await b.reach(page, step + 20)
    await browser.close()
  } finally {
    site.close()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  if (!Number.isFinite(frozen.value)) tally.add('the last', ['a page was frozen'])
  tally.worst = `${lost.value} steps after the last save; frames within ${Math.round(frozen.value)} ms`
  return tally.finding
}

/** A call of the page that reads or writes the disk. */
interface Call {
  name: string
  /** What there is to be pressed, once everything before has been done. */
  ready(page: Page): Promise<Locator>
  /** Until the page shows that it is done. */
  done(page: Page): Promise<unknown>
  /** Whether a record may be another than before: of the run that it is about. */
  mayChange(key: string, ids: { copy: string; all: readonly string[] }): boolean
  /** The names, and a note that is new, of all runs: before it, and after it. */
  outcomes: readonly string[][]
}

const RUNS = ['trained', 'witness', 'witness (copy)']
const press = async (page: Page, name: string) => (await lineOf(page, COPY)).getByRole('button', { name, exact: true })
const isOf = (id: string) => (key: string) => key.includes(id)
/** A key of no run that was there. */
const isNew = (key: string, all: readonly string[]) => !all.some((id) => key.includes(id)) && !key.includes('"shared"')

const CALLS: readonly Call[] = [
  {
    name: 'duplicate',
    ready: (page) => press(page, m.runs.duplicate),
    done: async (page) => (await lineOf(page, /\(copy\) \(copy\)/)).waitFor(),
    mayChange: (key, { all }) => isNew(key, all),
    outcomes: [RUNS, [...RUNS, 'witness (copy) (copy)']],
  },
  {
    name: 'delete',
    ready: (page) => press(page, m.runs.delete),
    done: async (page) => (await lineOf(page, COPY)).waitFor({ state: 'detached' }),
    mayChange: (key, { copy }) => isOf(copy)(key),
    outcomes: [RUNS, RUNS.slice(0, 2)],
  },
  {
    name: 'restore',
    async ready(page) {
      await (await press(page, m.runs.delete)).click()
      const undo = page.getByRole('main').getByRole('button', { name: `${m.undo}: witness (copy)` })
      await undo.waitFor()
      return undo
    },
    done: async (page) => (await lineOf(page, COPY)).waitFor(),
    mayChange: (key, { copy }) => isOf(copy)(key),
    outcomes: [RUNS, RUNS.slice(0, 2)],
  },
  {
    name: 'rename',
    async ready(page) {
      await (await press(page, m.runs.rename)).click()
      await page.getByRole('textbox', { name: m.runs.renameLabel('witness (copy)') }).fill('another')
      return page.getByRole('main').getByRole('button', { name: m.runs.save, exact: true })
    },
    done: async (page) => (await lineOf(page, /^another$/)).waitFor(),
    mayChange: (key, { copy }) => key === JSON.stringify(['run', copy]),
    outcomes: [RUNS, [...RUNS.slice(0, 2), 'another'].sort()],
  },
  {
    name: 'note',
    async ready(page) {
      await (await press(page, m.runs.note)).click()
      await page.getByRole('textbox', { name: m.runs.notesLabel('witness (copy)') }).fill('noted')
      return page.getByRole('main').getByRole('button', { name: m.runs.save, exact: true })
    },
    done: (page) => page.getByRole('main').getByText('noted').waitFor(),
    mayChange: (key, { copy }) => key === JSON.stringify(['run', copy]),
    outcomes: [RUNS, [...RUNS.slice(0, 2), 'witness (copy), noted']],
  },
  {
    name: 'export',
    ready: (page) => press(page, m.runs.export),
    done: (page) => page.waitForEvent('download'),
    mayChange: () => false,
    outcomes: [RUNS],
  },
  {
    name: 'import',
    async ready(page) {
      await b.stage(page, 'runs').click()
      return importer(page)
    },
    done: (page) => b.until('another witness', async () => (await (await lineOf(page, WITNESS)).count()) === 2),
    mayChange: (key, { all }) => isNew(key, all),
    outcomes: [RUNS, [...RUNS, 'witness'].sort()],
  },
]

/** Kills in the middle of each call, one call after the other. */
export async function killsInCalls(seed: number, kills: number, log: (line: string) => void): Promise<Finding[]> {
  const folder = mkdtempSync(join(tmpdir(), 'torture-'))
  const site = await b.serveDist()
  const frozen = new Worst()
  const tallies = CALLS.map(({ name }) => new Tally(`killed in ${name}`))
  const took_ms = new Map<Call, number>()
  const done = new Map<Call, number>()
  const rng = new Rng(seed, 9100)
  try {
    const { profile: base, file } = await furnished(folder, site.address)
    const first = await reopened(base)
    const before = await inspect(await pageOf(first), site.address)
    await first.close()
    const ids = { copy: idOf(before, COPY), all: [...before.runs.keys()] }
    for (let kill = 0; kill < kills; kill++) {
      const i = kill % CALLS.length
      const call = CALLS[i]!
      const profile = join(folder, `kill-${kill}`)
      cpSync(base, profile, { recursive: true })
      const browser = await reopened(profile)
      const page = await b.open(browser, site.address)
      const button = await call.ready(page)
      const fire = () =>
        call.name === 'import'
          ? button.setInputFiles(file)
          : button.evaluate((element) => (element as HTMLElement).click())
      const known = took_ms.get(call)
      const from = performance.now()
      const fired = fire().catch(() => {})
      // Once the call is let through, to see how long it takes here.
      if (known === undefined) {
        await Promise.all([fired, call.done(page)])
        took_ms.set(call, performance.now() - from)
        await browser.close()
        rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
        kill--
        continue
      }
      await setTimeout(rng.uniform() * known * SLOW)
      const after_ms = performance.now() - from
      await browser.kill()
      await fired

      const next = await reopened(profile)
      const after = await inspect(await pageOf(next), site.address)
      const wrong = [...after.wrong, ...changes(before, after, (key) => !call.mayChange(key, ids))]
      const names = [...after.runs.values()].map(({ name, notes }) => {
        const known = TRAINED.test(name) && name !== 'another' ? 'trained' : name
        return notes === 'noted' ? `${known}, noted` : known
      })
      const outcome = call.outcomes.findIndex((one) => String([...one].sort()) === String(names.sort()))
      if (outcome < 0) wrong.push(`the runs are ${names.join(', ')}`)
      if (outcome > 0) done.set(call, (done.get(call) ?? 0) + 1)
      // The page opens on it, and shows what is there.
      const again = await b.open(next, site.address)
      frozen.see(await heartbeat(again), `${call.name}, kill ${kill}`)
      await lineOf(again, WITNESS)
      const lines = again.getByRole('main').getByRole('listitem')
      await b.until('the runs in the page', async () => (await lines.count()) === after.runs.size)
      wrong.push(...complaintsOf(next))
      await next.close()
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
      log(`${call.name}: killed after ${Math.round(after_ms)} ms, ${outcome > 0 ? 'done' : 'as before'}`)
      tallies[i]!.add(`kill ${kill}`, wrong)
    }
  } finally {
    site.close()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  for (const [i, call] of CALLS.entries()) {
    const took = Math.round(took_ms.get(call) ?? 0)
    tallies[i]!.worst = `${done.get(call) ?? 0} done, the rest as before; a call takes ${took} ms`
  }
  if (!Number.isFinite(frozen.value)) tallies[0]!.add('the last', ['a page was frozen'])
  return tallies.map((tally) => tally.finding).filter(({ tried }) => tried > 0)
}
