// Taking a model away as a file, as page and worker say it.
import type { SlotSource } from './look'

/** What can be written. `folder`: everything at once, as a zip; `bundle`: the run itself, as a zip. */
export const EXPORT_FORMATS = ['folder', 'gguf', 'onnx', 'bundle'] as const
export type ExportFormat = (typeof EXPORT_FORMATS)[number]

/** Types of the numbers. `q8_0` is GGUF's: blocks of 32 in 8 bits with a scale of 16 bits. */
export const NUMBER_TYPES = ['f32', 'f16', 'q8_0'] as const
export type NumberType = (typeof NUMBER_TYPES)[number]

/** One format for one model. */
export interface ExportOffer {
  /** Why it cannot be written, in a sentence. */
  refused: string | null
  /** What it will lack or have otherwise, a sentence each. */
  gaps: string[]
  /** About how large, in bytes. */
  size_bytes: number
}

export interface ExportOffers {
  name: string
  step: number
  /** What the numbers were chosen to be. */
  type: NumberType
  /** Whether its text is at hand, and how long it is. */
  text: { name: string; characters: number } | null
  /** Whether it is a run as saved last, which alone can be bundled and trained on. */
  isRun: boolean
  formats: Record<ExportFormat, ExportOffer>
}

/** How a file is written. `text`: the text goes along, in a folder and a bundle. */
export interface ExportChoice {
  format: ExportFormat
  type: NumberType
  text: boolean
}

export interface ExportedFile {
  name: string
  bytes: Uint8Array<ArrayBuffer>
  /** What it lacks or has otherwise, a sentence each. */
  gaps: string[]
}

export interface ExportCalls {
  /** What every format can hold of a model. Throws CheckpointError for a step that is not kept. */
  offers(source: SlotSource, choice: Omit<ExportChoice, 'format'>): Promise<ExportOffers>
  /** Writes a file. Throws ExportError where the format cannot hold the model, CheckpointError as above. */
  make(source: SlotSource, choice: ExportChoice): Promise<ExportedFile>
}
