// Tags and text of HTML or XML in their order, by htmlparser2's tokenizer. The tokenizer keeps no tree and no stack, so its time
// is linear for any input. The parser above it is quadratic in depth.
import { Tokenizer, type TokenizerCallbacks } from 'htmlparser2'

export interface MarkupHandler {
  /** A tag that opens; one that closes itself (`<br/>`) closes at once in XML, and does not close in HTML. */
  open(name: string): void
  close(name: string): void
  /** Text with its entities resolved, in pieces; `at` is the place in the source. */
  text(text: string, at: number): void
}

/** Tells what stands in a source. Names are lower-case in HTML, as written in XML. */
export function readMarkup(source: string, kind: 'html' | 'xml', handler: MarkupHandler): void {
  const xml = kind === 'xml'
  const nameAt = (from: number, to: number) => (xml ? source.slice(from, to) : source.slice(from, to).toLowerCase())
  let tag = ''
  const callbacks: TokenizerCallbacks = {
    ontext: (from, to) => handler.text(source.slice(from, to), from),
    ontextentity: (code, at) => handler.text(String.fromCodePoint(code), at),
    oncdata: (from, to) => handler.text(source.slice(from, to), from),
    onopentagname: (from, to) => {
      tag = nameAt(from, to)
    },
    onopentagend: () => handler.open(tag),
    onselfclosingtag: () => {
      handler.open(tag)
      if (xml) handler.close(tag)
    },
    onclosetag: (from, to) => handler.close(nameAt(from, to)),
    onattribdata: nothing,
    onattribentity: nothing,
    onattribend: nothing,
    onattribname: nothing,
    oncomment: nothing,
    ondeclaration: nothing,
    onprocessinginstruction: nothing,
    onend: nothing,
  }
  const tokenizer = new Tokenizer({ xmlMode: xml, decodeEntities: true }, callbacks)
  tokenizer.write(source)
  tokenizer.end()
}

const nothing = () => undefined
