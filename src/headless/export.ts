// `npm run export -- DIR --to FORMAT`: a run that `train` kept, as a file for others.
import { LONGEST, DEMO_FORMS } from '../words/demo'
import { oneOf, pathOf, readFlags, runProgram, UsageError, type Io } from './command'
import { exportHtml } from './export_html'
import { readRun } from './run_folder'

const FORMATS = ['html', 'embed'] as const

const USAGE = `npm run export -- DIR --to ${FORMATS.join('|')} [--out PATH]    the run in DIR, which train kept, for others

  --to html          one HTML file with the model, its tokenizer and an engine: opens from disk, any host, an iframe
  --to embed         the same as a module for a page or a program, model.js and model.d.ts, into the folder PATH
  --out PATH         where (DIR/demo.html, DIR/embed)
  --title, --author, --description, --prompt "…"   what the file says, and what its box holds at first
  --weights ${DEMO_FORMS.join('|')}   bits of a weight (f16)
`

export async function main(args: readonly string[], io: Io): Promise<number> {
  const text = { type: 'string' } as const
  const { values, positionals } = readFlags(USAGE, args, {
    ...{ to: text, out: text, title: text, author: text, description: text, prompt: text, weights: text },
  })
  const [folder] = positionals
  if (folder === undefined || values.to === undefined) throw new UsageError(USAGE)
  const to = oneOf('to', values.to, FORMATS)
  const told = Object.fromEntries(
    (['title', 'author', 'description', 'prompt'] as const).flatMap((name) => {
      const value = values[name]
      if (value === undefined) return []
      if (value.length > LONGEST[name]) throw new UsageError(`--${name} may have ${LONGEST[name]} characters at most.`)
      return [[name, value]]
    }),
  )
  const out = pathOf(values.out ?? `${folder}/${to === 'html' ? 'demo.html' : 'embed'}`)
  const form = oneOf('weights', values.weights ?? 'f16', DEMO_FORMS)
  exportHtml(readRun(pathOf(folder)), { ...told, form, embed: to === 'embed', out }, io)
  return Promise.resolve(0)
}

await runProgram(import.meta.url, main)
