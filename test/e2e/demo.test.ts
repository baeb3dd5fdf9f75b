// The single file from a disk, in a frame and on a host, and the module in a page: what they write is what the engine here writes with the same
// weights, and nothing is asked of anybody.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { demoHtml, demoModule, type Player } from '../../src/share/demo/html'
import type { DemoForm, DemoText } from '../../src/words/demo'
import { greedy } from '../share/demo/greedy'
import { bundled, CHAT, KINDS, madeModel } from '../share/demo/made'
import { shippedModel } from '../share/demo/shipped'
import * as b from './browser'
import { serious, shoot } from './looks'

const PROMPT = 'Call me '
const TOLD: DemoText = {
  title: 'A small whaler',
  author: 'Ada, class 9b',
  description: 'It learned from one novel, letter by letter.\n\nAsk it to begin with a name, and it goes to sea.',
  prompt: PROMPT,
}
const HOSTILE = `</title></script><script>document.title='ran'</script><img src=x onerror="document.title='ran'">"'&amp;`
const ORIGIN = { corpus: 'Moby Dick', licence: 'Public domain', step: 2000, val_loss: null }

const folder = mkdtempSync(join(tmpdir(), 'demo-'))
const profile = b.newProfile()
let browser: b.Browser
let page: Page
/** Everything that any page asked for. */
const asked: string[] = []
const write = (name: string, content: string) => {
  const path = join(folder, name)
  writeFileSync(path, content)
  return pathToFileURL(path).href
}
async function demo(
  name: string,
  text: DemoText = TOLD,
  form: DemoForm = 'f16',
  model = shippedModel() as ReturnType<typeof madeModel>,
) {
  return write(name, demoHtml(model, text, ORIGIN, form, (await bundled()).page))
}
const status = () => page.getByRole('status')
const ready = () => status().filter({ hasText: 'Ready.' }).waitFor()
const slide = (label: string, to: number) => page.getByLabel(label).fill(String(to))
const written = () => page.getByRole('group', { name: 'What it wrote' }).textContent()

beforeAll(async () => {
  browser = await b.openBrowser(profile.folder, { webgpu: false })
  browser.context.on('request', (request) => asked.push(request.url()))
  page = browser.context.pages()[0]!
})
afterAll(async () => {
  await browser.close()
  profile.forget()
  rmSync(folder, { recursive: true })
})
beforeEach(() => {
  asked.length = 0
  browser.complaints.length = 0
})

describe.each(['f16', 'int8'] as const)('from the disk, %s', (form) => {
  test('writes the engine’s greedy text, past its context, and asks nobody for anything', async () => {
    const address = await demo(`${form}.html`, TOLD, form)
    await page.goto(address)
    await ready()
    await slide('Temperature', 0)
    await slide('Length', 200)
    await page.getByRole('button', { name: 'Write' }).click()
    await status().filter({ hasText: 'As long as asked for.' }).waitFor()
    expect(await written()).toBe(PROMPT + (await greedy(shippedModel(), form, PROMPT, 200)).join(''))
    expect(asked).toEqual([address])
    expect(browser.complaints).toEqual([])
  })
})

test('in plain JavaScript it writes the same', async () => {
  await page.goto('about:blank')
  await page.goto(`${await demo('plain.html')}#javascript`)
  await status().filter({ hasText: 'plain JavaScript computes' }).waitFor()
  await slide('Temperature', 0)
  await slide('Length', 40)
  await page.getByRole('button', { name: 'Write' }).click()
  await status().filter({ hasText: 'As long as asked for.' }).waitFor()
  expect(await written()).toBe(PROMPT + (await greedy(shippedModel(), 'f16', PROMPT, 40)).join(''))
})

