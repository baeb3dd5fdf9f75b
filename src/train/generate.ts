// Writing text: a prompt in, tokens out, until a stop text, a cancel or the asked length.
import type { Tokenizer } from '../data/tokenize/tokenizer'
import type { GeneratedToken, SampleOptions } from '../words/run'
import type { Decoder } from './decoder'

/**
 * Writes text token by token. The stop text is held back while it may still be completed and is never part of the text.
 */
export async function* generate(
  decoder: Pick<Decoder, 'draw'>,
  tokenizer: Tokenizer,
  options: SampleOptions,
  signal?: AbortSignal,
): AsyncGenerator<GeneratedToken, 'length' | 'stop' | 'cancelled'> {
  const { ids } = tokenizer.encode(options.prompt)
  // A model must start somewhere: after a line break if it knows one, else after its first token.
  const newline = tokenizer.encode('\n').ids
  const tokens = ids.length > 0 ? [...ids] : [newline[0] ?? 0]
  const stops = options.stop.filter((stop) => stop.length > 0)
  const held: GeneratedToken[] = []
  for (let i = 0; i < options.max_tokens; i++) {
    if (signal?.aborted) return 'cancelled'
    const { id, probability } = await decoder.draw(tokens, options, i, options.max_tokens - i)
    tokens.push(id)
    held.push({ text: tokenizer.token(id), id, probability })
    const text = held.map((token) => token.text).join('')
    const stop = stops.map((s) => text.indexOf(s)).filter((at) => at >= 0)
    if (stop.length > 0) {
      yield* cut(held, Math.min(...stop))
      return 'stop'
    }
    const safe = text.length - Math.max(0, ...stops.map((s) => overlap(text, s)))
    let length = 0
    while (held.length > 0 && length + held[0]!.text.length <= safe) {
      length += held[0]!.text.length
      yield held.shift()!
    }
  }
  yield* held
  return 'length'
}

/** How much of `stop`'s beginning the text ends with. */
function overlap(text: string, stop: string): number {
  for (let n = Math.min(text.length, stop.length - 1); n > 0; n--) if (text.endsWith(stop.slice(0, n))) return n
  return 0
}

/** The tokens whose text lies before `end`, the last one shortened. */
function* cut(tokens: readonly GeneratedToken[], end: number): Generator<GeneratedToken> {
  let at = 0
  for (const token of tokens) {
    if (at >= end) return
    yield { ...token, text: token.text.slice(0, end - at) }
    at += token.text.length
  }
}
