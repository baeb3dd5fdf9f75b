// A model of another program, on its way to be one of ours: which of its tensors lie side by side in each of our parameters, how they
// are turned, and the reading of their numbers, one tensor after the other. Headers are checked whole before any number is read.
import type { ModelConfig } from '../../config/config'
import { validate } from '../../config/validate'
import { CheckpointError, ImportError } from '../../errors'
import { paramTable, sizeOf } from '../../params'
import { configFor } from '../../presets'
import { bytes } from '../../words/sizes'

/** A tensor in a file: its shape is known, its numbers are read when they are asked for. */
export interface Found {
  shape: readonly number[]
  /** What reading it takes of the file. */
  size_bytes: number
  /** Its numbers, flat in row-major order. Throws CheckpointError. */
  read(): Promise<Float32Array>
}
/** Tensors by the file's own names. */
export type FoundTensors = ReadonlyMap<string, Found>

/** A foreign tensor, as columns of one of our parameters; of a vector, as a stretch of it. */
export interface Piece {
  name: string
  /** In the file. */
  shape: readonly number[]
  /** [out, in] there, [in, out] here. */
  transposed?: boolean
  /** The rows of each of so many heads stand in pairs there, (0, h), (1, h + 1), …, and in halves here. */
  paired?: number
  /** Where the file lacks it, its columns are zero. */
  optional?: boolean
}

/** What the weights of a model that is opened may take here, as 32-bit numbers: one file has them all, and the browser's limit is 2 GiB. */
export const LARGEST_WEIGHTS = 1.9 * 2 ** 30

/** Parameters by our names. */
export type Weights = Map<string, { shape: readonly number[]; data: Float32Array }>

/** Throws ImportError for a config that makes no model here, or one whose weights are more than are opened here. */
export function refuseUnlike(config: ModelConfig): void {
  const problems = validate(configFor(config, config.vocab_size))
  if (problems.length > 0)
    throw new ImportError(
      `It is no model that this page can compute. ${problems.map(({ message }) => message.replace(/; try [^;]*\.$/, '.')).join(' ')}`,
    )
  const size = 4 * paramTable(config).reduce((sum, { shape }) => sum + sizeOf(shape), 0)
  if (size > LARGEST_WEIGHTS)
    throw new ImportError(
      `Its weights take ${bytes(size)} here, and at most ${bytes(LARGEST_WEIGHTS)} can be opened. Choose a smaller model.`,
    )
}

/**
 * Finds a parameter's pieces by name, and which tensors no parameter has. Throws CheckpointError where one is missing, has another shape,
 * or is left over and not `skipped`.
 */
export function plan(
  config: ModelConfig,
  piecesOf: (param: string, shape: readonly number[]) => Piece[],
  tensors: FoundTensors,
  isSkipped: (name: string) => boolean,
): Map<string, Piece[]> {
  refuseUnlike(config)
  const used = new Set<string>()
  const all = new Map<string, Piece[]>()
  for (const { name, shape } of paramTable(config)) {
    const pieces = piecesOf(name, shape)
    all.set(name, pieces)
    for (const piece of pieces) {
      used.add(piece.name)
      const found = tensors.get(piece.name)
      if (!found && piece.optional) continue
      if (!found) throw new CheckpointError(`The model lacks its tensor “${piece.name}”: the files are not whole.`)
      if (String(found.shape) !== String(piece.shape))
        throw new CheckpointError(
          `Tensor “${piece.name}” is [${found.shape.join(', ')}], but its config makes it [${piece.shape.join(', ')}]: they do not belong together.`,
        )
    }
  }
  for (const name of tensors.keys())
    if (!used.has(name) && !isSkipped(name))
      throw new ImportError(
        `The model has a tensor “${name}” for which there is no place in a GPT of this page: it would not compute what it was made to.`,
      )
  return all
}

/** What is told and asked while numbers are read. */
export interface Reading {
  /** Bytes of the files that have been read, of all that will be. */
  tell?(done: number, total: number): void
  /** Lets others work; throws where the reading is called off. */
  pause?(): Promise<unknown>
}

/** Reads the numbers of a plan. Throws CheckpointError naming a tensor whose numbers are not finite. */
export async function assemble(
  config: ModelConfig,
  planned: ReadonlyMap<string, readonly Piece[]>,
  tensors: FoundTensors,
  { tell, pause }: Reading = {},
): Promise<Weights> {
  const pieces = [...planned.values()].flat()
  const total = pieces.reduce((sum, { name }) => sum + (tensors.get(name)?.size_bytes ?? 0), 0)
  let done = 0
  const weights: Weights = new Map()
  for (const { name, shape } of paramTable(config)) {
    const own = planned.get(name)!
    const columns = shape.at(-1)!
    let data: Float32Array | null = null
    let start = 0
    for (const piece of own) {
      const width = piece.transposed ? piece.shape[0]! : piece.shape.at(-1)!
      const found = tensors.get(piece.name)
      if (found) {
        const numbers = await found.read()
        refuseBroken(piece.name, numbers)
        if (own.length === 1 && !piece.transposed && piece.paired === undefined)
          // A longer table of positions loses its end.
          data = numbers.length > sizeOf(shape) ? numbers.slice(0, sizeOf(shape)) : numbers
        else put((data ??= new Float32Array(sizeOf(shape))), columns, start, width, numbers, piece)
        tell?.((done += found.size_bytes), total)
        await pause?.()
      }
      start += width
    }
    weights.set(name, { shape, data: data ?? new Float32Array(sizeOf(shape)) })
  }
  return weights
}

/** Rows of a matrix that are turned together: what they write stays in the processor's cache. */
const ROWS = 32

/** Puts a piece into the columns of a parameter from `start` on. */
function put(
  data: Float32Array,
  columns: number,
  start: number,
  width: number,
  numbers: Float32Array,
  { transposed, paired }: Piece,
): void {
  const rows = numbers.length / width
  const from = paired === undefined ? (c: number) => c : halves(width / paired)
  if (!transposed) {
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < width; c++) data[r * columns + start + c] = numbers[r * width + from(c)]!
    return
  }
  for (let r0 = 0; r0 < rows; r0 += ROWS) {
    const r1 = Math.min(rows, r0 + ROWS)
    for (let c = 0; c < width; c++) {
      const at = from(c) * rows
      for (let r = r0; r < r1; r++) data[r * columns + start + c] = numbers[at + r]!
    }
  }
}

/** In a head of `size` rows, row h·size/2 + i here is row 2i + h there. */
const halves = (size: number) => (c: number) => {
  const within = c % size
  const half = size / 2
  return c - within + (within < half ? 2 * within : 2 * (within - half) + 1)
}

function refuseBroken(name: string, data: Float32Array): void {
  for (let i = 0; i < data.length; i++)
    if (!Number.isFinite(data[i]!))
      throw new CheckpointError(
        `Tensor “${name}” holds ${data[i]} at element ${i}: the file is damaged, or its training blew up.`,
      )
}
