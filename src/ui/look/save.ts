// What a view shows, to take along: its picture as PNG, its numbers as CSV, under names that say run and step.
import { download } from '../state/actions'
import { look } from './look.svelte'

/** Around a view on its picture, in pixels of the page. */
const MARGIN = 24

/** A name for a file of what is shown: run, step, view. */
function nameOf(what: string, ending: string): string {
  const { name = 'model', step = 0 } = look.info ?? {}
  const slug = name.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '') || 'model'
  return `${slug}-step-${step}-${what}.${ending}`
}

/** Rows of numbers and words, the first of them the heads of the columns (RFC 4180). */
export function saveCsv(what: string, rows: readonly (readonly (string | number)[])[]): void {
  const field = (value: string | number) =>
    typeof value === 'number' ? String(value) : /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value
  const text = rows.map((row) => row.map(field).join(',')).join('\r\n')
  download(nameOf(what, 'csv'), new TextEncoder().encode(`${text}\r\n`))
}

/** The picture on a canvas, as sharp as it is shown. */
export async function savePng(what: string, canvas: HTMLCanvasElement): Promise<void> {
  await saveBlob(what, await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png')))
}

/** A whole view as it stands on the page, for a slide or a sheet: twice as sharp as the screen, on the page's own ground, without its buttons. */
export async function saveView(what: string, view: HTMLElement): Promise<void> {
  const { toBlob } = await import('html-to-image')
  const backgroundColor = getComputedStyle(document.body).backgroundColor
  const filter = (node: HTMLElement) => !(node instanceof HTMLButtonElement && node.classList.contains('plain'))
  const [width, height] = [view.offsetWidth + 2 * MARGIN, view.offsetHeight + 2 * MARGIN]
  const style = { boxSizing: 'border-box', padding: `${MARGIN}px` }
  const fontEmbedCSS = await fontsInUse()
  await saveBlob(
    what,
    await toBlob(view, { pixelRatio: 2, width, height, style, backgroundColor, filter, fontEmbedCSS }),
  )
}

/**
 * The fonts that the page has loaded, as rules with the fonts in them. The library's own search sets a `<base>`, which the page's policy
 * refuses, and then asks for them at the wrong address.
 */
async function fontsInUse(): Promise<string> {
  const key = (family: string, range: string) => `${family.replaceAll(/["']/g, '')} ${range}`
  const loaded = new Set(
    [...document.fonts]
      .filter(({ status }) => status === 'loaded')
      .map(({ family, unicodeRange }) => key(family, unicodeRange)),
  )
  const faces = [...document.styleSheets].flatMap((sheet) =>
    [...sheet.cssRules]
      .filter((rule): rule is CSSFontFaceRule => rule instanceof CSSFontFaceRule)
      .map(({ cssText, style }) => ({ cssText, style, base: sheet.href ?? document.baseURI })),
  )
  const used = faces.filter(({ style }) =>
    loaded.has(key(style.getPropertyValue('font-family'), style.getPropertyValue('unicode-range'))),
  )
  const rules = used.map(async ({ cssText, base }) => {
    const [whole, address] = /url\("?([^")]+)"?\)/.exec(cssText) ?? []
    if (whole === undefined || address === undefined) return cssText
    const font = await (await fetch(new URL(address, base))).blob()
    return cssText.replace(whole, `url("${await dataUrl(font)}")`)
  })
  return (await Promise.all(rules)).join('\n')
}

function dataUrl(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(String(reader.result))
    reader.onerror = () => reject(reader.error ?? new Error('A font could not be read.'))
    reader.readAsDataURL(blob)
  })
}

async function saveBlob(what: string, blob: Blob | null): Promise<void> {
  if (!blob) throw new Error('The browser could not draw this view into a picture. Take a screenshot instead.')
  download(nameOf(what, 'png'), new Uint8Array(await blob.arrayBuffer()))
}
