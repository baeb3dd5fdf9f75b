// The built page in Firefox, over WebDriver BiDi: what browser.ts does in Chromium, as far as a test here needs it.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import puppeteer, { ElementHandle, type Page } from 'puppeteer-core'
import { m } from '../../src/ui/messages'
import { findFirefox } from '../machine.mjs'
import { PATIENCE_MS, until } from './browser'

export interface Firefox {
  page: Page
  /** Everything that the page complained of. */
  complaints: string[]
  /** The one file that was downloaded; waits until it is whole. */
  downloaded(): Promise<Uint8Array>
  close(): Promise<void>
}

/** Opens Firefox with a profile of its own, which `close` takes away. */
export async function openFirefox(): Promise<Firefox> {
  const executablePath = findFirefox()
  if (!executablePath) throw new Error('No Firefox. On Debian: apt install firefox-esr; or name one in FIREFOX=/path.')
  const folder = mkdtempSync(join(tmpdir(), 'firefox-'))
  const downloads = join(folder, 'downloads')
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath,
    userDataDir: folder,
    defaultViewport: { width: 1440, height: 900 },
    protocolTimeout: PATIENCE_MS,
    extraPrefsFirefox: {
      'browser.download.dir': downloads,
      // Into that folder.
      'browser.download.folderList': 2,
      'browser.download.useDownloadDir': true,
      'browser.helperApps.neverAsk.saveToDisk': 'application/octet-stream',
    },
  })
  const page = (await browser.pages())[0] ?? (await browser.newPage())
  page.setDefaultTimeout(PATIENCE_MS)
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  return {
    page,
    complaints,
    async downloaded() {
      let files: string[] = []
      await until('a downloaded file', () => {
        files = readdirSync(folder).includes('downloads') ? readdirSync(downloads) : []
        return files.length === 1 && !files[0]!.endsWith('.part')
      })
      return readFileSync(join(downloads, files[0]!))
    },
    async close() {
      await browser.close()
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** The button of that name, once it can be pressed. Looked for in the page: Firefox takes long to walk its accessibility tree. */
export async function press(page: Page, name: string): Promise<void> {
  await until(`a button “${name}”`, async () => {
    const found = await page.evaluateHandle(
      (wanted) =>
        [...document.querySelectorAll('button')].find(
          (button) => (button.ariaLabel ?? button.textContent.trim()) === wanted && !button.disabled,
        ),
      name,
    )
    if (!(found instanceof ElementHandle)) return false
    await found.click()
    return true
  })
}
/** Whether there is a button whose name begins so. */
export async function hasButton(page: Page, beginning: string): Promise<boolean> {
  const names = await page.$$eval('button', (all) => all.map((button) => button.ariaLabel ?? button.textContent.trim()))
  return names.some((name) => name.startsWith(beginning))
}

export async function goTo(page: Page, stage: keyof typeof m.stages.hints): Promise<void> {
  await page.locator(`nav a[href="#/${stage}"]`).click()
  await page.locator(`nav a[href="#/${stage}"][aria-current="page"]`).wait()
}

/** Fills a field and says so by Enter: Tab leaves no field of a window that has no screen. */
export async function fill(page: Page, selector: string, value: string): Promise<void> {
  await page.locator(selector).fill(value)
  await page.focus(selector)
  await page.keyboard.press('Enter')
}

/** Until the run strip says so. */
export const stateIs = (page: Page, state: string) => says(page, `section[aria-label="${m.strip.label}"]`, state)

export async function stepOf(page: Page): Promise<number> {
  return Number(await page.$eval('[role="progressbar"]', (bar) => bar.getAttribute('aria-valuenow')))
}

/** Until the worker has opened its engine. */
export async function opened(page: Page): Promise<void> {
  await page.locator('.tools .dot.gpu, .tools .dot.cpu').wait()
}

/** Until one of the elements has this text in it. */
export async function says(page: Page, selector: string, text: string): Promise<void> {
  const texts = () => page.$$eval(selector, (elements) => elements.map(({ textContent }) => textContent))
  await until(text, async () => (await texts()).some((said) => said.includes(text)))
}
