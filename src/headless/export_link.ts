// `npm run export -- DIR --to link`: a kept run as the fragment of a link that the page opens. Says what rounding its weights costs.
import { writeFileSync } from 'node:fs'
import { makeDataset } from '../data/dataset/dataset'
import type { Engine } from '../engine'
import { RoundingBench } from '../inspect/rounding_bench'
import { writeLink } from '../share/link/link'
import { cardOf, curveOf, settingsOf } from '../share/link/parts'
import { roundWeights, weightDigest, weightsFromBytes } from '../share/link/weights'
import { decodeText } from '../storage/checkpoint'
import { MOST_LOST, zoneOf, type LinkBits } from '../words/link'
import { UsageError, type Io } from './command'
import type { KeptRun } from './run_folder'

const OPENS = {
  everywhere: 'opens everywhere',
  chats: 'opens in browsers and most chats',
  paste: 'copy and paste only',
  file: 'too long',
} as const

/**
 * Writes the fragment of a link with settings, results, curve, tokenizer and model to `out`, or to standard output. Throws UsageError
 * where 4 bits cost more than they may, LinkError where the link is too long.
 */
export async function exportLink(
  { checkpoint, history, text }: KeptRun,
  { bits, out }: { bits: LinkBits; out: string | null },
  engine: Engine,
  io: Io,
): Promise<number> {
  const { spec, step } = checkpoint.meta
  const { config, corpus, tokenizer } = spec
  const weights = new Map([...checkpoint.tensors].map(([name, { data }]) => [name, data]))
  const { dataset } = await makeDataset(decodeText(text), corpus, config.val_fraction, tokenizer)
  const bench = await RoundingBench.open(engine, spec, weights, dataset)
  const packed = await roundWeights(config, step, weights, bits, await bench?.moments())
  if (bench) {
    const [before, after] = [await bench.loss(weights), await bench.loss(weightsFromBytes(config, packed).values)]
    bench.destroy()
    const share = after / before - 1
    io.err(
      `Loss on ${bench.tokens} tokens (${bench.on}): ${before.toFixed(4)} as trained, ${after.toFixed(4)} at ${bits} bits, ${share < 0 ? '' : '+'}${(100 * share).toFixed(2)} %`,
    )
    if (bits === 4 && share > MOST_LOST)
      throw new UsageError(`4 bits would cost more than ${100 * MOST_LOST} % of the loss. Take --bits 8.`)
  } else if (bits === 4) throw new UsageError('The text is too short to measure what 4 bits cost. Take --bits 8.')
  const curve = curveOf(history)
  const fragment = await writeLink({
    settings: settingsOf(spec),
    card: cardOf(spec, step, history, await weightDigest(config, weights), null),
    ...(curve && { curve }),
    tokenizer,
    weights: packed,
  })
  io.err(`${fragment.length} characters: ${OPENS[zoneOf(fragment.length)]}. Put it behind the address of the page.`)
  if (out === null) io.out(fragment)
  else writeFileSync(out, `${fragment}\n`)
  return 0
}
