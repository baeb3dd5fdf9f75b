// The writer of the single file: the same bytes twice, a policy whose hashes are those of what stands there, and words that stay words.
import { createHash } from 'node:crypto'
import { Parser } from 'htmlparser2'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { demoHtml } from '../../../src/share/demo/html'
import { unpack } from '../../../src/share/demo/packed'
import type { DemoText } from '../../../src/words/demo'
import { bundled, CHAT, KINDS, madeModel, ORIGIN, TEXT } from './made'

const made = async (text: DemoText = TEXT, tokenizer = CHAT, origin = ORIGIN) =>
  demoHtml(madeModel(KINDS['Llama']!, tokenizer), text, origin, 'f16', (await bundled()).page)

/** What a browser would find: elements with their attributes, and the text of each. */
function parsed(html: string): { name: string; attributes: Record<string, string>; text: string }[] {
  const found: { name: string; attributes: Record<string, string>; text: string }[] = []
  const open: typeof found = []
  const parser = new Parser({
    onopentag(name, attributes) {
      const element = { name, attributes, text: '' }
      found.push(element)
      open.push(element)
    },
    ontext(text) {
      const last = open.at(-1)
      if (last) last.text += text
    },
    onclosetag() {
      open.pop()
    },
  })
  parser.end(html)
  return found
}
const shape = (html: string) => parsed(html).map(({ name, attributes }) => [name, Object.keys(attributes)])

test('the same bytes twice, and under 300 KB beside the weights', async () => {
  const html = await made()
  expect(await made()).toBe(html)
  const { text } = parsed(html).find(({ attributes }) => attributes['id'] === 'model')!
  expect(Buffer.byteLength(html) - text.length).toBeLessThan(300_000)
  expect(unpack(text).title).toBe(TEXT.title)
})

test('the policy lets in the script and the style by their hashes, and nothing else', async () => {
  const elements = parsed(await made())
  const policy = elements.find(({ attributes }) => attributes['http-equiv'] === 'Content-Security-Policy')!
  const parts = new Map(policy.attributes['content']!.split('; ').map((part) => [part.split(' ')[0]!, part]))
  const textOf = (name: string, type?: string) =>
    elements.filter((element) => element.name === name && element.attributes['type'] === type).map(({ text }) => text)
  const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
  const [script, style] = [textOf('script', 'module'), textOf('style')]
  expect([script.length, style.length]).toEqual([1, 1])
  expect(Object.fromEntries(parts)).toEqual({
    'default-src': "default-src 'none'",
    'script-src': `script-src ${hash(script[0]!)} 'wasm-unsafe-eval'`,
    'style-src': `style-src ${hash(style[0]!)}`,
    'base-uri': "base-uri 'none'",
    'form-action': "form-action 'none'",
  })
  // What is asked of nobody: no element names an address.
  expect(
    elements.flatMap(({ attributes }) => Object.keys(attributes)).filter((name) => /src|href|on/.test(name)),
  ).toEqual(['content', 'content', 'content', 'content'])
  expect(elements.filter(({ name }) => name === 'link' || name === 'img' || name === 'iframe')).toEqual([])
})

const HOSTILE = [
  '</title><script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  '<!--',
  ']]></style></script>',
  "' onload='x",
  '&lt;b&gt; &amp; \0 \u{d800} \u2028',
  '</h1></main><base href=//evil>',
]

test('hostile words are words: the page has the same elements, and shows what was written', async () => {
  const plain = await made()
  for (const words of HOSTILE) {
    const html = await made(
      { title: words, author: words, description: words, prompt: words },
      { ...CHAT, vocab: [...CHAT.vocab, words] },
      { ...ORIGIN, corpus: words, licence: words },
    )
    expect(shape(html)).toEqual(shape(plain))
    const shown = words.toWellFormed().replace('\0', '�')
    const elements = parsed(html)
    expect(elements.find(({ name }) => name === 'title')!.text).toBe(shown)
    expect(elements.find(({ name }) => name === 'h1')!.text).toBe(shown)
    expect(elements.filter(({ name, text }) => name === 'dd' && text === shown)).toHaveLength(2)
  }
})

test('any words: no element more, none less', async () => {
  const shapes = shape(await made())
  const words = fc.oneof(fc.string({ unit: 'binary', maxLength: 60 }), fc.constantFrom(...HOSTILE))
  await fc.assert(
    fc.asyncProperty(words, words, async (title, description) => {
      const html = await made({ title, author: 'x', prompt: '', description: `a ${description.replaceAll('\n', ' ')}` })
      expect(shape(html)).toEqual(shapes)
    }),
    { numRuns: 30 },
  )
})
