// A hidden tab keeps training. Playwright keeps every tab visible, so this browser is driven by the DevTools protocol itself,
// over a pipe (chromedevtools.github.io/devtools-protocol), on a profile in which a run has been prepared.
import { spawn } from 'node:child_process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { m } from '../../src/ui/messages'
import * as b from './browser'

const profile = b.newProfile()
let site: Awaited<ReturnType<typeof b.serveDist>>
beforeAll(async () => {
  site = await b.serveDist()
})
afterAll(() => {
  site.close()
  profile.forget()
})

type Answer = Record<string, unknown> & { result?: { value?: unknown } }

function launch() {
  const flags = [
    ...b.FLAGS,
    ...b.WEBGPU,
    '--headless=new',
    '--remote-debugging-pipe',
    `--user-data-dir=${profile.folder}`,
  ]
  const child = spawn(b.chromiumPath(), flags, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] })
  const [, , , write, read] = child.stdio
  if (!write || !read || !('write' in write)) throw new Error('the browser has no pipe')
  const waiting = new Map<number, (answer: Answer) => void>()
  let id = 0
  let text = ''
  read.on('data', (data: Buffer) => {
    const messages = (text + data.toString()).split('\0')
    text = messages.pop() ?? ''
    for (const message of messages) {
      const { id: of, result } = JSON.parse(message) as { id?: number; result?: Answer }
      if (of !== undefined) waiting.get(of)?.(result ?? {})
    }
  })
  const send = (method: string, params: object = {}, sessionId?: string) =>
    new Promise<Answer>((resolve) => {
      waiting.set(++id, resolve)
      write.write(`${JSON.stringify({ id, method, params, ...(sessionId && { sessionId }) })}\0`)
    })
  const close = () =>
    new Promise((resolve) => {
      child.on('exit', resolve)
      child.kill()
    })
  return { send, close }
}

test('a hidden tab keeps training', async () => {
  const browser = await b.openBrowser(profile.folder)
  const page = await b.open(browser, site.address)
  await b.prepare(page, { steps: 100_000, fields: { eval_interval: 100_000 } })
  await b.go(page)
  await b.pause(page)
  await browser.close()

  const { send, close } = launch()
  try {
    const { targetId } = await send('Target.createTarget', { url: site.address })
    const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true })
    const ask = async (expression: string) =>
      (await send('Runtime.evaluate', { expression }, String(sessionId))).result?.value
    const resume = `[...document.querySelectorAll('.strip button')].find((b) => b.textContent.includes('${m.strip.resume}') && !b.disabled)`
    await expect.poll(() => ask(`${resume} !== undefined`)).toBe(true)
    await ask(`${resume}.click()`)
    const step = async () =>
      Number(await ask(`document.querySelector('[role=progressbar]').getAttribute('aria-valuenow')`))
    const start = await step()
    await expect.poll(step).toBeGreaterThan(start)

    await send('Target.createTarget', { url: 'about:blank' })
    await expect.poll(() => ask('document.visibilityState')).toBe('hidden')
    const hidden = await step()
    await expect.poll(step).toBeGreaterThan(hidden + 20)
    expect(await ask('document.visibilityState')).toBe('hidden')
  } finally {
    await close()
  }
})
