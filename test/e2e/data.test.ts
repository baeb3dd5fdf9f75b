// Collecting on the page: files, folders, archives, tables, chats, addresses and generated texts; what is refused, called off, or
// twenty megabytes long. In both themes, at three widths.
import { createServer, type Server } from 'node:http'
import { strToU8, zipSync } from 'fflate'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { m } from '../../src/ui/messages'
import * as b from './browser'
import { BOTH, lookAt } from './looks'

const TABLE =
  'id,question,answer\n' +
  Array.from({ length: 40 }, (_, i) => `${i},How deep is sea number ${i} at its deepest?,${i * 7} fathoms\n`).join('')
const CHAT = Array.from(
  { length: 9 },
  (_, day) => `0${day + 1}/02/2024, 10:00 - Ann: How is day ${day}?\n0${day + 1}/02/2024, 10:01 - Bo: Fine, as ever.`,
).join('\n')
const file = (name: string, content: string | Uint8Array, mimeType = 'text/plain') => ({
  name,
  mimeType,
  buffer: Buffer.from(content),
})

/** A site of its own: one text that other pages may read, one that they may not, one that never ends. */
async function otherSite(): Promise<{ address: string; asked: string[]; server: Server }> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    const open = { 'access-control-allow-origin': '*', 'content-type': 'text/plain' }
    if (request.url === '/open.txt') response.writeHead(200, open).end('A text from elsewhere. '.repeat(40))
    else if (request.url === '/slow.txt') response.writeHead(200, open).write('It begins.')
    else response.writeHead(200, { 'content-type': 'text/plain' }).end('Not for other pages.')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return { address: `http://127.0.0.1:${address.port}`, asked, server }
}

