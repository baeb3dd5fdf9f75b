// A run that `train` kept as files for other programs: what `npm run export` does for folder, gguf, onnx and bundle.
import { writeFileSync } from 'node:fs'
import { makeDataset, type Dataset } from '../data/dataset/dataset'
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
import type { ExportFormat, NumberType } from '../words/exports'
import { fileName } from '../words/shareable'
import { engineFor, pathOf, UsageError, type Io } from './command'
import { readKeyframe, readRun, type KeptRun } from './run_folder'

const ENDINGS: Record<ExportFormat, string> = { folder: '.zip', gguf: '.gguf', onnx: '.onnx', bundle: '-run.zip' }

export interface ExportFlags {
  out: string | undefined
  step: string | undefined
  type: NumberType
  text: boolean
  engine: string
}

/** Writes the file and says what it lacks. Throws UsageError, CheckpointError, ExportError. */
export async function exportModel(folder: string, to: ExportFormat, flags: ExportFlags, io: Io): Promise<number> {
  const { type } = flags
  const kept = readRun(folder)
  const { spec } = kept.checkpoint.meta
  const out = pathOf(flags.out ?? `${fileName(spec.name)}${ENDINGS[to]}`)
  if (to === 'bundle') {
    if (flags.step !== undefined) throw new UsageError('A bundle holds the run as it was saved last; leave --step out.')
    const { checkpoint: latest, history, text } = kept
    const files = bundleFiles({ latest, history, notes: '', text: flags.text ? decodeText(text) : null })
    return written(io, out, zip(files), flags.text ? [] : ['The text stays here; --text takes it along.'])
  }
  const model = modelAt(folder, kept, flags.step)
  const plain = foldGates(model)
  if (to === 'onnx') {
    if (type !== 'f32') throw new UsageError('ONNX is written in 32 bits; leave --dtype out.')
    return written(io, out, writeOnnx(plain), [])
  }
  const { config, corpus, tokenizer } = spec
  const { dataset } = await makeDataset(decodeText(kept.text), corpus, config.val_fraction, tokenizer)
  const engine = lacksEnd(tokenizer) ? await engineFor(flags.engine, io) : null
  try {
    const end = engine && (await endOf(engine, plain, dataset))
    if (to === 'gguf') return written(io, out, writeGguf(plain, type, end), endNotes(end, tokenizer))
    const { files, left, notes } = folderFiles(leaving(kept, model, dataset, { end, text: flags.text }), type)
    return written(io, out, zip(files, fileName(spec.name)), [...left, ...notes])
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

function written(io: Io, out: string, bytes: Uint8Array, notes: readonly string[]): number {
  writeFileSync(out, bytes)
  for (const note of notes) io.err(note)
  io.out(`${(bytes.length / 1e6).toFixed(2)} MB → ${out}`)
  return 0
}
