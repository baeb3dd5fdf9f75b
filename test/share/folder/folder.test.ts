// A folder for everyone: which files it has, what its card says and does not say, and that the same run gives the same bytes.
import { unzipSync } from 'fflate'
import { describe, expect, test } from 'vitest'
import { SPECIAL_TOKENS } from '../../../src/data/tokenize/chat_format'
import { byteVocab } from '../../../src/data/tokenize/byte_tokenizer'
import { initWeights } from '../../../src/model/init'
import { paramTable } from '../../../src/params'
import { folderFiles } from '../../../src/share/folder/folder'
import { momentsOf, type Leaving } from '../../../src/share/folder/leaving'
import { zip } from '../../../src/share/folder/zip'
import { readSafetensors } from '../../../src/storage/safetensors'
import { anonymiseAll } from '../../../src/words/recipe'
import type { RunSpec } from '../../../src/words/run'
import { tinyCheckpoint, tinyHistory, tinySpec } from '../../storage/tiny'

const end = { row: new Float32Array(tinySpec.config.n_embd) }

function leaving(change: Partial<RunSpec> = {}, more: Partial<Leaving> = {}): Leaving {
  const spec = { ...tinySpec, ...change }
  const checkpoint = tinyCheckpoint(30, spec)
  const ids = Uint16Array.from({ length: 300 }, (_, i) => i % 9)
  return {
    spec,
    step: 30,
    weights: new Map([...checkpoint.tensors].map(([name, { data }]) => [name, data])),
    history: tinyHistory(30),
    tokens: 2880,
    elapsed_s: 3,
    adapter: 'llvmpipe',
    end: spec.tokenizer.kind === 'char' ? end : null,
    training: { moments: momentsOf(checkpoint)!, ids, train: 270 },
    ...more,
  }
}
const text = (content: string | Uint8Array | undefined) => content as string

test('everything that each tool needs, and a card that says how', () => {
  const { files, left, notes } = folderFiles(leaving(), 'f32')
  expect([...files.keys()].sort()).toEqual([
    'Modelfile',
    'README.md',
    'config.json',
    'curve.svg',
    'generation_config.json',
    'model.gguf',
    'model.py',
    'model.safetensors',
    'onnx/model.onnx',
    'settings.json',
    'tokenizer.json',
    'tokenizer_config.json',
    'train.py',
    'training/moments.safetensors',
    'training/tokens.bin',
  ])
  expect([left, notes]).toEqual([[], []])
  const card = text(files.get('README.md'))
  for (const said of [
    '# tiny',
    'CC0-1.0',
    'python model.py',
    'AutoModelForCausalLM',
    'llama-cli',
    'ollama create',
    'train.py',
    '30 of',
  ])
    expect(card).toContain(said)
  expect(text(files.get('Modelfile'))).toContain('FROM ./model.gguf')
  expect(JSON.parse(text(files.get('settings.json')))).toMatchObject({
    step: 30,
    train_tokens: 270,
    config: { n_embd: 8 },
  })
  expect(text(files.get('train.py'))).toContain('accelerate')
})

test('the same run gives the same bytes, wherever and whenever it is saved', () => {
  const zone = process.env['TZ']
  process.env['TZ'] = 'Asia/Tokyo'
  const there = zip(folderFiles(leaving(), 'f16').files, 'tiny')
  process.env['TZ'] = 'America/New_York'
  const here = zip(folderFiles(leaving(), 'f16').files, 'tiny')
  if (zone === undefined) delete process.env['TZ']
  else process.env['TZ'] = zone
  expect(here).toEqual(there)
  expect(Object.keys(unzipSync(here))).toContain('tiny/onnx/model.onnx')
})

test('moments go under the names of the weights that they belong to', () => {
  const { files } = folderFiles(leaving(), 'f32')
  const weights = readSafetensors(files.get('model.safetensors') as Uint8Array).tensors
  const moments = readSafetensors(files.get('training/moments.safetensors') as Uint8Array).tensors
  expect([...moments.keys()].sort()).toEqual([...weights.keys()].flatMap((name) => [`m.${name}`, `v.${name}`]).sort())
  for (const [name, { shape }] of weights) expect(moments.get(`m.${name}`)!.shape).toEqual(shape)
})

