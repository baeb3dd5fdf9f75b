// A GGUF's header as Hugging Face's own reader sees it, and how its numbers lie.
import { gguf } from '@huggingface/gguf'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { writeGguf } from '../../src/share/formats/gguf'
import { MODELS, TOKENIZERS, trained } from './trained'

const folder = mkdtempSync(join(tmpdir(), 'gguf-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function read(bytes: Uint8Array) {
  const path = join(folder, 'model.gguf')
  writeFileSync(path, bytes)
  return gguf(path, { allowLocalFile: true, computeParametersCount: true } as never) as ReturnType<typeof gguf>
}

test('keys and tensors of a Llama of chats', async () => {
  const run = await trained(MODELS['llama, grouped queries, biases, untied, another base']!, TOKENIZERS.bpe, true)
  const { metadata, tensorInfos } = await read(writeGguf(run, 'q8_0', run.end))
  const { vocab } = run.spec.tokenizer
  expect(metadata).toMatchObject({
    version: 3,
    'general.architecture': 'llama',
    'general.name': 'Whales',
    'llama.block_count': 2,
    'llama.context_length': 48,
    'llama.attention.head_count': 4,
    'llama.attention.head_count_kv': 2,
    'llama.rope.freq_base': 500,
    'tokenizer.ggml.model': 'gpt2',
    'tokenizer.ggml.pre': 'gpt-2',
    'tokenizer.ggml.tokens': vocab,
    'tokenizer.ggml.eos_token_id': vocab.indexOf('<|endoftext|>'),
    'tokenizer.ggml.eot_token_id': vocab.indexOf('<|end|>'),
    'tokenizer.ggml.add_bos_token': false,
  })
  expect(metadata['tokenizer.chat_template' as never]).toContain('add_generation_prompt')
  const of = (name: string) => tensorInfos.find((tensor) => tensor.name === name)
  // 8 is Q8_0, 0 is F32: rows of 32 and 64 fit, norms and biases stay.
  expect(of('blk.1.attn_k.weight')).toMatchObject({ shape: [32n, 16n], dtype: 8 })
  expect(of('blk.1.ffn_down.weight')).toMatchObject({ shape: [64n, 32n], dtype: 8 })
  expect(of('blk.1.attn_k.bias')).toMatchObject({ shape: [16n], dtype: 0 })
  expect(of('output_norm.weight')).toMatchObject({ dtype: 0 })
  expect(of('output.weight')).toMatchObject({ shape: [32n, BigInt(vocab.length)] })
})

test('rows that are no multiple of 32 stay in 32 bits', async () => {
  const run = await trained({ ...MODELS['gpt2'], n_embd: 24, n_inner: 64, max_iters: 5, eval_interval: 5 })
  const { tensorInfos, metadata } = await read(writeGguf(run, 'q8_0', run.end))
  const of = (name: string) => tensorInfos.find((tensor) => tensor.name === name)
  expect(of('blk.0.attn_qkv.weight')).toMatchObject({ shape: [24n, 72n], dtype: 0 })
  expect(of('blk.0.ffn_down.weight')).toMatchObject({ shape: [64n, 24n], dtype: 8 })
  expect(of('position_embd.weight')).toMatchObject({ shape: [24n, 48n], dtype: 0 })
  expect(metadata['general.architecture']).toBe('gpt2')
})
