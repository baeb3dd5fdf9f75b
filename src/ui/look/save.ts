// What a view shows, to take along: its picture as PNG, its numbers as CSV, under names that say run and step.
import { download } from '../state/actions'
import { look } from './look.svelte'

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
  await saveBlob(what, await toBlob(view, { pixelRatio: 2, backgroundColor, filter }))
}

async function saveBlob(what: string, blob: Blob | null): Promise<void> {
  if (!blob) throw new Error('The browser could not draw this view into a picture. Take a screenshot instead.')
  download(nameOf(what, 'png'), new Uint8Array(await blob.arrayBuffer()))
}
