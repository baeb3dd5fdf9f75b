// `npm run import -- PATH --out DIR`: a model of another program as a folder that `inspect`, `train --resume` and export open.
import { existsSync, openAsBlob, readdirSync, statSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import type { configFor } from '../presets'
import { importedCheckpoint, importedSpec } from '../share/formats/imported'
import type { NamedFile } from '../share/formats/file_like'
import { openModel } from '../share/formats/read_model'
import { bytesOf, decoderPlan, predictMemory, stateBlocks } from '../train/plan'
import { Slot } from '../train/slot'
import { tokenizerOf } from '../data/tokenize/tokenizers'
import { bytes } from '../words/sizes'
import { RunHistory } from '../words/history'
import { engineFor, pathOf, readFlags, runProgram, table, UsageError, wholeNumber, type Io } from './command'
import { holdsRun, writeRun } from './run_folder'

const USAGE = `npm run import -- PATH --out DIR

Reads a model of another program and writes it as DIR/checkpoint.safetensors: weights alone, with its tokenizer.
  PATH             a Hugging Face folder (config.json, model.safetensors or several with their index, and the tokenizer's
                   files), a .zip of one, a .safetensors file, or a .gguf file of F32, F16, BF16 or Q8_0; of GPT-2 or Llama
  --out DIR        where to; without it, what the model is is printed and nothing is written
  --prompt "…"     also writes a text that begins so, the likeliest token each time
  --tokens N       of so many tokens (20)
  --engine auto|gpu|wasm|cpu  which engine writes it (auto)
  --json           one JSON object on standard output
What then: npm run inspect -- DIR --text "…" looks inside; npm run train -- --resume DIR --text FILE trains it further.`

/** Files of a folder that are more than this are no model's. */
const MOST_FILES = 1000

/** Writes the model, and prints what it is. */
export async function main(args: readonly string[], io: Io): Promise<number> {
  const { values: flags, positionals } = readFlags(USAGE, args, {
    out: { type: 'string' },
    prompt: { type: 'string' },
    tokens: { type: 'string', default: '20' },
    engine: { type: 'string', default: 'auto' },
    json: { type: 'boolean', default: false },
  })
  const [path, ...more] = positionals
  if (path === undefined || more.length > 0) throw new UsageError(`One file or folder of a model, please.\n\n${USAGE}`)
  const most = wholeNumber('tokens', flags.tokens, 1)
  const out = flags.out === undefined ? null : pathOf(flags.out)
  if (out !== null && holdsRun(out)) throw new UsageError(`${out} holds a run already; choose another --out.`)
  const from = basename(pathOf(path))
  const model = await openModel(await filesAt(pathOf(path)))
  const { config, family, format, params, numbers, notices, tokenizer } = model
  const spec = importedSpec(model, from)
  const memory = memoryOf(spec.config)
  const facts = {
    name: model.name,
    family,
    format,
    params,
    n_layer: config.n_layer,
    n_head: config.n_head,
    n_kv_head: config.n_kv_head,
    n_embd: config.n_embd,
    block_size: config.block_size,
    vocab_size: config.vocab_size,
    tokenizer: numbers === null ? tokenizer.kind : 'numbers of tokens',
    memory_bytes: memory.open,
    training_bytes: memory.train,
  }
  if (!flags.json) {
    const { memory_bytes, training_bytes, ...shown } = facts
    const rows = Object.entries(shown).map(([name, value]) => [
      name,
      typeof value === 'number' ? value.toLocaleString('en') : value,
    ])
    io.out(
      table([
        ...rows,
        ['to write and look inside', bytes(memory_bytes)],
        ['to train, a batch of one', bytes(training_bytes)],
      ]),
    )
    for (const notice of [...notices, ...(numbers === null ? [] : [numbers])]) io.out(`\n${notice}`)
  }
  if (out === null && flags.prompt === undefined) {
    if (flags.json) io.out(JSON.stringify(facts))
    return 0
  }
  const checkpoint = importedCheckpoint(spec, await model.weights())
  const files =
    out === null
      ? {}
      : writeRun(out, {
          checkpoint,
          history: new RunHistory(),
          text: new Uint8Array(0),
          notes: [...notices, ...(numbers === null ? [] : [numbers])].join('\n'),
        })
  const written = flags.prompt === undefined ? null : await write(checkpoint, flags.prompt, most, flags.engine, io)
  if (flags.json) io.out(JSON.stringify({ ...facts, ...files, ...(written && { written }) }))
  else {
    for (const [what, file] of Object.entries(files)) io.out(`${what.padEnd(12)}${String(file)}`)
    if (written !== null) io.out(`\n${flags.prompt}${written}`)
  }
  return 0
}

/** The text after a prompt, greedily. */
async function write(
  checkpoint: ReturnType<typeof importedCheckpoint>,
  prompt: string,
  max_tokens: number,
  engine: string,
  io: Io,
): Promise<string> {
  const on = await engineFor(engine, io)
  try {
    const { spec } = checkpoint.meta
    const slot = await Slot.open(on, spec, tokenizerOf(spec.tokenizer), checkpoint)
    let text = ''
    for await (const token of slot.generate({
      prompt,
      max_tokens,
      temperature: 0,
      top_k: 0,
      top_p: 1,
      seed: 1,
      stop: [],
    }))
      text += token.text
    slot.destroy()
    return text
  } finally {
    on.destroy()
  }
}

/** Bytes that a model takes where blocks may be as large as they want to be. */
function memoryOf(config: ReturnType<typeof configFor>): { open: number; train: number } {
  const means = { maxBlock: 2 ** 30 }
  const { shared, pass, next } = decoderPlan(config)
  const open = bytesOf([
    ...stateBlocks(config, means.maxBlock).blocks.weights,
    ...shared,
    ...pass.blocks,
    ...next.blocks,
  ])
  return { open, train: predictMemory({ ...config, batch_size: 1 }, means).memory.total }
}

/** A file, or every file of a folder, under its path from the folder's own name on. Their bytes are read when they are asked for. */
async function filesAt(path: string): Promise<NamedFile[]> {
  if (!existsSync(path)) throw new UsageError(`There is no ${path}.`)
  if (!statSync(path).isDirectory()) return [{ name: basename(path), data: await openAsBlob(path) }]
  const all = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  if (all.length > MOST_FILES) throw new UsageError(`${path} holds ${all.length} files: that is more than a model has.`)
  return Promise.all(
    all.map(async (entry) => {
      const file = join(entry.parentPath, entry.name)
      return { name: join(basename(path), relative(path, file)).replaceAll('\\', '/'), data: await openAsBlob(file) }
    }),
  )
}

await runProgram(import.meta.url, main)
