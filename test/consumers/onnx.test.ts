// ONNX in onnxruntime-web: the same logits, at once and token by token through the KV cache, in batches with padding on the left.
import { createRequire } from 'node:module'
import * as ort from 'onnxruntime-web'
import { expect, test } from 'vitest'
import type { ModelConfig } from '../../src/config/config'
import { foldGates } from '../../src/share/formats/fold'
import { writeOnnx } from '../../src/share/formats/onnx'
import { logits } from '../../src/inspect/predictions'
import { Probe } from '../../src/inspect/probe'
import { Weights } from '../../src/train/weights'
import { openWasm } from '../../src/wasm/engine'
import { apart, MODELS, trained, type Trained } from './trained'

ort.env.wasm.numThreads = 1
ort.env.wasm.wasmPaths = new URL('./', `file://${createRequire(import.meta.url).resolve('onnxruntime-web')}`).href

/** What a graph computes of rows of tokens after `past`; padding is −1. */
async function ask(
  session: ort.InferenceSession,
  c: ModelConfig,
  rows: readonly (readonly number[])[],
  past: Record<string, ort.Tensor> | null = null,
) {
  const [B, S] = [rows.length, rows[0]!.length]
  const P = past ? past['past_key_values.0.key']!.dims[2]! : 0
  const i64 = (values: readonly number[], dims: number[]) =>
    new ort.Tensor('int64', BigInt64Array.from(values, BigInt), dims)
  const ids = i64(
    rows.flat().map((id) => Math.max(0, id)),
    [B, S],
  )
  const seen = rows.flatMap((row) => [...Array<number>(P).fill(1), ...row.map((id) => Number(id >= 0))])
  const places = rows.flatMap((row) => {
    const padding = row.filter((id) => id < 0).length
    return row.map((_, i) => Math.max(0, P + i - padding))
  })
  const empty = () => new ort.Tensor('float32', new Float32Array(0), [B, c.n_kv_head, 0, c.n_embd / c.n_head])
  const cache =
    past ??
    Object.fromEntries(session.inputNames.filter((name) => name.startsWith('past')).map((name) => [name, empty()]))
  const feeds: Record<string, ort.Tensor> = { input_ids: ids, attention_mask: i64(seen, [B, P + S]), ...cache }
  if (session.inputNames.includes('position_ids')) feeds['position_ids'] = i64(places, [B, S])
  const results = await session.run(feeds)
  const next = Object.fromEntries(
    Object.entries(results)
      .filter(([name]) => name.startsWith('present'))
      .map(([name, tensor]) => [name.replace('present', 'past_key_values'), tensor]),
  )
  return { logits: results['logits']!.data as Float32Array, next }
}

async function check({ spec, dataset, logits }: Trained, session: ort.InferenceSession): Promise<number> {
  const { config } = spec
  const tokens = Array.from(dataset.val.subarray(0, config.block_size))
  const want = await logits(tokens)
  let most = apart((await ask(session, config, [tokens])).logits, want)

  // Seven at once, and the rest one by one.
  const first = await ask(session, config, [tokens.slice(0, 7)])
  let past = first.next
  const V = config.vocab_size
  for (let t = 7; t < 20; t++) {
    const one = await ask(session, config, [[tokens[t]!]], past)
    most = Math.max(most, apart(one.logits, want.subarray(t * V, (t + 1) * V)))
    past = one.next
  }
  const padded = await ask(session, config, [tokens.slice(0, 12), [-1, -1, -1, ...tokens.slice(0, 9)]])
  most = Math.max(most, apart(padded.logits.subarray(15 * V, 24 * V), want.subarray(0, 9 * V)))
  return most
}

const OTHERS = {
  'learned positions, RMSNorm, SwiGLU': { position: 'learned', norm: 'rmsnorm', mlp: 'swiglu', bias: false },
  'no positions, RMSNorm, ReLU²': { position: 'none', norm: 'rmsnorm', mlp: 'relu2', bias: true },
} as const

test.each(Object.entries({ ...MODELS, ...OTHERS }))('%s', async (_, change) => {
  const model = await trained(change)
  const session = await ort.InferenceSession.create(writeOnnx(model))
  const most = await check(model, session)
  expect(most).toBeLessThan(1e-5)
  await session.release()
})

test('gates stand in the weights', async () => {
  const model = await trained(MODELS['gpt2']!)
  const gates = {
    'wpe.gate': Array.from({ length: 48 }, (_, i) => i / 48),
    'h.0.attn.heads': [0, 1, 0.5, 2],
    'h.1.attn.gate': [0.3],
    'h.1.mlp.neurons': Array.from({ length: 64 }, (_, i) => i % 2),
    'h.0.mlp.gate': [0],
  }
  const turned = { ...model, spec: { ...model.spec, gates } }
  const weights = await Weights.open(openWasm(), model.spec.config, model.weights)
  await weights.turn(gates)
  const want = await logits(new Probe(weights), { tokens: model.dataset.val.subarray(0, 48) })
  const folded = foldGates(turned)
  expect(folded.spec.gates).toBeUndefined()
  const session = await ort.InferenceSession.create(writeOnnx(folded))
  const got = await ask(session, model.spec.config, [Array.from(model.dataset.val.subarray(0, 48))])
  expect(apart(got.logits, want)).toBeLessThan(1e-5)
  expect(apart(want, await model.logits(model.dataset.val.subarray(0, 48)))).toBeGreaterThan(0.1)
})
