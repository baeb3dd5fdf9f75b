// The text of a Word document (.docx, ECMA-376 WordprocessingML): a zip archive whose word/document.xml has paragraphs w:p of runs
// w:t. A paragraph is a line; cells of a row are apart by tabs. Deleted text, field codes and footnotes are not read.
import { CorpusError } from '../../errors'
import { decodeText, tidy } from './encoding'
import { readMarkup } from './markup'
import { refuseTooLarge } from './read_text'
import { unzip, type ZipEntry } from './zip'

/** Elements that stand for a character, and where: as they open. */
const CHARACTERS: Record<string, string> = {
  'w:tab': '\t',
  'w:br': '\n',
  'w:cr': '\n',
  'w:noBreakHyphen': '\u2011',
  'w:softHyphen': '\u00ad',
}
/** The same drawing again, for programs that cannot read the first. */
const AGAIN = 'mc:Fallback'

/** The text of a document, from the entries of its archive. Throws CorpusError, naming `name`: no document in it, damaged, too large. */
export function docxText(name: string, bytes: Uint8Array, entries: readonly ZipEntry[]): string {
  const entry = entries.find((e) => e.name === `${name}/word/document.xml`)
  if (!entry) throw new CorpusError(`${name} has no document in it. Save it again as .docx, or as plain text (.txt).`)
  refuseTooLarge(entry.name, entry.size)
  return tidy(documentText(decodeText(name, unzip(bytes, entry), []))).trim()
}

function documentText(xml: string): string {
  const parts: string[] = []
  let inText = false
  /** How deep inside rows, whose paragraphs run on in their cell, and inside what is there twice. */
  let rows = 0
  let again = 0
  let cells = 0
  let runsOn = false

  const open = (name: string) => {
    if (name === AGAIN) again++
    if (again > 0) return
    if (name === 'w:t') inText = true
    else if (name === 'w:tr') {
      rows++
      cells = 0
    } else if (name === 'w:tc') {
      if (cells++ > 0) parts.push('\t')
      runsOn = false
    } else if (Object.hasOwn(CHARACTERS, name)) parts.push(CHARACTERS[name]!)
  }
  const close = (name: string) => {
    if (name === AGAIN) again = Math.max(0, again - 1)
    if (again > 0) return
    if (name === 'w:t') inText = false
    else if (name === 'w:p' && rows > 0) runsOn = true
    else if (name === 'w:p') parts.push('\n')
    else if (name === 'w:tr') {
      rows = Math.max(0, rows - 1)
      parts.push('\n')
    }
  }
  const text = (said: string) => {
    if (!inText || again > 0) return
    if (runsOn && rows > 0) parts.push(' ')
    runsOn = false
    parts.push(said)
  }
  readMarkup(xml, 'xml', { open, close, text })
  return parts.join('')
}