describe('collecting', () => {
  const tab = b.openTab({ webgpu: false })
  let other: Awaited<ReturnType<typeof otherSite>>
  let page: Page
  beforeAll(async () => {
    page = tab.page
    other = await otherSite()
    await b.stage(page, 'data').click()
  })
  afterAll(() => {
    other.server.closeAllConnections()
    other.server.close()
  })

  const summary = () => page.getByRole('region', { name: m.data.summary })
  const parts = () => page.getByRole('region', { name: m.collect.made })
  const inUse = (name: string) => page.getByRole('status').filter({ hasText: name }).first().waitFor()
  const give = (...files: ReturnType<typeof file>[]) =>
    page.locator('main input[type=file]:not([webkitdirectory])').setInputFiles(files)
  const shots = (name: string) => lookAt(page, `data-${name}`, BOTH)

  test('files of several kinds become one text, and what is none is told', async () => {
    const zip = zipSync({
      'notes/a.txt': strToU8('First note of the zip.'),
      'notes/b.md': strToU8('# Second\n\nNote.'),
    })
    await give(
      file('novel.txt', 'Call me Ishmael. Some years ago, never mind how long precisely.\n'.repeat(20)),
      file('page.html', '<html><body><p>A page <b>of</b> the web.</p></body></html>'),
      file('notes.zip', zip),
      file('table.csv', TABLE),
      file('broken.json', '{"a": ['),
    )
    await inUse('novel.txt and 4 more')
    await parts().getByRole('cell', { name: 'notes.zip/notes/b.md' }).waitFor()
    expect(await parts().getByRole('row').count()).toBe(6)
    await parts().getByText(m.collect.refused(1)).click()
    await parts()
      .getByText(/broken.json is not JSON/)
      .waitFor()
    await parts().getByText(m.collect.columnsOf('table.csv')).click()
    await shots('files')
    await parts().getByText(m.collect.columnsOf('table.csv')).click()
  })

  test('a table: other columns are chosen beside its rows', async () => {
    await give(file('table.csv', TABLE))
    await inUse('table.csv')
    await parts().getByText(m.collect.columnsOf('table.csv')).click()
    const answer = parts().getByRole('checkbox', { name: 'answer' })
    expect(await answer.isChecked()).toBe(false)
    await parts().getByRole('cell', { name: '7 fathoms', exact: true }).waitFor()
    await answer.check()
    await shots('table')
    await parts().getByRole('button', { name: m.collect.columnsUse }).click()
    await summary()
      .getByText(/deepest\?\n0 fathoms/)
      .waitFor()
    await parts().getByText(m.collect.as.text).click()
    await summary()
      .getByText(/id,question,answer/)
      .waitFor()
  })

  test('a pasted chat is read as conversations, and the other one can be the model', async () => {
    await page.getByPlaceholder(m.data.paste).fill(CHAT)
    await page.getByRole('button', { name: m.data.usePasted }).click()
    await inUse(m.data.pasteName)
    await summary().getByText('<|user|>How is day 0?').waitFor()
    await parts().getByLabel(m.collect.assistant).selectOption('Ann')
    await summary().getByText('<|assistant|>How is day 0?').waitFor()
    await shots('chat')
  })

  test('an address is fetched when the button is pressed; what a site forbids is explained', async () => {
    const address = page.getByLabel(m.collect.addressLabel)
    const button = page.getByRole('button', { name: m.collect.fetch, exact: true }).first()
    expect(other.asked).toEqual([])
    await address.fill(`${other.address}/open.txt`)
    await button.click()
    await inUse('open.txt')
    expect(other.asked).toEqual(['/open.txt'])
    await address.fill(`${other.address}/closed.txt`)
    await button.click()
    await page.getByRole('alert').getByText(/CORS/).waitFor()
    await page.getByText(m.collect.suggested).click()
    await shots('address')
    await page.getByText(m.collect.suggested).click()
    await inUse('open.txt')
  })

  test('what is on its way is called off, and the text before stays', async () => {
    await page.getByLabel(m.collect.addressLabel).fill(`${other.address}/slow.txt`)
    await page.getByRole('button', { name: m.collect.fetch, exact: true }).first().click()
    const cancel = page.getByRole('button', { name: m.collect.cancel })
    await cancel.waitFor()
    await page.waitForTimeout(500)
    await shots('loading')
    await cancel.click()
    await page.getByText(m.collect.calledOff).first().waitFor()
    await cancel.waitFor({ state: 'hidden' })
    await inUse('open.txt')
  })

  test('a generated text with a moved slider says how it was made', async () => {
    const corpus = page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: 'Sort letters' }) })
    await corpus.getByText(m.collect.adjust).click()
    await corpus.getByRole('slider', { name: 'Lines' }).fill('2000')
    await corpus.getByLabel(m.collect.seed).fill('7')
    await corpus.getByLabel(m.collect.seed).press('Tab')
    await corpus.getByRole('button', { name: m.collect.make }).click()
    await corpus.getByRole('button', { name: m.data.using }).waitFor()
    await summary().getByText('2,000').first().waitFor()
    await shots('generated')
  })

  test('bad input is refused with its reason, and the page lives', async () => {
    const bad: [string, string | Uint8Array, RegExp][] = [
      ['empty.txt', '', /empty/],
      ['bad.csv', 'a,b\n', /no rows/],
      ['bad.json', '{"a":1', /not JSON/],
      ['bad.zip', zipSync({ 'a.txt': strToU8('hello '.repeat(500)) }).slice(0, 40), /bad.zip/],
      ['nul.txt', 'plain text with a zero \0 in it', /zero byte/],
      ['picture.png', '\x89PNG', /a picture/],
    ]
    for (const [name, content, why] of bad) {
      await give(file(name, content))
      await page.getByRole('alert').getByText(why).waitFor()
    }
    await give(file('utf16.txt', Buffer.from('\ufeffSixteen bits a letter, عربي, e\u0301.\n'.repeat(9), 'utf16le')))
    await inUse('utf16.txt')
    await summary()
      .getByText(/Sixteen bits a letter/)
      .waitFor()
  })

  test('half a gigabyte is refused before it is read, five thousand files and a line of twenty megabytes are read', async () => {
    const drop = (make: string) =>
      page.evaluate(`{
        const transfer = new DataTransfer();
        for (const file of ${make}) transfer.items.add(file);
        window.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
      }`)
    await drop(`[new File(Array(500).fill(new Uint8Array(2 ** 20).fill(97)), 'huge.txt')]`)
    await page
      .getByRole('alert')
      .getByText(/huge.txt has 524.3 MB; the limit is 52.4 MB/)
      .waitFor()
    await drop(`Array.from({ length: 5000 }, (_, i) => new File(['Text number ' + i], 'text ' + i + '.txt'))`)
    await inUse('text 0.txt and 4999 more')
    expect(await parts().getByRole('row').count()).toBe(201)
    await drop(`[new File(['A line of twenty megabytes, all one line, goes on and on. '.repeat(350_000)], 'line.txt')]`)
    await inUse('line.txt')
    expect(await page.getByRole('heading', { name: m.data.title, exact: true }).isVisible()).toBe(true)
  })

  test('nothing complained', () => {
    expect(tab.browser.complaints.filter((text) => !/CORS|closed.txt|ERR_/.test(text))).toEqual([])
  })
})
