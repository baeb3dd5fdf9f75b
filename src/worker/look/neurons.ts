// Neurons of the MLPs: their strongest contexts in the run's text, what they say, who says a token, and one held at a value.
import { topOf } from '../../inspect/numbers'
import { activations, moves, speaks, Strongest } from '../../inspect/neurons'
import { logits } from '../../inspect/predictions'
import type { Probe } from '../../inspect/probe'
import { hash } from '../../rng'
import type { LookViews } from '../../words/look'
import type { NeuronContext, Speaker } from '../../words/look_parts'
import type { Job } from '../desk'
import type { Looked } from './slots'
import { inTurns } from './steady'
import { drawn, likelyTokens, lookToken, readText } from './texts'
import { heldOut, LOSS_WINDOWS, windowsOf } from './windows'

/** Windows that are looked through, and how much work that may be. */
const WINDOWS = { trained: 96, held: 96 }
const MOST_MS = 4000
/** Places of each neuron. */
const PLACES = 8
/** Tokens that a context shows before its peak and after it. */
const CONTEXT = { before: 32, after: 12 }
const TOKENS = 12
const SPEAKERS = 12

export async function neuronsView(
  looked: Looked,
  { layer }: LookViews['neurons']['asks'],
  job: Job<never>,
): Promise<LookViews['neurons']['tells']> {
  const windows = await windowsOf(looked, WINDOWS)
  const F = looked.info.config.n_inner
  const strongest = new Strongest(F, PLACES)
  const ask = async (probe: Probe, { tokens }: { tokens: number[] }) =>
    strongest.add(await activations(probe, { tokens }, layer))
  await inTurns(looked, job, { of: 'now', items: windows, ask, most_ms: MOST_MS })
  const placesOf = (side: 'up' | 'down') => {
    const { text, position } = strongest.places(side)
    return { window: text, position }
  }
  return {
    neurons: F,
    ...{ most: strongest.most, least: strongest.least, mean: strongest.mean, tokens: strongest.tokens },
    ...{ k: strongest.k, up: placesOf('up'), down: placesOf('down') },
    from: Uint32Array.from(windows, ({ from }) => from),
  }
}

export async function neuronView(
  looked: Looked,
  { layer, neuron, places }: LookViews['neuron']['asks'],
  job: Job<never>,
): Promise<LookViews['neuron']['tells']> {
  const dataset = await looked.dataset()
  const { n_inner: F, block_size } = looked.info.config
  const contexts: NeuronContext[] = []
  const ask = async (probe: Probe, { from, position }: { from: number; position: number }) => {
    if (!dataset) return
    // Windows are as long as the model looks back, or as the shorter part of the text; what follows the peak changes nothing before it.
    const ids = Array.from(dataset.tokens.subarray(from, from + Math.min(block_size, position + 1 + CONTEXT.after)))
    const all = await activations(probe, { tokens: ids }, layer)
    const first = Math.max(0, position - CONTEXT.before)
    contexts.push({
      held: from >= dataset.train.length,
      tokens: ids.slice(first).map((id) => lookToken(looked.tokenizer, id)),
      activations: ids.slice(first).map((_, i) => all[(first + i) * F + neuron]!),
      peak: position - first,
    })
  }
  await inTurns(looked, job, { of: 'now', items: places, ask, most_ms: MOST_MS })
  const told = await looked.probe((probe) => speaks(probe, { layer, neuron, k: TOKENS }))
  const named = (moved: { id: number; by: number }[]) =>
    moved.map(({ id, by }) => ({ ...lookToken(looked.tokenizer, id), by }))
  return { contexts, raises: named(told.raises), lowers: named(told.lowers) }
}

export async function speakersView(
  looked: Looked,
  { text }: LookViews['speakers']['asks'],
  job: Job<never>,
): Promise<LookViews['speakers']['tells']> {
  const token = readText(looked, text).ids[0]!
  const { n_layer, n_inner: F } = looked.info.config
  const by = new Float32Array(n_layer * F)
  for (let layer = 0; layer < n_layer; layer++) {
    await job.pause()
    by.set(await looked.probe((probe) => moves(probe, { layer, token })), layer * F)
  }
  const named = (places: number[]): Speaker[] =>
    places.map((at) => ({ layer: Math.floor(at / F), neuron: at % F, by: by[at]! }))
  const lowest = topOf(
    by.map((x) => -x),
    SPEAKERS,
  )
  return { token: lookToken(looked.tokenizer, token), raises: named(topOf(by, SPEAKERS)), lowers: named(lowest) }
}

/** The model as it is, and with one neuron at `value` at every token, whatever it would have been. */
export async function clampedView(
  looked: Looked,
  { text, layer, neuron, value, seed, length }: LookViews['clamped']['asks'],
  job: Job<never>,
): Promise<LookViews['clamped']['tells']> {
  const { ids } = readText(looked, text)
  const { vocab_size: V, n_inner: F, block_size } = looked.info.config
  const address = `h.${layer}.mlp.fch_${looked.info.config.mlp}`
  const windows = looked.info.hasText ? await heldOut(looked, LOSS_WINDOWS) : []
  /** What is put in the neuron's place; nothing where the model stays as it is. */
  const replacing = async (probe: Probe, tokens: readonly number[], clamps: boolean) => {
    if (!clamps) return undefined
    const data = await activations(probe, { tokens }, layer)
    for (let t = 0; t < tokens.length; t++) data[t * F + neuron] = value
    return [{ address, data }]
  }
  const tell = async (clamps: boolean) => {
    let loss = 0
    for (const tokens of windows) {
      await job.pause()
      loss += await looked.probe(async (probe) => {
        const replace = await replacing(probe, tokens, clamps)
        return (await probe.ask({ tokens, replace })).loss / windows.length
      })
    }
    const written = [...ids]
    const last = async (tokens: number[]) => {
      await job.pause()
      return looked.probe(async (probe) =>
        (await logits(probe, { tokens, replace: await replacing(probe, tokens, clamps) })).slice(-V),
      )
    }
    const next = await last(ids)
    for (let n = 0; n < length; n++) {
      const row = n === 0 ? next : await last(written.slice(-block_size))
      written.push(drawn(row, hash(seed, 0, n) / 2 ** 32))
    }
    return {
      val_loss: windows.length > 0 ? loss : null,
      next: likelyTokens(looked.tokenizer, next, 5),
      sample: looked.tokenizer.decode(written.slice(ids.length)),
    }
  }
  return { asIs: await tell(false), turned: await tell(true) }
}
