// Files as other programs would write them, made small and by hand: zip archives (by fflate), Word documents, PDFs.
import { strToU8, zipSync } from 'fflate'

export const utf8 = (text: string) => new TextEncoder().encode(text)

/** A zip archive of texts and bytes by path. */
export function zipOf(files: Record<string, string | Uint8Array>): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(files).map(([path, data]) => [path, typeof data === 'string' ? strToU8(data) : data])
  return new Uint8Array(zipSync(Object.fromEntries(entries) as Record<string, Uint8Array>))
}

/** Overwrites what a zip's table of contents says of its entry number `index`: a field by its offset in the record. */
export function withDirectoryField(
  zip: Uint8Array<ArrayBuffer>,
  index: number,
  field: number,
  value: number,
  bytes: 2 | 4,
): Uint8Array<ArrayBuffer> {
  const copy = zip.slice()
  const view = new DataView(copy.buffer)
  let at = view.getUint32(copy.length - 6, true)
  for (let i = 0; i < index; i++)
    at += 46 + view.getUint16(at + 28, true) + view.getUint16(at + 30, true) + view.getUint16(at + 32, true)
  if (bytes === 2) view.setUint16(at + field, value, true)
  else view.setUint32(at + field, value, true)
  return copy
}

/** A Word document with this between its body's tags. */
export function docxOf(body: string): Uint8Array<ArrayBuffer> {
  const w = 'http://schemas.openxmlformats.org/wordprocessingml/2006/main'
  return zipOf({
    '[Content_Types].xml': '<Types/>',
    'word/document.xml': `<?xml version="1.0"?><w:document xmlns:w="${w}"><w:body>${body}</w:body></w:document>`,
  })
}

/** A PDF with a page for each content stream, and Helvetica as /F1; `trailer` goes into its last dictionary. */
export function pdfOf(pages: readonly string[], trailer = ''): Uint8Array<ArrayBuffer> {
  const kids = pages.map((_, i) => `${4 + 2 * i} 0 R`).join(' ')
  const objects = [
    '<</Type/Catalog/Pages 2 0 R>>',
    `<</Type/Pages/Kids[${kids}]/Count ${pages.length}>>`,
    '<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>',
    ...pages.flatMap((content, i) => [
      `<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents ${5 + 2 * i} 0 R/Resources<</Font<</F1 3 0 R>>>>>>`,
      `<</Length ${content.length}>>stream\n${content}\nendstream`,
    ]),
  ]
  let out = '%PDF-1.4\n'
  const offsets = objects.map((object, i) => {
    const at = out.length
    out += `${i + 1} 0 obj\n${object}\nendobj\n`
    return `${String(at).padStart(10, '0')} 00000 n \n`
  })
  const size = objects.length + 1
  const table = `xref\n0 ${size}\n0000000000 65535 f \n${offsets.join('')}`
  return utf8(`${out}${table}trailer<</Size ${size}/Root 1 0 R${trailer}>>\nstartxref\n${out.length}\n%%EOF`)
}

/** A content stream that sets lines, each so far below the one before (in points; letters are 12 high). */
export function linesOf(...lines: [text: string, down: number][]): string {
  return `BT /F1 12 Tf 50 700 Td ${lines.map(([text, down]) => `0 ${-down} Td (${text}) Tj`).join(' ')} ET`
}
