// A model as one HTML file, or as the module to embed and its types, from the command line: the same bytes as the page makes.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { demoHtml, demoModule, type Embed, type Player } from '../share/demo/html'
import { bytes as sizeInWords } from '../words/sizes'
import type { DemoForm, DemoText } from '../words/demo'
import type { Io } from './command'
import type { KeptRun } from './run_folder'

/** Where the bundled player lies: beside the program, put there by launch.mjs. */
const BUNDLE = new URL('./demo/', import.meta.url)

export interface HtmlFlags extends Partial<DemoText> {
  form: DemoForm
  /** A module and its types in place of the page: `out` is a folder then. */
  embed: boolean
  out: string
}

/** Writes the file, or the two of an embed; returns their paths. Throws CheckpointError where a weight is not finite. */
export function exportHtml(
  { checkpoint, history }: Pick<KeptRun, 'checkpoint' | 'history'>,
  { form, embed, out, ...told }: HtmlFlags,
  io: Pick<Io, 'out'>,
  bundle: URL = BUNDLE,
): string[] {
  const { spec, step } = checkpoint.meta
  const { config, tokenizer, corpus, gates = {} } = spec
  const weights = new Map([...checkpoint.tensors].map(([name, { data }]) => [name, data]))
  const text: DemoText = { title: spec.name, author: '', description: '', prompt: spec.prompt, ...told }
  const val_loss = history.evals.findLast((measured) => measured.step === step)?.val_loss ?? null
  const origin = { corpus: corpus.name, licence: corpus.licence, step, val_loss }
  const model = { config, tokenizer, gates, weights }
  const read = (name: string): unknown => JSON.parse(readFileSync(new URL(`${name}.json`, bundle), 'utf8'))
  const files: [string, string][] = embed
    ? moduleFiles(out, demoModule(model, text, form, read('embed') as Embed), (read('embed') as Embed).types)
    : [[out, demoHtml(model, text, origin, form, read('page') as Player)]]
  for (const [path, content] of files) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
    io.out(`${path} (${sizeInWords(Buffer.byteLength(content))})`)
  }
  return files.map(([path]) => path)
}

const moduleFiles = (folder: string, script: string, types: string): [string, string][] => [
  [join(folder, 'model.js'), script],
  [join(folder, 'model.d.ts'), types],
]
