// A model at hand as a file that runs by itself, made by the worker: from the page's own run and from one that has just trained.
import { unzipSync } from 'fflate'
import { beforeAll, describe, expect, test } from 'vitest'
import { bundleDemo } from '../../src/headless/demo_bundle.mjs'
import { unpack } from '../../src/share/demo/packed'
import type { DemoOrder } from '../../src/words/demo'
import type { SlotSource } from '../../src/words/look'
import { fromPage, tab, TEXT, tiny, type Tab } from './lab_env'

let bundle: Awaited<ReturnType<typeof bundleDemo>>
const files = async (path: string) => {
  const name = /^demo\/(page|embed)\.json$/.exec(path)?.[1] as 'page' | 'embed' | undefined
  return name ? new TextEncoder().encode(JSON.stringify(bundle[name])) : fromPage(path)
}
const text = { title: 'Mein Wal: Ünïcode?', author: '', description: '', prompt: 'The' }
const order = (source: SlotSource, more: Partial<DemoOrder> = {}): DemoOrder => ({
  ...{ source, kind: 'html', form: 'f16', text },
  ...more,
})
const modelIn = (html: string) => unpack(/id="model">([^<]*)</.exec(html)![1]!)
const SHIPPED: SlotSource = { of: 'shipped', step: 2000 }
let page: Tab
beforeAll(async () => {
  bundle = await bundleDemo()
  page = await tab('demos', 'cpu', undefined, files)
})

test('what is offered: the model, whether it talks, what its weights take', async () => {
  const offer = await page.lab.demos.offer(SHIPPED)
  expect(offer).toMatchObject({ name: 'Moby Dick', step: 2000, params: 206_464, chats: false, personal: [] })
  expect(offer.weight_bytes.f16).toBe(2 * 206_464)
})

test('a file of the model that comes with the page, twice the same', async () => {
  const made = await page.lab.demos.make(order(SHIPPED))
  const html = new TextDecoder().decode(made.bytes)
  expect(made.name).toBe('mein-wal-unicode.html')
  expect(html).toContain('<h1>Mein Wal: Ünïcode?</h1>')
  expect(modelIn(html)).toMatchObject({ ...text, config: { n_layer: 4, block_size: 64 } })
  const again = await page.lab.demos.make(order(SHIPPED))
  expect(new TextDecoder().decode(again.bytes) === html).toBe(true)
})

test('a module and its types in a zip, twice the same', async () => {
  const made = await page.lab.demos.make(order(SHIPPED, { kind: 'embed', form: 'int8' }))
  const inside = unzipSync(made.bytes)
  expect(Object.keys(inside)).toEqual(['model.js', 'model.d.ts'])
  expect(new TextDecoder().decode(inside['model.d.ts'])).toBe(bundle.embed.types)
  expect((await page.lab.demos.make(order(SHIPPED, { kind: 'embed', form: 'int8' }))).bytes).toEqual(made.bytes)
})

describe('a run', () => {
  let id = ''
  beforeAll(async () => {
    await page.lab.data.loadText('fox', TEXT)
    await page.lab.run.create({ name: 'fox', config: tiny, prompt: 'the ' })
    await page.lab.run.start()
    await page.heard((event) => event.type === 'status' && event.status === 'finished')
    id = page.events.findLast((event) => event.type === 'open')!.open!.run.id
  })

  test('that is open, and as it was saved, is the same model, with the loss that was measured last', async () => {
    const html = async (source: SlotSource) =>
      new TextDecoder().decode((await page.lab.demos.make(order(source))).bytes)
    const live = await html({ of: 'live' })
    expect(modelIn(live).weights.get('transformer.wte.weight')!.length).toBe(tiny.n_embd * tiny.vocab_size)
    expect(live).toMatch(/<dt>Training<\/dt><dd>40 steps<\/dd>/)
    expect(live).toMatch(/<dt>Validation loss<\/dt><dd>\d\.\d{3} nats a token/)
    expect((await html({ of: 'run', run: id, step: null })) === live).toBe(true)
  })

  test('that is not kept, and a text that is too long', async () => {
    await expect(page.lab.demos.make(order({ of: 'run', run: 'nobody', step: null }))).rejects.toThrow()
    const long = { ...text, title: 'x'.repeat(500) }
    const { name } = await page.lab.demos.make(order(SHIPPED, { text: long }))
    expect(name).toBe(`${'x'.repeat(60)}.html`)
  })
})
