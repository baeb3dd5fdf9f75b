// What the engine of this process writes with a model as its file rounds it.
import { tokenizerOf } from '../../../src/data/tokenize/tokenizers'
import { pack, unpack, type PackedModel } from '../../../src/share/demo/packed'
import { Weights } from '../../../src/train/weights'
import { Writer } from '../../../src/train/writer'
import { openWasm } from '../../../src/wasm/engine'
import type { DemoForm, DemoText } from '../../../src/words/demo'
import { TEXT } from './made'

export async function greedy(
  model: Omit<PackedModel, keyof DemoText>,
  form: DemoForm,
  prompt: string,
  max_tokens: number,
): Promise<string[]> {
  const { config, tokenizer, gates, weights } = unpack(pack({ ...model, ...TEXT }, form))
  const on = await Weights.open(openWasm(), config, weights)
  if (Object.keys(gates).length > 0) await on.turn(gates)
  const writer = new Writer(on, tokenizerOf(tokenizer))
  const tokens: string[] = []
  const options = { prompt, temperature: 0, top_k: 0, top_p: 1, max_tokens, seed: 1, stop: [] }
  for await (const { text } of writer.generate(options)) tokens.push(text)
  return tokens
}