test('it stops when told to, keeps what it wrote, says what it left out, and begins again', async () => {
  await page.goto(await demo('stop.html'))
  await ready()
  await page.getByLabel('Beginning').fill('Ωhoy')
  await slide('Length', 1000)
  // Both in one turn of the page, however fast the model is.
  await page.getByRole('button', { name: 'Write' }).evaluate((button: HTMLButtonElement) => {
    button.click()
    button.click()
  })
  await status().filter({ hasText: 'The model has never seen “Ω”' }).waitFor()
  await status().filter({ hasText: 'Stopped.' }).waitFor()
  const length = (await written())!.length
  expect(await written()).toMatch(/^hoy/)
  expect(length).toBeLessThan(1000)
  await slide('Length', 20)
  await page.getByLabel('Beginning').press('Control+Enter')
  await status().filter({ hasText: 'As long as asked for.' }).waitFor()
})

test('hostile words are shown as they are', async () => {
  await page.goto(
    await demo('hostile.html', { title: HOSTILE, author: HOSTILE, description: HOSTILE, prompt: HOSTILE }),
  )
  await ready()
  expect(await page.title()).toBe(HOSTILE)
  expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(HOSTILE)
  expect(await page.getByLabel('Beginning').inputValue()).toBe(HOSTILE)
  expect(browser.complaints).toEqual([])
})

test('a script that somebody puts into the file does not run, and nothing can be fetched', async () => {
  const html = demoHtml(shippedModel(), TOLD, ORIGIN, 'f16', (await bundled()).page)
  await page.goto(write('changed.html', html.replace('<main>', `<script>document.title='ran'</script><main>`)))
  await ready()
  expect(await page.title()).toBe(TOLD.title)
  const fetched = await page.evaluate(() =>
    fetch('data:text/plain,x').then(
      () => true,
      () => false,
    ),
  )
  expect(fetched).toBe(false)
})

test('a damaged file says so', async () => {
  const html = demoHtml(shippedModel(), TOLD, ORIGIN, 'f16', (await bundled()).page)
  const at = html.indexOf('id="model">') + 20_000
  await page.goto(write('damaged.html', html.slice(0, at) + html.slice(at + 4_000)))
  await page.getByRole('alert').filter({ hasText: 'The model could not be opened' }).waitFor()
})

test('a chat answers in turns, in a frame without an origin', async () => {
  const model = madeModel(KINDS['Llama']!, CHAT)
  await demo('chat.html', { ...TOLD, title: 'A talker', prompt: 'hello' }, 'f16', model)
  await page.goto(
    write(
      'frame.html',
      '<!doctype html><iframe sandbox="allow-scripts" src="chat.html" width="700" height="700"></iframe>',
    ),
  )
  const frame = page.frameLocator('iframe')
  await frame.getByRole('status').filter({ hasText: 'Ready.' }).waitFor()
  await frame.getByLabel('Temperature').fill('0')
  await frame.getByLabel('Length').fill('20')
  await frame.getByLabel('Your message').press('Enter')
  const turns = frame.getByRole('log').getByRole('listitem')
  await frame.getByRole('button', { name: 'Send' }).waitFor()
  const free = await greedy(model, 'f16', '<|user|>hello<|end|><|assistant|>', 20)
  const end = free.findIndex((token) => /^<\|end/.test(token))
  await expect
    .poll(() => turns.allTextContents())
    .toEqual(['You: hello', `Model: ${free.slice(0, end < 0 ? 20 : end).join('')}`])
  await frame.getByLabel('Your message').fill('again')
  await frame.getByRole('button', { name: 'Send' }).click()
  await expect.poll(() => turns.count()).toBe(4)
  await frame.getByRole('button', { name: 'Send' }).waitFor()
  await frame.getByRole('button', { name: 'Start again' }).click()
  expect(await turns.count()).toBe(0)
})

test('nothing serious for axe at three widths in both themes, nothing past the edge', async () => {
  const address = await demo('looks.html')
  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme })
    await page.goto(address)
    await ready()
    await page.getByRole('button', { name: 'Write' }).click()
    await status().filter({ hasText: 'As long as asked for.' }).waitFor()
    for (const width of [1440, 1024, 390]) {
      await page.setViewportSize({ width, height: 900 })
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0)
      await shoot(page, `demo-${width}-${theme}`)
    }
    await page.locator('summary').click()
    expect(await serious(page)).toEqual([])
    await page.setViewportSize({ width: 1440, height: 900 })
  }
  await page.emulateMedia({ colorScheme: 'light' })
})

