// What a model's head reads, on text like its own: the stream after the last norm. For whoever must know where no logit may rise.
import type { Tokens } from '../data/tokenize/tokenizer'
import { tokenizerOf } from '../data/tokenize/tokenizers'
import type { Engine } from '../engine'
import { Weights } from '../train/weights'
import { Writer } from '../train/writer'
import type { RunSpec } from '../words/run'
import { Probe } from './probe'

/** Rows for each number of a row, and the fewest: enough that what holds on them holds. */
const ROWS_PER_NUMBER = 4
const FEWEST = 1024

/**
 * Rows [N, C] of windows spread evenly over `tokens`, or, where no text is at hand, over one that the model writes itself; and that
 * text. `values` by parameter name; gates are not read. Throws OutOfMemoryError, DeviceLostError.
 */
export async function headInputs(
  engine: Engine,
  spec: RunSpec,
  values: ReadonlyMap<string, Float32Array>,
  tokens: Tokens | null,
): Promise<{ rows: Float32Array; tokens: ArrayLike<number> }> {
  const { config } = spec
  const { block_size: T, n_embd: C } = config
  const weights = await Weights.open(engine, config, values)
  const probe = new Probe(weights)
  try {
    const windows = Math.ceil(Math.max(FEWEST, ROWS_PER_NUMBER * C) / T)
    const text = tokens && tokens.length > T ? tokens : await written(weights, spec, windows * T)
    const rows = new Float32Array(windows * T * C)
    for (let i = 0; i < windows; i++) {
      const start = Math.floor((i * Math.max(0, text.length - T)) / Math.max(1, windows - 1))
      const window = text.slice(start, start + T)
      const { tensors } = await probe.ask({ tokens: window, keep: ['lnf'] })
      rows.set(tensors.get('lnf')!.data, i * T * C)
    }
    return { rows, tokens: text }
  } finally {
    probe.destroy()
    weights.destroy()
  }
}

async function written(weights: Weights, { tokenizer, prompt }: RunSpec, length: number): Promise<Uint32Array> {
  const reader = tokenizerOf(tokenizer)
  const writer = new Writer(weights, reader)
  try {
    const ids = [...reader.encode(prompt).ids]
    const options = { prompt, max_tokens: length, seed: 1, temperature: 1, top_k: 0, top_p: 1, stop: [] }
    for await (const { id } of writer.generate(options)) ids.push(id)
    return Uint32Array.from(ids)
  } finally {
    writer.destroy()
  }
}
