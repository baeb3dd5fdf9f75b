// A small model of each kind with weights from a seed, and what a demo of it is made with.
import { bundleDemo } from '../../../src/headless/demo_bundle.mjs'
import { defaultConfig } from '../../../src/config/fields'
import type { Config } from '../../../src/config/config'
import { withSpecial } from '../../../src/data/tokenize/special'
import { SPECIAL_TOKENS } from '../../../src/data/tokenize/chat_format'
import { initialWeights } from '../../../src/train/slot'
import type { Embed, Player } from '../../../src/share/demo/html'
import type { PackedModel } from '../../../src/share/demo/packed'
import type { DemoText } from '../../../src/words/demo'
import type { TokenizerState } from '../../../src/words/tokens'

const LETTERS = [...'\n abcdefghijklmnopqrstuvwxyz.,é']
export const CHARACTERS: TokenizerState = { kind: 'char', vocab: LETTERS }
export const CHAT: TokenizerState = { kind: 'char', ...withSpecial(LETTERS, SPECIAL_TOKENS) }

export const TEXT: DemoText = { title: 'A small one', author: 'Somebody', description: 'It writes.', prompt: 'once' }
export const ORIGIN = { corpus: 'A book', licence: 'Public domain', step: 1200, val_loss: 1.5 }

const SMALL = { n_layer: 2, n_head: 4, n_kv_head: 4, n_embd: 32, n_inner: 48, block_size: 24, seed: 7 }
export const KINDS: Record<string, Partial<Config>> = {
  'GPT-2': { ...SMALL, position: 'learned', norm: 'layernorm', mlp: 'gelu', bias: true, tie: true },
  Llama: { ...SMALL, position: 'rope', norm: 'rmsnorm', mlp: 'swiglu', bias: false, tie: false, n_kv_head: 2 },
  mixed: { ...SMALL, position: 'none', norm: 'layernorm', mlp: 'relu2', bias: false, tie: true },
}

/** Weights large enough that what it writes is not one letter. */
export function madeModel(
  kind: Partial<Config>,
  tokenizer: TokenizerState = CHARACTERS,
): Omit<PackedModel, keyof DemoText> {
  const config: Config = { ...defaultConfig(tokenizer.vocab.length), ...kind }
  const weights = new Map([...initialWeights({ config })].map(([name, data]) => [name, data.map((x) => x * 6)]))
  return { config, tokenizer, gates: {}, weights }
}

let bundle: Promise<{ page: Player; embed: Embed }> | null = null
export const bundled = () => (bundle ??= bundleDemo())
