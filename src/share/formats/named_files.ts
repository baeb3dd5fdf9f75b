// Files as a person gave them, on their way to be a model: what each is, without reading more than a beginning; zips opened; a folder's
// name taken off.
import { unzip, zipEntries } from '../../data/collect/zip'
import { CheckpointError, CorpusError, ImportError } from '../../errors'
import { findTensors, headerEnd } from '../../storage/safetensors'
import { bytes } from '../../words/sizes'
import type { FileLike, Files, NamedFile } from './file_like'

/** A zip is read into memory as a whole; a larger one can be unpacked by the person, and its folder dropped. */
const LARGEST_ZIP = 2 ** 30
/** What it may unpack to. */
const LARGEST_UNPACKED = 2 ** 31
/** A header of ours, or of anybody, that is read only to see whose it is. */
const LARGEST_PEEK = 16_000_008

/** What a file is: a run that was exported here, (a part of) a model of another program, or something else. */
export type Verdict = 'run' | 'model' | 'other'

/** Throws nothing: a file that only claims to be a model is one until it is opened, which says what is wrong. */
export async function verdictOf({ name, data }: NamedFile): Promise<Verdict> {
  const lower = name.toLowerCase()
  if (lower.endsWith('.gguf')) return 'model'
  if (lower.endsWith('.safetensors')) return (await isOurs(data)) ? 'run' : 'model'
  if (!lower.endsWith('.zip') || data.size > LARGEST_ZIP) return 'other'
  try {
    const archive = new Uint8Array(await data.arrayBuffer())
    const weights = zipEntries(name, archive).entries.filter((entry) => /\.(gguf|safetensors)$/i.test(entry.name))
    if (weights.length === 0) return 'other'
    // Whose it is stands in the first one's header.
    const tensors = weights.filter((entry) => entry.name.toLowerCase().endsWith('.safetensors'))
    const first = tensors[0]
    const isRun = first !== undefined && (await isOurs(new Blob([unzip(archive, first)])))
    return isRun ? 'run' : 'model'
  } catch (error) {
    if (error instanceof CorpusError) return 'other'
    throw error
  }
}

/** The files of runs that a file is, or that a zip holds. Throws CheckpointError. */
export async function runsIn(file: NamedFile): Promise<Uint8Array[]> {
  if (!file.name.toLowerCase().endsWith('.zip')) return [new Uint8Array(await file.data.arrayBuffer())]
  const runs: Uint8Array[] = []
  for (const { name, data } of await unpacked(file))
    if (name.endsWith('.safetensors') && (await isOurs(data))) runs.push(new Uint8Array(await data.arrayBuffer()))
  if (runs.length === 0) throw new CheckpointError(`${file.name} holds no run that can be opened.`)
  return runs
}

/** Whether a safetensors file was written by this page. */
async function isOurs(file: FileLike): Promise<boolean> {
  try {
    const first = new Uint8Array(await file.slice(0, 8).arrayBuffer())
    const end = headerEnd(first, file.size)
    if (end > LARGEST_PEEK) return false
    const header = new Uint8Array(await file.slice(0, end).arrayBuffer())
    return findTensors(header, file.size).metadata.get('format')?.startsWith('glasshouse') ?? false
  } catch (error) {
    // Damaged: the header of one of ours says so near its beginning.
    if (!(error instanceof CheckpointError)) throw error
    return (await file.slice(0, 256).text()).includes('"checksum"')
  }
}

/**
 * The files of one model by their names in its folder, a zip among them opened. Throws CheckpointError and ImportError: a damaged zip,
 * one that is too large, two models at once.
 */
export async function filesOf(given: readonly NamedFile[]): Promise<Files> {
  const all: NamedFile[] = []
  for (const file of given)
    if (file.name.toLowerCase().endsWith('.zip')) all.push(...(await unpacked(file)))
    else all.push(file)
  const isWeights = ({ name }: NamedFile) => /\.(safetensors|gguf)$/i.test(name)
  const folderOf = ({ name }: NamedFile) => name.slice(0, name.lastIndexOf('/') + 1)
  const weights = all.filter(isWeights)
  // The outermost folder that has weights: others lie within it (onnx/, original/).
  const depth = (folder: string) => folder.split('/').length
  const home = weights.map(folderOf).sort((a, b) => depth(a) - depth(b))[0]
  const inHome = home === undefined ? all : all.filter((file) => folderOf(file) === home)
  const files = new Map<string, FileLike>()
  for (const file of inHome) {
    const name = file.name.slice(folderOf(file).length)
    if (files.has(name)) throw new ImportError(`There are two files ${name}. Open one model at a time.`)
    files.set(name, file.data)
  }
  return files
}

async function unpacked({ name, data }: NamedFile): Promise<NamedFile[]> {
  if (data.size > LARGEST_ZIP)
    throw new ImportError(
      `${name} is ${bytes(data.size)} large; zips up to ${bytes(LARGEST_ZIP)} are opened. Unpack it, and drop the folder.`,
    )
  const archive = new Uint8Array(await data.arrayBuffer())
  try {
    const { entries, refused } = zipEntries(name, archive)
    const wanted = entries.filter((entry) => isOfModel(entry.name))
    const total = wanted.reduce((sum, { size }) => sum + size, 0)
    if (total > LARGEST_UNPACKED)
      throw new ImportError(`${name} unpacks to ${bytes(total)}; at most ${bytes(LARGEST_UNPACKED)} is opened.`)
    const lost = refused.find((entry) => isOfModel(entry.name))
    if (lost) throw new CheckpointError(lost.why)
    return wanted.map((entry) => ({ name: entry.name, data: new Blob([unzip(archive, entry)]) }))
  } catch (error) {
    if (error instanceof CorpusError) throw new CheckpointError(error.message, { cause: error })
    throw error
  }
}

const isOfModel = (name: string) => /\.(safetensors|gguf|json|txt)$/i.test(name) || /\.(model|bin|pt|pth)$/i.test(name)
