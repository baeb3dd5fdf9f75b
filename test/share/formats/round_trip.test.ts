// What is exported comes back: every mix that a format holds, with the same bits and the same tokenizer.
import { expect, test } from 'vitest'
import { buildCharVocab } from '../../../src/data/tokenize/char_tokenizer'
import { learningBpe } from '../../../src/data/tokenize/bpe'
import { writeTokenizerJson } from '../../../src/data/tokenize/tokenizer_json'
import { byteVocab } from '../../../src/data/tokenize/byte_tokenizer'
import { initWeights } from '../../../src/model/init'
import { atOnce } from '../../../src/paced'
import { paramTable } from '../../../src/params'
import { configFor } from '../../../src/presets'
import type { Config } from '../../../src/config/config'
import { heldByLlamaCpp, writeGguf } from '../../../src/share/formats/gguf'
import { hfConfig, hfSafetensors, tokenizerConfig } from '../../../src/share/formats/hf'
import { openModel, type OpenedModel } from '../../../src/share/formats/read_model'
import type { RunSpec } from '../../../src/words/run'
import { file } from './make'

const TEXT = 'Ein Zug, naïve 東京! the cat sat on the mat. '.repeat(20)
const END = ['<|endoftext|>']
const TOKENIZERS = [buildCharVocab(TEXT, END).state, byteVocab(END), atOnce(learningBpe(TEXT, 280, END)).state]
const base = { n_layer: 2, n_head: 4, n_kv_head: 2, n_embd: 32, n_inner: 64, block_size: 16 }
const learned = { position: 'learned', norm: 'layernorm', n_kv_head: 4 } as const
const MIXES: Record<string, Partial<Config>> = {
  llama: {},
  'llama with biases': { bias: true },
  'llama, head apart': { tie: false },
  gpt2: { ...learned, mlp: 'gelu', bias: true },
  'gpt2 with relu2': { ...learned, mlp: 'relu2', bias: true },
  arcee: { mlp: 'relu2' },
  starcoder2: { norm: 'layernorm', mlp: 'gelu', bias: true },
  stablelm: { norm: 'layernorm', mlp: 'swiglu', tie: false },
}

test.each(Object.entries(MIXES))('%s', async (_, mix) => {
  for (const tokenizer of TOKENIZERS) {
    const config = configFor({ ...base, ...mix }, tokenizer.vocab.length)
    const weights = initWeights(config, 3)
    for (const data of weights.values()) data.forEach((x, i) => (data[i] = x + 0.01 * Math.sin(i)))
    const corpus = { name: 'none', fingerprint: '', characters: 0, licence: '' }
    const spec: RunSpec = { name: 'a run', config, corpus, tokenizer, prompt: 'E' }
    const model = { spec, step: 7, weights }
    const isSame = async (opened: OpenedModel) => {
      expect(opened.tokenizer).toEqual(tokenizer)
      const back = await opened.weights()
      for (const { name } of paramTable(config)) expect(back.get(name)!.data, name).toEqual(weights.get(name))
      for (const field of [
        'norm_eps',
        'rope_theta',
        'block_size',
        'n_kv_head',
        'mlp',
        'norm',
        'position',
        'tie',
      ] as const)
        expect(opened.config[field]).toBe(config[field])
    }
    await isSame(
      await openModel([
        file('a/config.json', hfConfig(spec, 'f32')),
        file('a/model.safetensors', hfSafetensors(model, 'f32')),
        file('a/tokenizer.json', writeTokenizerJson(tokenizer)),
        file('a/tokenizer_config.json', tokenizerConfig(spec)),
      ]),
    )
    if (!('refused' in heldByLlamaCpp(config)))
      await isSame(await openModel([file('a.gguf', writeGguf(model, 'f32', null))]))
  }
})
