// A run as one zip: what is in it, that the text goes only where somebody said so, and TensorBoard's records.
import { describe, expect, test } from 'vitest'
import { bundleFiles } from '../../../src/share/folder/bundle'
import { crc32c, tensorboardEvents } from '../../../src/share/folder/tfevents'
import { decodeCheckpoint } from '../../../src/storage/checkpoint'
import { RunHistory } from '../../../src/words/history'
import { TEXT, tinyCheckpoint, tinyHistory } from '../../storage/tiny'

const bundle = (text: string | null) =>
  bundleFiles({ latest: tinyCheckpoint(30), history: tinyHistory(30), notes: 'hello', text })

test('settings, card, tokenizer, metrics, events, curve and checkpoint', () => {
  const files = bundle(null)
  expect([...files.keys()]).toEqual([
    'settings.json',
    'corpus.json',
    'tokenizer.json',
    'metrics.csv',
    'events.out.tfevents.0.glasshouse',
    'curve.svg',
    'notes.txt',
    'checkpoint.safetensors',
  ])
  const { checkpoint, extra } = decodeCheckpoint(files.get('checkpoint.safetensors') as Uint8Array)
  expect(checkpoint.tensors).toEqual(tinyCheckpoint(30).tensors)
  expect(extra).toMatchObject({ text: null, notes: 'hello' })
  expect(extra.history!.steps.length).toBe(30)
})

test('the text goes along only where it was chosen', () => {
  const everything = (files: ReturnType<typeof bundle>) =>
    [...files.values()]
      .map((content) => (typeof content === 'string' ? content : Buffer.from(content).toString('latin1')))
      .join('\n')
  expect(everything(bundle(null))).not.toContain(TEXT.slice(0, 40))
  const files = bundle(TEXT)
  expect(files.get('corpus.txt')).toBe(TEXT)
  expect(decodeCheckpoint(files.get('checkpoint.safetensors') as Uint8Array).extra.text).toEqual(
    new TextEncoder().encode(TEXT),
  )
})

describe('TensorBoard', () => {
  test('CRC-32C of RFC 3720', () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa)
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43)
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e)
  })

  test('every record is whole, and the losses stand in it', () => {
    const history = tinyHistory(30)
    const bytes = tensorboardEvents(history)
    const view = new DataView(bytes.buffer)
    const masked = (crc: number) => (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
    const records: Uint8Array[] = []
    for (let at = 0; at < bytes.length;) {
      const length = Number(view.getBigUint64(at, true))
      expect(view.getUint32(at + 8, true)).toBe(masked(crc32c(bytes.subarray(at, at + 8))))
      const data = bytes.subarray(at + 12, at + 12 + length)
      expect(view.getUint32(at + 12 + length, true)).toBe(masked(crc32c(data)))
      records.push(data)
      at += 16 + length
    }
    expect(records.length).toBe(1 + history.steps.length + history.evals.length)
    expect(Buffer.from(records[0]!).toString('latin1')).toContain('brain.Event:2')
    const first = Buffer.from(records[1]!)
    // Field 1 of a value: its tag; field 2: a float.
    const tag = first.indexOf('loss/train')
    expect(tag).toBeGreaterThan(0)
    expect(first[tag + 'loss/train'.length]).toBe((2 << 3) | 5)
    expect(first.readFloatLE(tag + 'loss/train'.length + 1)).toBe(Math.fround(history.steps.view().loss[0]!))
  })

  test('a run without steps has the first record alone', () => {
    expect(tensorboardEvents(new RunHistory()).length).toBe(16 + 9 + 2 + 'brain.Event:2'.length)
  })
})
