// How the page looks, for axe and for people: what is wrong with it for someone who cannot see it, and pictures at three widths.
import { mkdirSync, readFileSync } from 'node:fs'
import type { Locator, Page } from 'playwright-core'
import type { Page as FirefoxPage } from 'puppeteer-core'
import { expect } from 'vitest'

const AXE = readFileSync('node_modules/axe-core/axe.min.js', 'utf8')
const SCREENSHOTS = 'test/e2e/screenshots'

/**
 * Resolves when everything that changes colour or size has done so: what is measured is drawn a frame later. A page that draws no frame,
 * since nothing on it changes, is not waited for.
 */
const TRANSITIONS = `Promise.race([
  new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))).then(() =>
    Promise.allSettled(document.getAnimations().filter((a) => a instanceof CSSTransition).map((a) => a.finished))),
  new Promise((enough) => setTimeout(enough, 3000)),
]).then(() => undefined)`

/** Pixels by which the page is wider than its window: 0 where it does not scroll sideways. */
export const widerThanPage = (page: Page) => page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')

/** What axe finds serious or critical, one line each. */
export async function serious(page: Page): Promise<string[]> {
  if (await page.evaluate('!("axe" in window)')) await page.evaluate(AXE)
  const { violations } = await page.evaluate<{
    violations: { id: string; impact: string; nodes: { target: string[]; failureSummary: string }[] }[]
  }>('axe.run(document, { resultTypes: ["violations"] })')
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map((n) => `${n.target.join(' ')} ${n.failureSummary}`).join('; ')}`)
}

/** A picture for people to look at; never compared, and not taken where nobody looks. */
export async function shoot(of: Page | Locator | FirefoxPage, name: string, fullPage = true): Promise<void> {
  if (process.env['CI']) return
  mkdirSync(SCREENSHOTS, { recursive: true })
  const path = `${SCREENSHOTS}/${name}.png`
  await ('goto' in of ? of.screenshot({ path, fullPage }) : of.screenshot({ path }))
}

export type Theme = 'light' | 'dark'
export const BOTH: readonly Theme[] = ['light', 'dark']

/** Puts a theme on. Colours on their way from one theme to the other belong to neither. */
async function wear(page: Page, theme: Theme): Promise<void> {
  await page.emulateMedia({ colorScheme: theme })
  await page.evaluate(TRANSITIONS)
}

/** Looks at the page as it stands in both themes, and leaves it in the first. */
export async function inBoth(page: Page, look: (theme: Theme) => Promise<void>): Promise<void> {
  for (const theme of BOTH) {
    await wear(page, theme)
    await look(theme)
  }
  await wear(page, BOTH[0]!)
}

/** Nothing serious for axe in either theme, and a picture of each, called NAME-THEME. */
export const lookInBoth = (page: Page, name: string, fullPage = true) =>
  inBoth(page, async (theme) => {
    expect(await serious(page), `${name}, ${theme}`).toEqual([])
    await shoot(page, `${name}-${theme}`, fullPage)
  })

/**
 * The page as it stands on a desk, a small screen and a phone: nothing wider than the window, nothing serious for axe, and a picture
 * of each, and of `parts`, called NAME-WIDTH-THEME. It is left in the first theme, on a desk.
 */
export async function lookAt(
  page: Page,
  name: string,
  themes: readonly Theme[],
  parts: Record<string, Locator> = {},
): Promise<void> {
  for (const width of [1440, 1024, 390]) {
    await page.setViewportSize({ width, height: width === 390 ? 844 : 900 })
    for (const theme of themes) {
      await wear(page, theme)
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0)
      if (width !== 1024) expect(await serious(page), `${name} at ${width} px, ${theme}`).toEqual([])
      await shoot(page, `${name}-${width}-${theme}`)
      for (const [part, of] of Object.entries(parts)) await shoot(of, `${name}-${part}-${width}-${theme}`)
    }
  }
  await page.emulateMedia({ colorScheme: themes[0] ?? null })
  await page.setViewportSize({ width: 1440, height: 900 })
}
