// Writing with the cache is writing without it, and many tokens at a stroke are the same as one by one.
import { afterEach, expect, test, vi } from 'vitest'
import { openCpu } from '../../src/cpu/engine'
import type { Config } from '../../src/config/config'
import type { Engine } from '../../src/engine'
import { initWeights } from '../../src/model/init'
import { openGpu } from '../../src/ops/engine'
import type { GeneratedToken, SampleOptions } from '../../src/words/run'
import { Decoder } from '../../src/train/decoder'
import { Evaluator } from '../../src/train/evaluator'
import { generate } from '../../src/train/generate'
import { Pace } from '../../src/train/pace'
import { Trainer } from '../../src/train/trainer'
import { gpu } from '../gpu_env'
import { tinyRun } from './tiny'

const ENGINES = ['gpu', 'cpu'] as const
const openEngine = async (kind: 'gpu' | 'cpu'): Promise<Engine> =>
  kind === 'cpu' ? openCpu() : openGpu({ gpu: await gpu(), tune: false })

/** So hot that any token may come: the probability of each tells of the logits of all. */
const HOT = { temperature: 3, top_k: 0, top_p: 1, seed: 4 }

afterEach(() => vi.restoreAllMocks())

/** Logits after the last token of a text by the training forward, all positions at once: what the cache must agree with. */
async function openWhole({ weights, config }: Trainer): Promise<(tokens: number[]) => Promise<Float32Array>> {
  const evaluator = await Evaluator.open(weights, { B: 1, T: config.block_size }, ['logits'])
  return async (tokens) => (await evaluator.logits(tokens)).slice(-config.vocab_size)
}

const shapes: Partial<Config>[] = [
  { position: 'rope', norm: 'rmsnorm', mlp: 'swiglu', n_kv_head: 2 },
  { position: 'learned', norm: 'layernorm', mlp: 'gelu', bias: true, n_kv_head: 4 },
  { position: 'none', mlp: 'relu2', n_kv_head: 1, tie: false, block_size: 41 },
]
test.each(ENGINES.flatMap((kind) => shapes.map((shape) => [kind, shape.position, shape] as const)))(
  'the cache changes nothing but the work (%s, %s)',
  async (kind, _, shape) => {
    const { spec } = await tinyRun({ block_size: 40, ...shape })
    const trainer = await Trainer.open(await openEngine(kind), spec.config, initWeights(spec.config, 3))
    const decoder = await Decoder.open(trainer.weights)
    const logitsAtOnce = await openWhole(trainer)
    const text = Array.from({ length: 40 }, (_, i) => (i * 7 + 3) % spec.config.vocab_size)
    const half = Math.floor(spec.config.block_size / 2)
    // One token; a short prompt; one that takes a long pass; one more; a full context; a changed past; and more than the context
    // holds, when its later half is the new beginning.
    for (const tokens of [
      text.slice(0, 1),
      text.slice(0, 3),
      text.slice(0, 38),
      text.slice(0, 39),
      text,
      [5, ...text.slice(1)],
      [...text, 1, 2, 3],
    ]) {
      const over = tokens.length - spec.config.block_size
      const whole = await logitsAtOnce(over > 0 ? tokens.slice(Math.ceil(over / half) * half) : tokens)
      const total = whole.reduce((sum, logit) => sum + Math.exp(logit / HOT.temperature), 0)
      for (let draw = 0; draw < 3; draw++) {
        const { id, probability } = await decoder.draw(tokens, { ...HOT }, draw, 1)
        expect(probability / (Math.exp(whole[id]! / HOT.temperature) / total)).toBeCloseTo(1, 4)
      }
    }
    decoder.destroy()
  },
)

const OPTIONS: SampleOptions = {
  prompt: '1 men went to mow, went to mow',
  max_tokens: 50,
  temperature: 0.9,
  top_k: 9,
  top_p: 0.95,
  seed: 5,
  stop: [],
}

/** Weights far enough from nothing that what was written matters to what comes. */
async function openTrainer(engine: Engine, change: Partial<Config> = {}) {
  const { spec, dataset } = await tinyRun(change)
  const weights = initWeights(spec.config, 3)
  for (const [name, data] of weights)
    if (data.some((x) => x !== 1))
      weights.set(
        name,
        data.map((x) => 8 * x),
      )
  return { trainer: await Trainer.open(engine, spec.config, weights), dataset }
}

/** Writes with bursts of one and then of `length` tokens; `meanwhile` is called before each token is taken. */
async function write(
  decoder: Decoder,
  tokenizer: Parameters<typeof generate>[1],
  length: number,
  options: Partial<SampleOptions> = {},
  meanwhile: (taken: number) => void = () => undefined,
  signal?: AbortSignal,
) {
  vi.spyOn(Pace.prototype, 'took').mockImplementation(function (this: Pace) {
    this.tokens = length
  })
  const tokens: GeneratedToken[] = []
  const stream = generate(decoder, tokenizer, { ...OPTIONS, ...options }, signal)
  for (;;) {
    meanwhile(tokens.length)
    const next = await stream.next()
    if (next.done) return { tokens, text: tokens.map(({ text }) => text).join(''), ending: next.value }
    tokens.push(next.value)
  }
}

