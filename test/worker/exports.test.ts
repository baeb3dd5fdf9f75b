// Models on their way out of the worker: what each format is said to hold, and the files themselves.
import { unzipSync } from 'fflate'
import { describe, expect, test } from 'vitest'
import { ExportError } from '../../src/errors'
import { EXPORT_FORMATS } from '../../src/words/exports'
import { disk, fromPage, tab, withTrainedRun } from './lab_env'

const begins = (bytes: Uint8Array) => Buffer.from(bytes.subarray(0, 4)).toString('latin1')

describe('the open run', () => {
  test('every format is offered, about as large as it will be, and can be had', async () => {
    const { lab } = await withTrainedRun(disk())
    const live = { of: 'live' } as const
    for (const text of [false, true]) {
      const offers = await lab.exports.offers(live, { type: 'f32', text })
      expect(offers).toMatchObject({ name: 'fox', step: 40, isRun: true, text: { name: 'fox' } })
      for (const format of EXPORT_FORMATS) {
        const { refused, size_bytes } = offers.formats[format]
        expect(refused).toBe(null)
        const { bytes } = await lab.exports.make(live, { format, type: 'f32', text })
        // A model this small is outweighed by what stands around its numbers.
        expect(bytes.length).toBeGreaterThan(0.8 * size_bytes)
        expect(bytes.length).toBeLessThan(1.5 * size_bytes + 80_000)
      }
      expect(offers.formats.folder.gaps.some((gap) => gap.includes('train.py'))).toBe(!text)
    }
    const gguf = await lab.exports.make(live, { format: 'gguf', type: 'q8_0', text: false })
    expect(gguf.name).toBe('fox-step-40.gguf')
    expect(begins(gguf.bytes)).toBe('GGUF')
  })

  test('with its text the folder trains on, at a kept step it does not', async () => {
    const { lab, id } = await withTrainedRun(disk())
    const make = (step: number | null) =>
      lab.exports.make({ of: 'run', run: id, step }, { format: 'folder', type: 'f32', text: true })
    const last = unzipSync((await make(null)).bytes)
    expect(Object.keys(last)).toContain('fox/train.py')
    const { step } = (await lab.look.frames(id)).find((frame) => frame.step > 0 && frame.step < 40)!
    const early = await make(step)
    expect(Object.keys(unzipSync(early.bytes))).not.toContain('fox/train.py')
    expect(early.gaps).toContainEqual(expect.stringContaining('train.py is not there'))
    const offers = await lab.exports.offers({ of: 'run', run: id, step }, { type: 'f32', text: true })
    expect(offers.formats.bundle.refused).toMatch(/saved last/)
  })
})

test('the run that comes with the page', async () => {
  const { lab } = await tab(disk(), 'cpu', undefined, fromPage)
  const source = { of: 'shipped', step: 2000 } as const
  const { bytes } = await lab.exports.make(source, { format: 'folder', type: 'f16', text: false })
  const files = unzipSync(bytes)
  expect(Object.keys(files)).toContain('Moby-Dick/model.gguf')
  expect(Buffer.from(files['Moby-Dick/README.md']!).toString()).toContain('206,464 parameters')
})

test('what a format cannot hold is offered with a sentence, and refused', async () => {
  const { lab } = await withTrainedRun(disk(), { position: 'learned' })
  const live = { of: 'live' } as const
  const { formats } = await lab.exports.offers(live, { type: 'f32', text: false })
  expect(formats.gguf.refused).toMatch(/llama\.cpp has no model/)
  await expect(lab.exports.make(live, { format: 'gguf', type: 'f32', text: false })).rejects.toThrow(ExportError)
  expect((await lab.exports.make(live, { format: 'onnx', type: 'f32', text: false })).bytes.length).toBeGreaterThan(
    10_000,
  )
})
