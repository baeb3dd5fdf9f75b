// `npm run export -- DIR --to FORMAT`: a run that `train` kept, as other programs open it.
import { writeFileSync } from 'node:fs'
import { makeDataset } from '../data/dataset/dataset'
import type { Engine } from '../engine'
import { headInputs } from '../inspect/head_inputs'
import { bundleFiles } from '../share/folder/bundle'
import { folderFiles } from '../share/folder/folder'
import { momentsOf, type Leaving } from '../share/folder/leaving'
import { zip } from '../share/folder/zip'
import { endToken, type EndToken } from '../share/formats/end_row'
import { foldGates, type Outgoing } from '../share/formats/fold'
import { writeGguf } from '../share/formats/gguf'
import { endNotes, lacksEnd } from '../share/formats/gguf_tokenizer'
import { writeOnnx } from '../share/formats/onnx'
import { decodeText } from '../storage/checkpoint'
import { NUMBER_TYPES, type NumberType } from '../words/exports'
import { fileName } from '../words/shareable'
import type { Dataset } from '../data/dataset/dataset'
import { engineFor, oneOf, pathOf, readFlags, runProgram, UsageError, type Io } from './command'
import { readKeyframe, readRun, type KeptRun } from './run_folder'

const USAGE = `npm run export -- DIR --to FORMAT [--out FILE] [--step N] [--dtype f32|f16|q8_0] [--text]

Writes a run that \`train\` kept as one file.
  --to folder        a zip with everything: safetensors, ONNX, GGUF, tokenizer, model card, model.py, train.py
  --to gguf          for llama.cpp, Ollama and LM Studio
  --to onnx          for ONNX Runtime and transformers.js
  --to bundle        a zip of the run itself: settings, corpus card, metrics for spreadsheets and TensorBoard, checkpoint
  --dtype TYPE       numbers of 32 bits, 16, or of a GGUF 8 (f32); ONNX has 32
  --step N           a kept step instead of the last save
  --text             the text goes along (folder, bundle): train.py and Glasshouse train on with it
  --out FILE         where to (here, under the run's name)
  --engine auto|gpu|wasm|cpu  where a GGUF of characters is measured for a token that ends a text (wasm)`

const TARGETS = ['folder', 'gguf', 'onnx', 'bundle'] as const
const ENDINGS = { folder: '.zip', gguf: '.gguf', onnx: '.onnx', bundle: '-run.zip' } as const

/** Writes the file and says what it lacks. */
export async function main(args: readonly string[], io: Io): Promise<number> {
  const { values: flags, positionals } = readFlags(USAGE, args, {
    to: { type: 'string' },
    out: { type: 'string' },
    step: { type: 'string' },
    dtype: { type: 'string', default: 'f32' },
    text: { type: 'boolean', default: false },
    engine: { type: 'string', default: 'wasm' },
  })
  const [folder, ...more] = positionals
  if (folder === undefined || more.length > 0) throw new UsageError(`One folder of a kept run, please.\n\n${USAGE}`)
  if (flags.to === undefined) throw new UsageError(`--to must say what for.\n\n${USAGE}`)
  const to = oneOf('to', flags.to, TARGETS)
  const type = oneOf('dtype', flags.dtype, NUMBER_TYPES)
  const kept = readRun(pathOf(folder))
  const { spec } = kept.checkpoint.meta
  const out = pathOf(flags.out ?? `${fileName(spec.name)}${ENDINGS[to]}`)
  if (to === 'bundle') {
    if (flags.step !== undefined) throw new UsageError('A bundle holds the run as it was saved last; leave --step out.')
    const { checkpoint: latest, history, text } = kept
    const bytes = zip(
      bundleFiles({ latest, best: null, history, notes: '', text: flags.text ? decodeText(text) : null }),
    )
    return written(io, out, bytes, flags.text ? [] : ['The text stays here; --text takes it along.'])
  }
  const model = modelAt(pathOf(folder), kept, flags.step)
  if (to === 'onnx') {
    if (type !== 'f32') throw new UsageError('ONNX is written in 32 bits; leave --dtype out.')
    return written(io, out, writeOnnx(foldGates(model)), [])
  }
  const { config, corpus, tokenizer } = spec
  const { dataset } = await makeDataset(decodeText(kept.text), corpus, config.val_fraction, tokenizer)
  const engine = lacksEnd(tokenizer) ? await engineFor(flags.engine, io) : null
  try {
    const end = engine && (await endOf(engine, foldGates(model), dataset))
    if (to === 'gguf') return written(io, out, writeGguf(foldGates(model), type, end), endNotes(end, tokenizer))
    return writtenFolder(io, out, leaving(kept, model, dataset, { end, text: flags.text }), type)
  } finally {
    engine?.destroy()
  }
}

/** The model of a run as saved last, or at a kept step. */
function modelAt(folder: string, { checkpoint }: KeptRun, step: string | undefined): Outgoing {
  const { spec } = checkpoint.meta
  if (step === undefined || Number(step) === checkpoint.meta.step) {
    const weights = new Map([...checkpoint.tensors].map(([name, { data }]) => [name, data]))
    return { spec, step: checkpoint.meta.step, weights }
  }
  return { spec, step: Number(step), weights: readKeyframe(folder, Number(step), spec.config) }
}

async function endOf(engine: Engine, { spec, weights }: Outgoing, { tokens }: Dataset): Promise<EndToken> {
  const head = weights.get('lm_head.weight') ?? weights.get('transformer.wte.weight')!
  return endToken(await headInputs(engine, spec, weights, tokens), head, spec.config.n_embd)
}

function leaving(
  { checkpoint, history }: KeptRun,
  model: Outgoing,
  { tokens: ids, train }: Dataset,
  { end, text }: { end: EndToken | null; text: boolean },
): Leaving {
  const { meta } = checkpoint
  const isLast = model.step === meta.step
  const moments = momentsOf(checkpoint)
  return {
    ...model,
    history,
    tokens: isLast ? meta.tokens : null,
    elapsed_s: isLast ? meta.elapsed_s : null,
    adapter: meta.kernels?.adapter ?? null,
    end,
    training: text && isLast && moments ? { moments, ids, train: train.length } : null,
  }
}

function writtenFolder(io: Io, out: string, run: Leaving, type: NumberType): number {
  const { files, left, notes } = folderFiles(run, type)
  return written(io, out, zip(files, fileName(run.spec.name)), [...left, ...notes])
}

function written(io: Io, out: string, bytes: Uint8Array, notes: readonly string[]): number {
  writeFileSync(out, bytes)
  for (const note of notes) io.err(note)
  io.out(`${(bytes.length / 1e6).toFixed(2)} MB → ${out}`)
  return 0
}

await runProgram(import.meta.url, main)
