// The model that comes with the page, as its files have it.
import { readFileSync } from 'node:fs'
import { parseMeta } from '../../../src/storage/schema'
import { decodeKeyframe } from '../../../src/storage/keyframe'
import type { PackedModel } from '../../../src/share/demo/packed'
import type { DemoText } from '../../../src/words/demo'

export function shippedModel(): Omit<PackedModel, keyof DemoText> & { step: number } {
  const { meta, steps } = JSON.parse(readFileSync('public/recorded/run.json', 'utf8')) as {
    meta: unknown
    steps: number[]
  }
  const { config, tokenizer } = parseMeta(meta).spec
  const step = steps.at(-1)!
  const { weights } = decodeKeyframe(readFileSync(`public/recorded/${step}.safetensors`), step, config)
  return { config, tokenizer, gates: {}, weights, step }
}
