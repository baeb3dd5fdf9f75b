// A packed model that writes: the project's own decoder on WebAssembly, on plain JavaScript where there is none, and for a large model on
// WebGPU where that writes faster on the device at hand. What a demo and an embed have in common.
import { openCpu } from '../../cpu/engine'
import { SPECIAL } from '../../words/tokens'
import { writeMessages } from '../../data/tokenize/chat_format'
import { tokenizerOf } from '../../data/tokenize/tokenizers'
import type { Tokenizer } from '../../data/tokenize/tokenizer'
import type { Engine } from '../../engine'
import { openGpu } from '../../ops/engine'
import { countParams } from '../../params'
import { Weights } from '../../train/weights'
import { Writer } from '../../train/writer'
import { openWasm, whyNoWasm } from '../../wasm/engine'
import type { EngineChoice, Ending, Message, Model, WriteOptions } from './model'
import { isChat } from './chat'
import { unpack, type PackedModel } from './packed'

/** Parameters from which WebGPU is tried: smaller models write thousands of tokens a second on the processor, and begin at once. */
const LARGE = 1_000_000
/** Tokens that each engine writes when two are compared. */
const TRIAL = 24

/** A model on an engine. */
interface Seat {
  engine: Engine
  weights: Weights
  writer: Writer
}

/** Opens a packed model. Throws CheckpointError where it is damaged, NoWebGpuError where WebGPU is asked for and missing. */
export async function openPacked(packed: string, choice: EngineChoice = 'auto'): Promise<Model> {
  const model = unpack(packed)
  const tokenizer = tokenizerOf(model.tokenizer)
  const seat = await seatFor(model, tokenizer, choice)
  const options = { chats: isChat(model.tokenizer), parameters: countParams(model.config) }
  // Tokens are drawn one burst at a time: texts that are written at once share one cache.
  let turn: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(task: () => Promise<T>): Promise<T> => {
    const done = turn.then(task)
    turn = done.catch(() => undefined)
    return done
  }
  async function* write(prompt: string, given: WriteOptions = {}): AsyncGenerator<string, Ending, undefined> {
    const { temperature = 0.8, top_k = 0, top_p = 0.95, max_tokens = 300, signal, stop = [] } = given
    const seed = given.seed ?? Math.floor(Math.random() * 2 ** 32)
    const stops = typeof stop === 'string' ? [stop] : [...stop]
    const text = seat.writer.generate({ prompt, temperature, top_k, top_p, max_tokens, seed, stop: stops }, signal)
    for (;;) {
      const next = await inTurn(() => text.next())
      if (next.done) return next.value
      yield next.value.text
    }
  }
  return {
    title: model.title,
    author: model.author,
    description: model.description,
    prompt: model.prompt,
    ...options,
    context: model.config.block_size,
    engine: seat.engine.info.name,
    write,
    reply(messages: readonly Message[], { stop = [], ...given }: WriteOptions = {}) {
      if (!options.chats) throw new Error('This model was not trained on conversations: ask it to write.')
      const stops = [SPECIAL.end, SPECIAL.end_of_text, ...(typeof stop === 'string' ? [stop] : stop)]
      return write(writeMessages(messages) + SPECIAL.assistant, { ...given, stop: stops })
    },
    unknown: (text) => tokenizer.encode(text).unknown,
    close() {
      leave(seat)
    },
  }
}

async function seatFor(model: PackedModel, tokenizer: Tokenizer, choice: EngineChoice): Promise<Seat> {
  const gpu: GPU | undefined = globalThis.navigator?.gpu
  if (choice === 'gpu') return take(await openGpu({ gpu }), model, tokenizer)
  if (choice === 'javascript') return take(openCpu(), model, tokenizer)
  const seat = await take(whyNoWasm() === null ? openWasm() : openCpu(), model, tokenizer)
  if (choice === 'cpu' || !gpu || countParams(model.config) < LARGE) return seat
  return (await faster(seat, gpu, model, tokenizer)) ?? seat
}

/** The model on WebGPU, where that writes faster than `seat`, which is left then; null where it does not, or does not run at all. */
async function faster(seat: Seat, gpu: GPU, model: PackedModel, tokenizer: Tokenizer): Promise<Seat | null> {
  let other: Seat | null = null
  try {
    const engine = await openGpu({ gpu })
    if (engine.info.software) {
      engine.destroy()
      return null
    }
    other = await take(engine, model, tokenizer)
    if ((await trial(other)) < (await trial(seat))) {
      leave(seat)
      return other
    }
  } catch {
    // No adapter, not the memory, or a driver that gives up: the processor writes.
  }
  if (other) leave(other)
  return null
}

/** Milliseconds of a short text, after one that compiles what it needs. */
async function trial({ writer }: Seat): Promise<number> {
  const text = { prompt: '', temperature: 0, top_k: 0, top_p: 1, max_tokens: TRIAL, seed: 1, stop: [] }
  let from = 0
  for (let round = 0; round < 2; round++) {
    from = performance.now()
    const tokens = writer.generate(text)
    while (!(await tokens.next()).done);
  }
  return performance.now() - from
}

async function take(
  engine: Engine,
  { config, weights: values, gates }: PackedModel,
  tokenizer: Tokenizer,
): Promise<Seat> {
  try {
    const weights = await Weights.open(engine, config, values)
    if (Object.keys(gates).length > 0) await weights.turn(gates)
    return { engine, weights, writer: new Writer(weights, tokenizer) }
  } catch (error) {
    engine.destroy()
    throw error
  }
}

function leave({ engine, weights, writer }: Seat): void {
  writer.destroy()
  weights.destroy()
  engine.destroy()
}