describe('on a host', () => {
  let server: Server
  let address = ''
  beforeAll(async () => {
    const files: Record<string, [string, string]> = {
      '/deep/demo.html': ['text/html', demoHtml(shippedModel(), TOLD, ORIGIN, 'f16', (await bundled()).page)],
      '/deep/model.js': ['text/javascript', demoModule(shippedModel(), TOLD, 'int8', (await bundled()).embed)],
      '/deep/': ['text/html', '<!doctype html><title>A site</title>'],
    }
    server = createServer((request, response) => {
      const [type, content] = files[request.url ?? ''] ?? ['text/plain', null]
      response.writeHead(content === null ? 404 : 200, { 'content-type': type }).end(content ?? '')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/deep/`
  })
  afterAll(() => server.close())

  test('the page opens', async () => {
    await page.goto(`${address}demo.html`)
    await ready()
    expect(asked.filter((url) => !url.endsWith('/favicon.ico'))).toEqual([`${address}demo.html`])
  })

  test('a site takes the module in, and it writes', async () => {
    await page.goto(address)
    // As text: what compiles the tests would make another import of it.
    const text = await page.evaluate(`(async () => {
      const { open } = await import(new URL('./model.js', document.baseURI).href)
      const model = await open()
      let text = ''
      for await (const token of model.write(${JSON.stringify(PROMPT)}, { temperature: 0, max_tokens: 80 })) text += token
      return text
    })()`)
    expect(text).toBe((await greedy(shippedModel(), 'int8', PROMPT, 80)).join(''))
    expect(asked.filter((url) => !url.endsWith('/favicon.ico'))).toEqual([address, `${address}model.js`])
  })
})

test('the built page shows it in a frame, under its own policy', async () => {
  const site = await b.serveDist()
  try {
    await b.open(browser, site.address + b.SUB_PATH.slice(1))
    const player = JSON.parse(readFileSync('dist/demo/page.json', 'utf8')) as Player
    await page.evaluate(
      (srcdoc) => {
        const frame = document.createElement('iframe')
        frame.setAttribute('sandbox', 'allow-scripts')
        frame.srcdoc = srcdoc
        document.querySelector('main')?.append(frame)
      },
      demoHtml(shippedModel(), TOLD, ORIGIN, 'int8', player),
    )
    const frame = page.frameLocator('iframe')
    await frame.getByRole('status').filter({ hasText: 'Ready.' }).waitFor()
    await frame.getByRole('button', { name: 'Write' }).click()
    await frame.getByRole('status').filter({ hasText: 'As long as asked for.' }).waitFor()
    expect(browser.complaints).toEqual([])
    expect(asked.filter((url) => !url.startsWith(site.address) && !url.startsWith('about:'))).toEqual([])
  } finally {
    await page.goto('about:blank')
    site.close()
  }
})

test('on WebGPU, where that is asked for, it writes the same', async () => {
  const other = b.newProfile()
  const gpu = await b.openBrowser(other.folder, { webgpu: true })
  try {
    const model = madeModel(KINDS['Llama']!)
    const tab = gpu.context.pages()[0]!
    await tab.goto(`${await demo('gpu.html', { ...TOLD, prompt: 'once upon' }, 'f16', model)}#gpu`)
    await tab.getByRole('status').filter({ hasText: 'SwiftShader' }).waitFor()
    await tab.getByLabel('Temperature').fill('0')
    await tab.getByLabel('Length').fill('40')
    await tab.getByRole('button', { name: 'Write' }).click()
    await tab.getByRole('status').filter({ hasText: 'As long as asked for.' }).waitFor()
    const text = await tab.getByRole('group', { name: 'What it wrote' }).textContent()
    expect(text).toBe(`once upon${(await greedy(model, 'f16', 'once upon', 40)).join('')}`)
    expect(gpu.complaints).toEqual([])
  } finally {
    await gpu.close()
    other.forget()
  }
})
