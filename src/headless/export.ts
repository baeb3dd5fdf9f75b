// `npm run export -- DIR --to FORMAT`: a run that `train` kept, as others open it: in other programs, as a page, as a link.
import { LONGEST, DEMO_FORMS } from '../words/demo'
import { EXPORT_FORMATS, NUMBER_TYPES } from '../words/exports'
import { engineFor, oneOf, pathOf, readFlags, runProgram, UsageError, type Io } from './command'
import { exportHtml } from './export_html'
import { exportLink } from './export_link'
import { exportModel } from './export_model'
import { readRun } from './run_folder'

const FORMATS = [...EXPORT_FORMATS, 'html', 'embed', 'link'] as const

const USAGE = `npm run export -- DIR --to FORMAT [--out PATH]    the run in DIR, which train kept, for others

  --to folder        a zip with everything: safetensors, ONNX, GGUF, tokenizer, model card, model.py, train.py
  --to gguf          for llama.cpp, Ollama and LM Studio
  --to onnx          for ONNX Runtime and transformers.js
  --to bundle        a zip of the run itself: settings, corpus card, metrics for spreadsheets and TensorBoard, checkpoint
  --to html          one HTML file with the model, its tokenizer and an engine: opens from disk, any host, an iframe
  --to embed         the same as a module for a page or a program, model.js and model.d.ts, into the folder PATH
  --to link          the fragment of a link that the page opens, with the model in it
  --out PATH         where (here, under the run's name; DIR/demo.html, DIR/embed; a link to standard output)
  --step N           folder, gguf, onnx: a kept step instead of the last save
  --dtype TYPE       folder, gguf: ${NUMBER_TYPES.join('|')}, numbers of 32 bits, 16, or of a GGUF 8 (f32)
  --text             folder, bundle: the text goes along; train.py and Glasshouse train on with it
  --title, --author, --description, --prompt "…"   html, embed: what the file says, and what its box holds at first
  --weights ${DEMO_FORMS.join('|')}   html, embed: bits of a weight (f16)
  --bits 4|8         link: bits of a weight (8)
  --engine auto|gpu|wasm|cpu   what measures: a GGUF of characters for a token that ends a text, a link for what rounding costs (wasm)`

/** Writes what was asked for and says what it lacks. */
export async function main(args: readonly string[], io: Io): Promise<number> {
  const text = { type: 'string' } as const
  const { values: flags, positionals } = readFlags(USAGE, args, {
    ...{ to: text, out: text, step: text, title: text, author: text, description: text, prompt: text },
    ...{ weights: { ...text, default: 'f16' }, bits: { ...text, default: '8' }, dtype: { ...text, default: 'f32' } },
    ...{ text: { type: 'boolean', default: false } as const, engine: { ...text, default: 'wasm' } },
  })
  const [folder, ...more] = positionals
  if (folder === undefined || more.length > 0) throw new UsageError(`One folder of a kept run, please.\n\n${USAGE}`)
  if (flags.to === undefined) throw new UsageError(`--to must say what for.\n\n${USAGE}`)
  const to = oneOf('to', flags.to, FORMATS)
  if (to === 'link') {
    const bits = oneOf('bits', flags.bits, ['4', '8']) === '4' ? 4 : 8
    const engine = await engineFor(flags.engine, io)
    try {
      return await exportLink(readRun(pathOf(folder)), { bits, out: flags.out ? pathOf(flags.out) : null }, engine, io)
    } finally {
      engine.destroy()
    }
  }
  if (to === 'html' || to === 'embed') {
    const told = Object.fromEntries(
      (['title', 'author', 'description', 'prompt'] as const).flatMap((name) => {
        const value = flags[name]
        if (value === undefined) return []
        if (value.length > LONGEST[name])
          throw new UsageError(`--${name} may have ${LONGEST[name]} characters at most.`)
        return [[name, value]]
      }),
    )
    const out = pathOf(flags.out ?? `${folder}/${to === 'html' ? 'demo.html' : 'embed'}`)
    const form = oneOf('weights', flags.weights, DEMO_FORMS)
    exportHtml(readRun(pathOf(folder)), { ...told, form, embed: to === 'embed', out }, io)
    return 0
  }
  const type = oneOf('dtype', flags.dtype, NUMBER_TYPES)
  const { out, step, text: withText, engine } = flags
  return exportModel(pathOf(folder), to, { out, step, type, text: withText, engine }, io)
}

await runProgram(import.meta.url, main)
