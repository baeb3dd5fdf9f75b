// The same training step in TensorFlow.js on its WebGPU or WebAssembly backend, with its own Adam; the decay of AdamW comes first. Embeddings are
// products with one-hot rows, as in jax_step.mjs.
import { adapterName, versionOf } from './browser.mjs'
import { backend, config, job, readWeights, serve } from './job.mjs'
import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-core/dist/register_all_gradients'
import '@tensorflow/tfjs-backend-webgpu'
import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm'
import { resolve } from 'node:path'

const { n_layer: L, n_head: NH, n_embd: C, vocab_size: V, batch_size: B, block_size: T } = config
const { learning_rate, weight_decay, beta1, beta2, eps, grad_clip, norm_eps } = config
const N = B * T
const { add, matMul, mul, reshape, sub, tidy } = tf

setWasmPaths(`${resolve('node_modules/@tensorflow/tfjs-backend-wasm/wasm-out')}/`)
setThreadsCount(1) // as ours
if (!(await tf.setBackend(backend))) throw new Error(`TensorFlow.js has no backend ${backend} here`)
await tf.ready()

await serve(
  { version: versionOf(`@tensorflow/tfjs-backend-${backend}`), adapter: await adapterName(backend) },
  async () => {
    const weights = readWeights()
    const variables = new Map(
      job.params.map(({ name, shape }) => [name, tf.variable(tf.tensor(weights.get(name), shape), true, name)]),
    )
    const at = (name) => variables.get(`transformer.${name}.weight`)
    /** [T, T]: far below every score where a query would see what follows it. */
    const future = tidy(() => mul(sub(tf.linalg.bandPart(tf.ones([T, T]), -1, 0), 1), 1e9))

    const layernorm = (x, weight) => {
      const { mean, variance } = tf.moments(x, -1, true)
      return mul(mul(sub(x, mean), tf.rsqrt(add(variance, norm_eps))), weight)
    }
    const gelu = (x) => {
      const inner = mul(add(x, mul(mul(tf.square(x), x), 0.044715)), Math.sqrt(2 / Math.PI))
      return mul(mul(x, 0.5), add(tf.tanh(inner), 1))
    }
    const heads = (x) => tf.transpose(reshape(x, [B, T, NH, C / NH]), [0, 2, 1, 3])
    const attention = (qkv) => {
      const [q, k, v] = tf.split(qkv, 3, -1).map(heads) // [B, NH, T, HS]
      const att = tf.softmax(add(mul(matMul(q, k, false, true), 1 / Math.sqrt(C / NH)), future))
      return reshape(tf.transpose(matMul(att, v), [0, 2, 1, 3]), [N, C])
    }
    const loss = (tokens, targets) => {
      const encoded = reshape(matMul(tf.oneHot(tokens, V), at('wte')), [B, T, C])
      let x = reshape(add(encoded, at('wpe')), [N, C])
      for (let l = 0; l < L; l++) {
        const qkv = matMul(layernorm(x, at(`h.${l}.ln_1`)), at(`h.${l}.attn.c_attn`))
        x = add(x, matMul(attention(qkv), at(`h.${l}.attn.c_proj`)))
        const fch = matMul(layernorm(x, at(`h.${l}.ln_2`)), at(`h.${l}.mlp.c_fc`))
        x = add(x, matMul(gelu(fch), at(`h.${l}.mlp.c_proj`)))
      }
      const logits = matMul(layernorm(x, at('ln_f')), at('wte'), false, true) // [N, V]
      return mul(tf.sum(mul(tf.logSoftmax(logits), tf.oneHot(targets, V))), -1 / N)
    }

    const adam = tf.train.adam(learning_rate, beta1, beta2, eps)
    return async ({ tokens, targets }) => {
      const value = tidy(() => {
        const { value, grads } = tf.variableGrads(() =>
          loss(tf.tensor1d(tokens, 'int32'), tf.tensor1d(targets, 'int32')),
        )
        const norm = tf.sqrt(
          Object.values(grads)
            .map((g) => tf.sum(tf.square(g)))
            .reduce((a, b) => add(a, b)),
        )
        const clip = tf.minimum(1, tf.div(grad_clip, add(norm, 1e-6)))
        for (const { name, decay } of job.params) {
          if (decay) variables.get(name).assign(mul(variables.get(name), 1 - learning_rate * weight_decay))
          grads[name] = mul(grads[name], clip)
        }
        adam.applyGradients(grads)
        return value
      })
      const [number] = await value.data()
      value.dispose()
      return async () => number
    }
  },
)
