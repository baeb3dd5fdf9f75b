// A model of another program from its files, whatever their format: first what it is, from headers alone, then its weights as ours.
import type { ModelConfig } from '../../config/config'
import { ImportError } from '../../errors'
import { countParams } from '../../params'
import type { Family } from '../../words/imports'
import type { TokenizerState } from '../../words/tokens'
import { assemble, type Reading, type Weights } from './foreign'
import type { FileLike, Files, NamedFile } from './file_like'
import { filesOf } from './named_files'
import { openGguf } from './read_gguf'
import { openHf, type ForeignModel } from './read_hf'
import { tokenizerOfFiles, tokenizerOfGguf, type ForeignTokenizer } from './read_tokenizer'

/** A model whose headers hold together and whose weights are not read yet. */
export interface OpenedModel {
  /** A name for it, from its files. */
  name: string
  /** Its files' format in words: `safetensors`, `GGUF, Q8_0`. */
  format: string
  family: Family
  config: ModelConfig
  params: number
  tokenizer: TokenizerState
  /** Why it reads numbers of tokens instead of text; null where it reads text. */
  numbers: string | null
  /** What a person should know. */
  notices: string[]
  /** Its weights by our names. Throws CheckpointError for numbers that are damaged. */
  weights(reading?: Reading): Promise<Weights>
}

/**
 * Opens a model from files under their paths: a Hugging Face folder, a zip of one, a safetensors file, a GGUF. Throws ImportError for what
 * cannot be one of ours, naming the field, and CheckpointError for what is damaged.
 */
export async function openModel(given: readonly NamedFile[]): Promise<OpenedModel> {
  const files = await filesOf(given)
  const name = nameOf(given)
  const ggufs = [...files].filter(([file]) => file.toLowerCase().endsWith('.gguf'))
  const hasTensors = [...files.keys()].some((file) => file.endsWith('.safetensors'))
  // A folder for every tool has both; its safetensors are exact.
  return ggufs.length > 0 && !hasTensors ? ofGguf(name, ggufs) : ofFolder(name, files)
}

async function ofGguf(name: string, ggufs: [string, FileLike][]): Promise<OpenedModel> {
  const [first, second] = ggufs
  if (second) throw new ImportError(`There are ${ggufs.length} GGUF files. Open one of them.`)
  const model = await openGguf(first![1])
  const said = model.values.get('general.name')
  const isNamed = typeof said === 'string' && said.trim() !== ''
  const reads = tokenizerOfGguf(model.values, model.config.vocab_size)
  return opened(isNamed ? said.trim().slice(0, 80) : name, `GGUF, ${model.types.join(' and ')}`, model, reads)
}

async function ofFolder(name: string, files: Files): Promise<OpenedModel> {
  const model = await openHf(files)
  return opened(name, 'safetensors', model, await tokenizerOfFiles(files, model.config.vocab_size))
}

const opened = (
  name: string,
  format: string,
  { config, family, notices, planned, tensors }: ForeignModel,
  { state, why }: ForeignTokenizer,
): OpenedModel => ({
  name,
  format,
  family,
  config,
  params: countParams(config),
  tokenizer: state,
  numbers: why,
  notices,
  weights: (reading) => assemble(config, planned, tensors, reading),
})

/** The folder's name, or the file's. */
function nameOf(given: readonly NamedFile[]): string {
  const main = given.find(({ name }) => /\.(zip|gguf|safetensors)$/i.test(name)) ?? given[0]
  const parts = (main?.name ?? '').split('/').filter((part) => part !== '')
  const file = parts.at(-1) ?? ''
  const isCommon = /^(model|pytorch_model)[\w.-]*\.safetensors$/i.test(file)
  const chosen = isCommon && parts.length > 1 ? parts.at(-2)! : file
  return chosen.replace(/\.(zip|gguf|safetensors)$/i, '').slice(0, 80) || 'model'
}
