// A text as a model looks at it: its tokens, cut to the model's context, and what was cut or left out.
import { tokenBytes } from '../../data/tokenize/tokenizers'
import type { Tokenizer } from '../../data/tokenize/tokenizer'
import { ProbeError } from '../../errors'
import { logSumExp, topOf } from '../../inspect/numbers'
import type { Likely, LookText, LookToken, SlotInfo } from '../../words/look'
import type { Looked } from './slots'

/** A text in tokens, and what is told of it. Throws ProbeError where nothing of it can be read. */
export function readText({ tokenizer, info }: Looked, text: string): { ids: number[]; told: LookText } {
  if (text === '') throw new ProbeError('There is no text to look at. Type some.')
  const { ids: all, unknown } = tokenizer.encode(text)
  if (all.length === 0)
    throw new ProbeError('The model knows none of these characters: its text had none of them. Type others.')
  const { block_size } = info.config
  const ids = Array.from(all.slice(0, block_size))
  const notices: string[] = []
  if (unknown.length > 0)
    notices.push(
      `Left out, since the model’s text never had them: ${unknown.slice(0, 20).join(' ')}${unknown.length > 20 ? ' …' : ''}`,
    )
  if (all.length > block_size)
    notices.push(`The model looks back ${block_size} tokens: the first ${block_size} of ${all.length} are shown.`)
  return { ids, told: { tokens: ids.map((id) => lookToken(tokenizer, id)), notices } }
}

/** A token as it is shown. */
export function lookToken(tokenizer: Tokenizer, id: number): LookToken {
  const text = tokenizer.token(id)
  if (!text.includes('\ufffd')) return { id, text }
  const bytes = tokenBytes(tokenizer.state, id)
  return { id, text: Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ') }
}

/** The k likeliest tokens of a row of logits, with their chances. */
export function likelyTokens(tokenizer: Tokenizer, row: Float32Array, k: number): Likely[] {
  const all = logSumExp(row)
  return topOf(row, k).map((id) => ({ ...lookToken(tokenizer, id), chance: Math.exp(row[id]! - all) }))
}

/** The token at which the chances, added up, pass `share`. */
export function drawn(row: Float32Array, share: number): number {
  const all = logSumExp(row)
  let sum = 0
  for (let id = 0; id < row.length; id++) {
    sum += Math.exp(row[id]! - all)
    if (sum > share) return id
  }
  return row.length - 1
}

/** Throws ProbeError unless two models read text alike. */
export function sameReading(a: SlotInfo, b: SlotInfo): void {
  if (a.tokenizer_key !== b.tokenizer_key)
    throw new ProbeError(
      `“${a.name}” and “${b.name}” cut text into different tokens: what they do with each cannot be compared. Choose two steps of one run.`,
    )
}
