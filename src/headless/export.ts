// `npm run export -- DIR --to FORMAT`: a run that `train` kept, as other programs open it.
import { EXPORT_FORMATS, NUMBER_TYPES } from '../words/exports'
import type { LinkBits } from '../words/link'
import { engineFor, oneOf, pathOf, readFlags, runProgram, UsageError, type Io } from './command'
import { exportLink } from './export_link'
import { exportModel } from './export_model'
import { readRun } from './run_folder'

const USAGE = `npm run export -- DIR --to FORMAT [--out FILE] [--step N] [--dtype f32|f16|q8_0] [--text]

Writes a run that \`train\` kept as one file.
  --to folder        a zip with everything: safetensors, ONNX, GGUF, tokenizer, model card, model.py, train.py
  --to gguf          for llama.cpp, Ollama and LM Studio
  --to onnx          for ONNX Runtime and transformers.js
  --to bundle        a zip of the run itself: settings, corpus card, metrics for spreadsheets and TensorBoard, checkpoint
  --to link          what stands behind the address of the page; without --out, on standard output
  --bits 8|4         of a link: what its weights are rounded to, and what that costs is told (8)
  --dtype TYPE       numbers of 32 bits, 16, or of a GGUF 8 (f32); ONNX has 32
  --step N           a kept step instead of the last save
  --text             the text goes along (folder, bundle): train.py and Glasshouse train on with it
  --out FILE         where to (here, under the run's name)
  --engine auto|gpu|wasm|cpu  where a GGUF of characters is measured for a token that ends a text (wasm)`

/** Writes the file and says what it lacks. */
export async function main(args: readonly string[], io: Io): Promise<number> {
  const { values: flags, positionals } = readFlags(USAGE, args, {
    to: { type: 'string' },
    out: { type: 'string' },
    step: { type: 'string' },
    dtype: { type: 'string', default: 'f32' },
    text: { type: 'boolean', default: false },
    bits: { type: 'string', default: '8' },
    engine: { type: 'string', default: 'wasm' },
  })
  const [folder, ...more] = positionals
  if (folder === undefined || more.length > 0) throw new UsageError(`One folder of a kept run, please.\n\n${USAGE}`)
  if (flags.to === undefined) throw new UsageError(`--to must say what for.\n\n${USAGE}`)
  const to = oneOf('to', flags.to, [...EXPORT_FORMATS, 'link'])
  const { out, step, text, engine } = flags
  const type = oneOf('dtype', flags.dtype, NUMBER_TYPES)
  if (to === 'link') {
    const bits = Number(oneOf('bits', flags.bits, ['8', '4'])) as LinkBits
    const kept = readRun(pathOf(folder))
    const opened = await engineFor(engine, io)
    try {
      return await exportLink(kept, { bits, out: out === undefined ? null : pathOf(out) }, opened, io)
    } finally {
      opened.destroy()
    }
  }
  return exportModel(pathOf(folder), to, { out, step, type, text, engine }, io)
}

await runProgram(import.meta.url, main)
