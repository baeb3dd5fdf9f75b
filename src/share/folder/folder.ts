// A folder for everyone: one model in every form that other tools open, its card, and what it takes to train on.
import { writeTokenizerJson } from '../../data/tokenize/tokenizer_json'
import { paramTable } from '../../params'
import { writeSafetensors, type StoredTensor } from '../../storage/safetensors'
import { shareableCorpus } from '../../words/shareable'
import type { RunSpec } from '../../words/run'
import { foldGates } from '../formats/fold'
import type { NumberType } from '../../words/exports'
import { ggufRefusal, writeGguf } from '../formats/gguf'
import { endNotes } from '../formats/gguf_tokenizer'
import {
  generationConfig,
  halves,
  heldByTransformers,
  hfConfig,
  hfSafetensors,
  hfTensors,
  isChat,
  tokenizerConfig,
  type FloatType,
} from '../formats/hf'
import { writeOnnx } from '../formats/onnx'
import { modelCard } from './card'
import { curveSvg } from './curve'
import type { Leaving } from './leaving'
import modelPy from './model.py?raw'
import { modelfile, type Contents } from './open_in'
import trainPy from './train.py?raw'
import type { Files } from './zip'

/** Numbers of 16 bits cannot be trained on from the same bit. */
export const floatsOf = (type: NumberType): FloatType => (type === 'f16' ? 'f16' : 'f32')

/** What a folder of this run will lack, or have otherwise, a sentence each, before it is made. */
export function folderGaps(spec: RunSpec, type: NumberType, hasTraining: boolean): { left: string[]; notes: string[] } {
  const held = heldByTransformers(spec.config)
  const gguf = ggufRefusal(spec)
  const left: string[] = []
  if ('refused' in held)
    left.push(`${held.refused} model.py and onnx/model.onnx hold it, and model.safetensors has GPT-2’s names.`)
  if (gguf !== null) left.push(`${gguf} There is no model.gguf.`)
  const why = trainingGap(spec, type, hasTraining)
  if (why !== null) left.push(`train.py is not there: ${why}`)
  return { left, notes: 'notes' in held ? held.notes : [] }
}

/** Why a run cannot be trained on from its folder, and what to do; null where it can. */
function trainingGap({ gates, config }: RunSpec, type: NumberType, hasTraining: boolean): string | null {
  if ('refused' in heldByTransformers(config)) return 'transformers cannot hold the model.'
  if (gates) return 'parts of the model are turned down, which only Glasshouse trains with.'
  if (floatsOf(type) === 'f16') return 'numbers of 16 bits are no place to go on from. Choose 32.'
  return hasTraining ? null : 'it needs a run as it was saved last, and its text. Save the folder with both.'
}

/** The files of a folder by path. Throws ExportError where a number does not fit into 16 bits. */
export function folderFiles(run: Leaving, type: NumberType): { files: Files; left: string[]; notes: string[] } {
  const plain = foldGates(run)
  const { spec } = plain
  const { config, tokenizer } = spec
  const dtype = floatsOf(type)
  const { left, notes } = folderGaps(run.spec, type, run.training !== null)
  const training = trainingGap(run.spec, type, run.training !== null) === null ? run.training : null
  const held = heldByTransformers(config)
  const curve = run.history ? curveSvg(run.history) : null
  const contents: Contents = {
    transformers: 'refused' in held ? null : dtype,
    gguf: ggufRefusal(spec) === null ? type : null,
    training: training !== null,
    curve: curve !== null,
    chat: isChat(tokenizer),
    isRead: 'family' in held && (held.family === 'gpt2' || held.family === 'llama'),
  }
  if (contents.gguf) notes.push(...endNotes(run.end, tokenizer))

  const files = new Map<string, string | Uint8Array>()
  files.set('README.md', modelCard(run, contents, left, notes))
  if (curve !== null) files.set('curve.svg', curve)
  files.set('settings.json', json(settings(run, training?.train ?? null)))
  files.set('model.py', modelPy)
  files.set('tokenizer.json', writeTokenizerJson(tokenizer))
  files.set('tokenizer_config.json', json(tokenizerConfig(spec)))
  files.set('generation_config.json', json(generationConfig(spec)))
  if (contents.transformers) {
    files.set('config.json', json(hfConfig(spec, dtype)))
    files.set('model.safetensors', hfSafetensors(plain, dtype))
  } else files.set('model.safetensors', ownSafetensors(plain, dtype))
  files.set('onnx/model.onnx', writeOnnx(plain))
  if (contents.gguf) {
    files.set('model.gguf', writeGguf(plain, type, run.end))
    files.set('Modelfile', modelfile(run, contents.chat))
  }
  if (training && !('refused' in held)) {
    files.set('train.py', trainPy)
    const { ids } = training
    files.set('training/tokens.bin', new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength))
    const moments = new Map<string, StoredTensor>()
    for (const kind of ['m.', 'v.']) {
      const ours = new Map(paramTable(config).map(({ name }) => [name, training.moments.get(kind + name)!]))
      // What a family has beside ours are zeros, which have no moments and are not trained.
      for (const [name, tensor] of hfTensors(config, held, ours, 'f32', true)) moments.set(kind + name, tensor)
    }
    files.set('training/moments.safetensors', writeSafetensors(moments))
  }
  return { files, left, notes }
}

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`

/** Everything that the run was set to, for model.py, train.py and Glasshouse. */
function settings({ spec, step, tokens }: Leaving, train_tokens: number | null): Record<string, unknown> {
  return {
    format: 'glasshouse-settings',
    version: 1,
    name: spec.name,
    step,
    tokens,
    train_tokens,
    prompt: spec.prompt,
    bytes_per_token: spec.bytes_per_token,
    config: spec.config,
    corpus: shareableCorpus(spec.corpus),
  }
}

/** Under our own names, where no program has others. */
function ownSafetensors({ spec, weights }: Pick<Leaving, 'spec' | 'weights'>, dtype: FloatType): Uint8Array {
  const tensors = paramTable(spec.config).map(({ name, shape }): [string, StoredTensor] => {
    const data = weights.get(name)!
    return [name, dtype === 'f32' ? { dtype: 'F32', shape, data } : { dtype: 'F16', shape, data: halves(name, data) }]
  })
  return writeSafetensors(new Map(tensors))
}
