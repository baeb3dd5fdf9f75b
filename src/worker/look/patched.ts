// Patching as something to play with: a first corrupted text, and what the model writes when an activation of the clean text is kept in
// the place of the corrupted one's.
import { ProbeError } from '../../errors'
import { divergence } from '../../inspect/numbers'
import { patchPlace } from '../../inspect/patching'
import { logits } from '../../inspect/predictions'
import type { Probe } from '../../inspect/probe'
import { hash } from '../../rng'
import type { LookViews } from '../../words/look'
import type { Job } from '../desk'
import type { Looked } from './slots'
import { drawn, likelyTokens, readText } from './texts'

/** The last tokens, which are not changed where there are others; positions before them at which a change is tried, and tries there. */
const SPARED = 3
const TRIED = 12
const TRIES = 2
/** Likely tokens that are told beside a sample. */
const NEXT = 5

/** Two texts of one length, in tokens. Throws ProbeError where they are the same, or make no pair. */
export function pairOf(looked: Looked, text: string, corrupted: string) {
  const [clean, other] = [readText(looked, text), readText(looked, corrupted)]
  const [n, m] = [clean.ids.length, other.ids.length]
  if (n !== m)
    throw new ProbeError(
      `The clean text has ${n} tokens and the corrupted one ${m}. Replace tokens without adding or dropping any.`,
    )
  if (clean.ids.every((id, t) => id === other.ids[t]))
    throw new ProbeError('The two texts are the same tokens. Change a token of the corrupted one.')
  if (looked.now().trains)
    throw new ProbeError(
      'Patching sends the text through the model hundreds of times, and would stall the run. Pause it, or choose a kept step.',
    )
  return { clean, other }
}

/** Changes one token, so that the prediction after the text changes most; null where no other token reads back as itself. */
export async function corruptView(looked: Looked, text: string): Promise<LookViews['corrupt']['tells']> {
  const { ids } = readText(looked, text)
  const { tokenizer, info } = looked
  const { vocab_size: V } = info.config
  const own = [...new Set(ids)].sort((a, b) => a - b)
  const kind = (id: number) => (/^\s*[\p{L}\p{N}]+$/u.test(tokenizer.token(id)) ? 'word' : 'mark')
  const changed = (t: number): { ids: number[]; text: string; position: number }[] =>
    own
      .filter((id) => id !== ids[t] && kind(id) === kind(ids[t]!))
      .map((id, i) => ({ id, order: hash(t, i, id) }))
      .sort((a, b) => a.order - b.order)
      .map(({ id }) => ids.with(t, id))
      .map((other) => ({ ids: other, text: tokenizer.decode(other), position: t }))
      .filter((other) => String(tokenizer.encode(other.text).ids) === String(other.ids))
      .slice(0, TRIES)
  const last = ids.length - 2 >= SPARED ? ids.length - 1 - SPARED : ids.length - 2
  const tries = Array.from({ length: Math.min(TRIED, last + 1) }, (_, i) => changed(last - i)).flat()
  const row = async (tokens: number[]) =>
    (await looked.probe((probe) => logits(probe, { tokens }))).slice((ids.length - 1) * V, ids.length * V)
  const clean = await row(ids)
  let most: { text: string; position: number; nats: number } | null = null
  for (const { ids: tokens, text, position } of tries) {
    const nats = divergence(clean, await row(tokens))
    if (most === null || nats > most.nats) most = { text, position, nats }
  }
  return most && { text: most.text, position: most.position }
}

/** What the model writes after both texts, and after the corrupted one with the patch kept. Throws ProbeError. */
export async function patchedView(
  looked: Looked,
  { text, corrupted, cell, seed, length }: LookViews['patched']['asks'],
  job: Pick<Job<never>, 'pause'>,
): Promise<LookViews['patched']['tells']> {
  const { clean, other } = pairOf(looked, text, corrupted)
  const { block_size, vocab_size: V } = looked.info.config
  const T = clean.ids.length
  const { address, covers } = await looked.probe(async ({ weights }) => patchPlace(weights, cell, T))
  const { data: kept } = await looked.probe((probe) => activation(probe, address, clean.ids))
  /** The logits after `written`, whose first `gone` tokens the model does not see any more. */
  const after = async (probe: Probe, written: readonly number[], patch: boolean) => {
    const gone = Math.max(0, written.length - block_size)
    const tokens = written.slice(gone)
    if (!patch) return (await logits(probe, { tokens })).subarray(-V)
    const { data, width } = await activation(probe, address, tokens)
    // The patch goes with its tokens, and leaves with them.
    const from = gone * width
    const mixed = data.map((x, i) => (i + from < T * width && covers(i + from, width) ? kept[i + from]! : x))
    const { tensors } = await probe.ask({ tokens, keep: ['logits'], replace: [{ address, data: mixed }] })
    return tensors.get('logits')!.data.subarray(-V)
  }
  const write = async (ids: readonly number[], patch: boolean) => {
    const first = await looked.probe((probe) => after(probe, ids, patch))
    const written = [...ids]
    for (let n = 0; n < length; n++) {
      await job.pause()
      const row = n === 0 ? first : await looked.probe((probe) => after(probe, written, patch))
      written.push(drawn(row, hash(seed, 0, n) / 2 ** 32))
    }
    return {
      next: likelyTokens(looked.tokenizer, first, NEXT),
      sample: looked.tokenizer.decode(written.slice(ids.length)),
    }
  }
  return {
    clean: await write(clean.ids, false),
    corrupted: await write(other.ids, false),
    patched: await write(other.ids, true),
  }
}

async function activation(probe: Probe, address: string, tokens: number[]) {
  const { tensors } = await probe.ask({ tokens, keep: [address] })
  const { data, shape } = tensors.get(address)!
  return { data, width: shape.at(-1)! }
}
