// What is added up into the stream before the first layer, as maps: tables of embeddings in two components, and neighbours by cosine.
import { components, neighbours } from '../../inspect/components'
import { ProbeError } from '../../errors'
import { paced } from '../../paced'
import { CHARACTER_CLASSES, characterClass } from '../../words/characters'
import type { LookViews } from '../../words/look'
import type { Embedded } from '../../words/look_parts'
import type { Job } from '../desk'
import type { Looked } from './slots'
import { lookToken } from './texts'

/** The parameter of each table. */
const TABLES: Record<Embedded, string> = { tokens: 'transformer.wte.weight', positions: 'transformer.wpe.weight' }

/** Throws ProbeError where the model has no learned positions. */
export async function embeddingsView(
  looked: Looked,
  { of, towards }: LookViews['embeddings']['asks'],
  job: Job<never>,
): Promise<LookViews['embeddings']['tells']> {
  const { table, C } = await tableOf(looked, of)
  const rows = table.length / C
  const before = towards?.length === 2 * rows ? towards : undefined
  const { points, shares } = await paced(components(table, C, before), () => job.pause())
  const names = Array.from({ length: rows }, (_, row) => nameOf(looked, of, row))
  return { points, shares, names, classes: Uint8Array.from(names, (name, row) => classOf(looked, of, row, name)) }
}

export async function nearView(
  looked: Looked,
  { of, row, k }: LookViews['near']['asks'],
): Promise<LookViews['near']['tells']> {
  const { table, C } = await tableOf(looked, of)
  return neighbours(table, C, row, k).map(({ row: near, cosine }) => ({
    row: near,
    name: nameOf(looked, of, near),
    cosine,
  }))
}

async function tableOf(looked: Looked, of: Embedded): Promise<{ table: Float32Array; C: number }> {
  const { config, name } = looked.info
  if (of === 'positions' && config.position !== 'learned')
    throw new ProbeError(
      `“${name}” has no table of positions: ${config.position === 'rope' ? 'its positions are rotations (RoPE) inside attention' : 'it is told no positions'}. Look at its tokens.`,
    )
  const table = await looked.probe(async ({ weights }) => (await weights.engine.read([weights.param(TABLES[of])]))[0]!)
  return { table, C: config.n_embd }
}

function nameOf({ tokenizer }: Looked, of: Embedded, row: number): string {
  return of === 'positions' ? String(row) : lookToken(tokenizer, row).text
}

/** By the first character behind leading spaces, since many tokens begin with one. */
function classOf({ tokenizer }: Looked, of: Embedded, row: number, name: string): number {
  const { special, vocab } = tokenizer.state
  const whole = of === 'tokens' && !special?.includes(vocab[row]!) && !tokenizer.token(row).includes('\ufffd')
  return CHARACTER_CLASSES.indexOf(whole ? characterClass(name.trimStart() || name) : 'other')
}
