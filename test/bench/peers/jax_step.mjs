// The same training step in jax-js: GPT-2 and AdamW in one jitted function. Embeddings are products with one-hot rows, since the
// gradient of a gather fails inside jit (0.1.25). A function consumes its arguments; `.ref` keeps one for another use.
import { adapterName, versionOf } from './browser.mjs'
import { backend, config, corrections, job, readWeights, serve } from './job.mjs'
import { blockUntilReady, defaultDevice, init, jit, nn, numpy as np, tree, valueAndGrad } from '@jax-js/jax'

const { n_layer: L, n_head: NH, n_embd: C, vocab_size: V, batch_size: B, block_size: T } = config
const { learning_rate, weight_decay, beta1, beta2, eps, grad_clip } = config

const layernorm = (x, weight) => nn.standardize(x, -1, { epsilon: config.norm_eps }).mul(weight)

/** Mean cross-entropy of the model's predictions. `w` weights by name, tokens and targets [B, T]. */
function loss(w, tokens, targets) {
  const at = (name) => w[`transformer.${name}.weight`]
  let x = np.matmul(nn.oneHot(tokens, V), at('wte').ref).add(at('wpe')) // [B, T, C]
  for (let l = 0; l < L; l++) {
    const qkv = np.matmul(layernorm(x.ref, at(`h.${l}.ln_1`)), at(`h.${l}.attn.c_attn`))
    const [q, k, v] = np.split(qkv, 3, -1).map((part) => part.reshape([B, T, NH, C / NH]))
    const atty = nn.dotProductAttention(q, k, v, { isCausal: true }).reshape([B, T, C])
    x = x.add(np.matmul(atty, at(`h.${l}.attn.c_proj`)))
    const fch = np.matmul(layernorm(x.ref, at(`h.${l}.ln_2`)), at(`h.${l}.mlp.c_fc`))
    x = x.add(np.matmul(nn.gelu(fch), at(`h.${l}.mlp.c_proj`)))
  }
  const logits = np.matmul(layernorm(x, at('ln_f')), np.transpose(at('wte'))) // [B, T, V]
  const likelihood = nn.logSoftmax(logits, -1).mul(nn.oneHot(targets, V))
  return np.sum(likelihood).mul(-1 / (B * T))
}

/** One update: the loss, then weights and moments by name. `fix1` and `fix2` [1] are AdamW's corrections of this step. */
const update = jit(function update(w, m, v, tokens, targets, fix1, fix2) {
  const [value, grads] = valueAndGrad(loss)(tree.ref(w), tokens, targets)
  const squares = Object.values(grads).map((g) => np.sum(np.square(g.ref)))
  const norm = np.sqrt(squares.reduce((a, b) => a.add(b)))
  const clip = np.minimum(np.reciprocal(norm.add(1e-6)).mul(grad_clip), 1)
  const next = { w: {}, m: {}, v: {} }
  for (const { name, decay } of job.params) {
    const g = grads[name].mul(clip.ref)
    const m_new = m[name].mul(beta1).add(g.ref.mul(1 - beta1))
    const v_new = v[name].mul(beta2).add(np.square(g).mul(1 - beta2))
    const down = np.sqrt(v_new.ref.div(fix2.ref)).add(eps)
    const move = m_new.ref.div(fix1.ref).div(down).mul(learning_rate)
    next.w[name] = w[name].mul(decay ? 1 - learning_rate * weight_decay : 1).sub(move)
    next.m[name] = m_new
    next.v[name] = v_new
  }
  clip.dispose()
  fix1.dispose()
  fix2.dispose()
  return [value, next.w, next.m, next.v]
})

const kind = backend === 'wasm' ? 'wasm' : 'webgpu'
const [device] = await init(kind)
if (!device) throw new Error(`jax-js finds no device for ${kind}`)
defaultDevice(kind)

await serve({ version: versionOf('@jax-js/jax'), adapter: await adapterName(backend) }, async () => {
  const weights = readWeights()
  const filled = (data) =>
    Object.fromEntries(job.params.map(({ name, shape }) => [name, np.array(data(name)).reshape(shape)]))
  let w = filled((name) => weights.get(name))
  let m = filled((name) => new Float32Array(weights.get(name).length))
  let v = filled((name) => new Float32Array(weights.get(name).length))
  return async ({ tokens, targets }, step) => {
    const whole = (data) => np.array(data.slice(), { dtype: np.int32 }).reshape([B, T])
    const [fix1, fix2] = corrections(step).map((fix) => np.array(new Float32Array([fix])))
    let value
    ;[value, w, m, v] = update(w, m, v, whole(tokens), whole(targets), fix1, fix2)
    await blockUntilReady([value, w])
    return async () => (await value.data())[0]
  }
})