test.each(ENGINES)('bursts of 1, 3 and 16 write the same, past the end of the context too (%s)', async (kind) => {
  const { trainer, dataset } = await openTrainer(await openEngine(kind))
  const texts = []
  for (const length of [1, 3, 16]) {
    const decoder = await Decoder.open(trainer.weights)
    texts.push(await write(decoder, dataset.tokenizer, length))
    decoder.destroy()
  }
  expect(texts[0]!.tokens).toHaveLength(50)
  expect(new Set(texts[0]!.text).size).toBeGreaterThan(8)
  expect(texts[1]).toEqual(texts[0])
  expect(texts[2]).toEqual(texts[0])
})

test('both engines write the same text', async () => {
  const texts = []
  for (const kind of ENGINES) {
    const { trainer, dataset } = await openTrainer(await openEngine(kind), { block_size: 41, position: 'learned' })
    texts.push((await write(await Decoder.open(trainer.weights), dataset.tokenizer, 16)).text)
  }
  expect(texts[1]).toBe(texts[0])
})

test('a burst is one program and one reading', async () => {
  const engine = await openEngine('gpu')
  const { trainer, dataset } = await openTrainer(engine, { block_size: 64 })
  const decoder = await Decoder.open(trainer.weights)
  await write(decoder, dataset.tokenizer, 16, { max_tokens: 1 })
  const [run, read] = [vi.spyOn(engine, 'run'), vi.spyOn(engine, 'read')]
  await write(decoder, dataset.tokenizer, 16, { max_tokens: 32 })
  expect([run.mock.calls.length, read.mock.calls.length]).toEqual([2, 2])
})

test('a prompt goes through in one pass, and only what is new of it', async () => {
  const engine = openCpu()
  const { trainer, dataset } = await openTrainer(engine, { block_size: 64 })
  const decoder = await Decoder.open(trainer.weights)
  const run = vi.spyOn(engine, 'run')
  const runs = async (prompt: string) => {
    run.mockClear()
    await write(decoder, dataset.tokenizer, 1, { prompt, max_tokens: 1 })
    return run.mock.calls.length
  }
  const prompt = '3 men went to mow, went to mow a meadow.\n4 men went to mow'
  expect(await runs(prompt)).toBe(2)
  expect(await runs(prompt)).toBe(1)
  // Two between what the cache holds and the last go through one at a time.
  expect(await runs(`${prompt}, w`)).toBe(2 + 1)
})

test.each(ENGINES)('a stop text ends it where it stands, whatever was drawn beyond it (%s)', async (kind) => {
  const { trainer, dataset } = await openTrainer(await openEngine(kind))
  const decoder = await Decoder.open(trainer.weights)
  const { text } = await write(decoder, dataset.tokenizer, 16)
  const stop = text.slice(21, 24)
  const options = { stop: ['never there', stop] }
  const stopped = await write(decoder, dataset.tokenizer, 16, options)
  expect(stopped).toEqual(await write(decoder, dataset.tokenizer, 1, options))
  expect([stopped.ending, stopped.text]).toEqual(['stop', text.slice(0, text.indexOf(stop))])
  // What was drawn beyond it is in the cache, and no part of the next text.
  expect((await write(decoder, dataset.tokenizer, 16)).text).toBe(text)
})

test('a cancel is heard before the rest of a burst', async () => {
  const { trainer, dataset } = await openTrainer(openCpu())
  const decoder = await Decoder.open(trainer.weights)
  const cancel = new AbortController()
  const stop = (taken: number) => taken === 5 && cancel.abort()
  const cut = await write(decoder, dataset.tokenizer, 16, {}, stop, cancel.signal)
  expect([cut.ending, cut.tokens.length]).toEqual(['cancelled', 5])
})

test('a text broken off leaves nothing to the next, nor does the end of one claim to be in the cache', async () => {
  const { trainer, dataset } = await openTrainer(openCpu(), { block_size: 64 })
  const decoder = await Decoder.open(trainer.weights)
  const { text } = await write(decoder, dataset.tokenizer, 16, { max_tokens: 17 })
  const same = { ...OPTIONS, max_tokens: 17 }
  for (const taken of [4, 17]) {
    const stream = generate(decoder, dataset.tokenizer, same)
    let written = ''
    for (let i = 0; i < taken; i++) {
      const next = await stream.next()
      if (!next.done) written += next.value.text
    }
    expect(written).toBe(text.slice(0, taken))
  }
  const more = { prompt: `${OPTIONS.prompt}${text} a meadow`, temperature: 3, max_tokens: 5 }
  const fresh = await Decoder.open(trainer.weights)
  expect(await write(decoder, dataset.tokenizer, 1, more)).toEqual(await write(fresh, dataset.tokenizer, 1, more))
})

test.each(ENGINES)('weights that change in the middle count from the next token on (%s)', async (kind) => {
  const texts = []
  for (const length of [1, 16]) {
    const { trainer, dataset } = await openTrainer(await openEngine(kind))
    const decoder = await Decoder.open(trainer.weights)
    const name = 'transformer.wte.weight'
    const [wte] = await trainer.read([name])
    const change = (taken: number) => {
      if (taken !== 7 && taken !== 29) return
      trainer.write(
        name,
        wte!.map((x) => x * (taken === 7 ? 0.5 : -1)),
      )
      decoder.forget()
    }
    const changed = await write(decoder, dataset.tokenizer, length, {}, change)
    trainer.write(name, wte!)
    decoder.forget()
    const whole = await write(decoder, dataset.tokenizer, length)
    expect(changed.text.slice(0, 7)).toBe(whole.text.slice(0, 7))
    expect(changed.text).not.toBe(whole.text)
    texts.push(changed)
  }
  expect(texts[1]).toEqual(texts[0])
})