describe('what it lacks it says', () => {
  const without = (change: Partial<RunSpec>, more?: Partial<Leaving>, type: 'f32' | 'f16' = 'f32') =>
    folderFiles(leaving(change, more), type)

  test('a run without its text has no train.py', () => {
    const { files, left } = without({}, { training: null })
    expect(left).toEqual([expect.stringMatching(/train\.py is not there: .* its text/)])
    expect(files.has('train.py')).toBe(false)
    expect([...files.keys()].some((path) => path.startsWith('training/'))).toBe(false)
    expect(text(files.get('README.md'))).toContain(left[0])
  })
  test('nor has one of 16 bits, or with parts turned down', () => {
    expect(without({}, {}, 'f16').left).toEqual([expect.stringMatching(/16 bits/)])
    const { files, left } = without({ gates: { 'h.0.mlp.gate': [0] } })
    expect(left).toEqual([expect.stringMatching(/turned down/)])
    const { tensors } = readSafetensors(files.get('model.safetensors') as Uint8Array)
    expect(tensors.get('model.layers.0.mlp.down_proj.weight')!.data.every((x) => x === 0)).toBe(true)
  })
  test('a mix that nobody else has keeps our names, model.py and ONNX', () => {
    const config = { ...tinySpec.config, position: 'learned' as const }
    const { files, left } = without({ config })
    expect(left).toEqual([
      expect.stringMatching(/No model of transformers.*model\.py and onnx/),
      expect.stringMatching(/llama\.cpp has no model.*no model\.gguf/),
      expect.stringMatching(/train\.py is not there/),
    ])
    const { tensors } = readSafetensors(files.get('model.safetensors') as Uint8Array)
    expect([...tensors.keys()].sort()).toEqual(
      paramTable(config)
        .map(({ name }) => name)
        .sort(),
    )
    expect([files.has('config.json'), files.has('model.gguf'), files.has('onnx/model.onnx')]).toEqual([
      false,
      false,
      true,
    ])
  })
  test('words go in no GGUF', () => {
    const tokenizer = { kind: 'word' as const, vocab: [' a', ' b', ' c', ' d', ' e', ' f', ' g', ' h', '.'] }
    expect(without({ tokenizer }, { end: null }).left).toEqual([
      expect.stringMatching(/tokenizer of words.*no model\.gguf/),
    ])
  })
  test('a character that has to end a text in llama.cpp is named', () => {
    expect(without({}, { end: { id: 3 } }).notes).toEqual([expect.stringMatching(/stops at the rarest, "c"/)])
  })
})

test('a chat has its template, its stops and its turns', () => {
  const tokenizer = byteVocab(SPECIAL_TOKENS)
  const config = { ...tinySpec.config, vocab_size: tokenizer.vocab.length }
  const spec = { ...tinySpec, tokenizer, config }
  const weights = initWeights(config, 1)
  const { files } = folderFiles({ ...leaving({}, { training: null }), spec, weights, end: null }, 'f32')
  expect(text(files.get('Modelfile'))).toContain('PARAMETER stop "<|end|>"')
  expect(JSON.parse(text(files.get('tokenizer_config.json')))).toHaveProperty('chat_template')
  expect(JSON.parse(text(files.get('generation_config.json')))).toMatchObject({
    eos_token_id: [tokenizer.vocab.indexOf('<|end|>'), tokenizer.vocab.indexOf('<|endoftext|>')],
  })
})

test('text from outside stays text, and one’s own words stay here', () => {
  const card = {
    words: 1,
    lines: 1,
    longest_line: 1,
    duplicate_share: 0,
    documents: 0,
    conversations: 0,
    turns: 0,
    alphabet: { size: 9, frequent: [], rare: [] },
    language: null,
    recipe: [],
    anonymise: { ...anonymiseAll('mask'), own: ['my secret'] },
  }
  const name = '# <img src=x onerror=alert(1)> | [a](b)\n\n## Trained'
  const corpus = { ...tinySpec.corpus, name, card }
  const { files } = folderFiles(leaving({ name, corpus, prompt: '```\nrm -rf /' }), 'f32')
  const readme = text(files.get('README.md'))
  expect(readme).not.toMatch(/^## Trained/m)
  expect(readme).not.toContain('<img')
  expect(readme).not.toContain('rm -rf')
  for (const content of files.values()) if (typeof content === 'string') expect(content).not.toContain('my secret')
})
