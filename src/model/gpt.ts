// The transformer, top to bottom, one op a line, with the shape at the right margin. GPT-2 (Radford et al. 2019) and Llama
// (Touvron et al., arXiv 2302.13971) are two settings of the same list. Written once: the tape derives the backward.
// It has three uses: `train` and `evaluate` take a batch; `decode` takes the next T tokens of one text and a KV cache.
import type { ModelConfig, TrainConfig } from '../config/config'
import { ALIGN, DICE, DRAWS, flashes, HEAD, RING, SAMPLING, type Head, type Tensor } from '../engine'
import { paramTable, type Trains } from '../params'
import { gateLabels, POSITION_GATES } from '../words/gates'
import { recordGates, usualSets } from './gates'
import { Recorder } from './recorder'
import { Tape } from './tape'

export type Mode =
  /**
   * `head_rows`: how many rows the head takes at a time, a multiple of ALIGN; else as `headRows` says. `head`: how the engine stores
   * large logits. `trains`: the parameters that have gradients; else all.
   */
  | ({
      use: 'train'
      B: number
      T: number
      label_smoothing: number
      recompute?: TrainConfig['recompute']
      precision?: TrainConfig['precision']
      head_rows?: number
      head?: Head | undefined
      trains?: Trains | undefined
    } & Form)
  | ({
      use: 'evaluate'
      B: number
      T: number
      precision?: TrainConfig['precision']
      head_rows?: number
      head?: Head | undefined
    } & Form)
  /** `head`: the next token is drawn, and becomes the next step's input. Without, the pass only fills the cache. */
  | ({ use: 'decode'; T: number; head: boolean } & Form)

/** For whoever looks inside; a tape that only computes needs none of it. */
export interface Form {
  /** false: each op by itself, so that every activation has an address, also those that fusion swallows (`attproj`, `fcproj`). */
  fuse?: boolean | undefined
  /** true: the matrix att [B, NH, T, T] is computed and kept, even where heads can go without. */
  att?: boolean | undefined
  /** `turn`: the tape reads multipliers from the input `gates` (gates.ts); `measure`: it computes their gradient `dgates` as well. */
  gates?: 'turn' | 'measure' | undefined
  /** The sets of gates that are read, by address; else all but the neurons'. */
  gated?: ReadonlySet<string> | undefined
}

/** Records the forward pass of a model on a new tape. Inputs and outputs are found on it by their addresses. */
export function gpt(c: ModelConfig, mode: Mode): Tape {
  const fast = mode.use !== 'decode' && mode.precision === 'fast'
  const record = new Recorder({ fast })
  const params = paramTable(c, mode.use === 'train' ? mode.trains : undefined)
  const weights = new Map(params.map((p) => [p.name, record.param(p.name, p.shape, p.trains)]))
  const w = (name: string) => weights.get(`transformer.${name}`)!
  const maybe = (name: string) => weights.get(`transformer.${name}`)
  const norm = (name: string, x: Tensor, at: string) =>
    c.norm === 'layernorm'
      ? record.layernorm(name, x, w(`${at}.weight`), maybe(`${at}.bias`), c.norm_eps)
      : record.rmsnorm(name, x, w(`${at}.weight`), c.norm_eps)
  const linear = (name: string, x: Tensor, at: string) => record.matmul(name, x, w(`${at}.weight`), maybe(`${at}.bias`))
  const activation = (name: string, x: Tensor) => record[c.mlp](name, x)

  const decoding = mode.use === 'decode'
  const [B, T] = decoding ? [1, mode.T] : [mode.B, mode.T]
  const heads = { n_head: c.n_head, n_kv_head: c.n_kv_head }
  const headSize = c.n_embd / c.n_head
  const p = mode.use === 'train' ? c.dropout : 0
  const attention = mode.att || !flashes(headSize) ? 'attention' : 'flashAttention'
  const recompute = mode.use === 'train' ? mode.recompute : 'none'

  const tokens = record.input('tokens', [B, T], 'u32')
  const order = record.input('order', [B * T], 'u32')
  const starts = record.input('starts', [c.vocab_size + 1], 'u32')
  const dice = record.input('dice', [DICE.size], 'u32')
  const pos = decoding ? { pos: record.input('pos', [1], 'u32') } : undefined
  const wpe = maybe('wpe.weight')
  const angles = c.position === 'rope' && {
    cos: record.input('cos', [c.block_size, headSize / 2], 'f32'),
    sin: record.input('sin', [c.block_size, headSize / 2], 'f32'),
    ...pos,
  }

  const gates = mode.gates && recordGates(record, c, mode.gated ?? usualSets(c), mode.gates === 'measure')
  const gated = (name: string, x: Tensor, set: string, positions = false) => {
    const gate = gates?.(set)
    return gate ? record.gate(name, x, gate, positions) : x
  }

  const places = wpe && { wpe: gated('wpe_gated', wpe, POSITION_GATES, true) } //            [P, C]
  let x = record.embedding('encoded', { tokens, order, starts, wte: w('wte.weight'), ...places, ...pos }) //  [B, T, C]
  x = record.dropout('encoded_drop', x, dice, p)
  for (let l = 0; l < c.n_layer; l++) {
    const h = `h.${l}`
    const set = gateLabels(l)
    if (recompute === 'layer') record.begin('again')
    const ln1 = norm(`${h}.ln1`, x, `${h}.ln_1`) //                                          [B, T, C]
    let qkv = linear(`${h}.attn.qkv`, ln1, `${h}.attn.c_attn`) //                            [B, T, (NH + 2 NKV)·HS]
    if (angles) qkv = record.rope(`${h}.attn.qkvr`, qkv, angles, heads)
    let atty = pos //                                                                      [B, T, C]; att [B, NH, T, T]
      ? record.attentionCached(`${h}.attn.atty`, qkv, { ...cache(record, c, l), ...pos }, heads)
      : record[attention](`${h}.attn.atty`, qkv, dice, heads, p)
    atty = gated(`${h}.attn.atty_gated`, atty, set.heads)
    let attproj = linear(`${h}.attn.attproj`, atty, `${h}.attn.c_proj`) //                   [B, T, C]
    attproj = record.dropout(`${h}.attn.attproj_drop`, attproj, dice, p)
    attproj = gated(`${h}.attn.attproj_gated`, attproj, set.attn)
    x = record.residual(`${h}.residual2`, x, attproj)
    if (recompute === 'mlp') record.begin('again')
    const ln2 = norm(`${h}.ln2`, x, `${h}.ln_2`) //                                          [B, T, C]
    const fch = linear(`${h}.mlp.fch`, ln2, `${h}.mlp.c_fc`) //                              [B, T, F], SwiGLU 2F
    let act = activation(`${h}.mlp.fch_${c.mlp}`, fch) //                                    [B, T, F]
    act = gated(`${h}.mlp.fch_gated`, act, set.neurons)
    let fcproj = linear(`${h}.mlp.fcproj`, act, `${h}.mlp.c_proj`) //                        [B, T, C]
    fcproj = record.dropout(`${h}.mlp.fcproj_drop`, fcproj, dice, p)
    fcproj = gated(`${h}.mlp.fcproj_gated`, fcproj, set.mlp)
    x = record.residual(`${h}.residual3`, x, fcproj)
    record.end()
  }
  if (!decoding || mode.head) {
    const lnf = norm('lnf', x, 'ln_f') //                                                    [B, T, C]
    const head = weights.get('lm_head.weight') ?? w('wte.weight') //                         [V, C]
    if (pos) {
      const logits = record.matmul('logits', lnf, head, undefined, true) //                    [B, T, V]
      const sampling = record.input('sampling', [SAMPLING.size], 'f32')
      const drawn = record.input('drawn', [DRAWS, 2], 'f32') // token, probability
      record.sample('sample', logits, { sampling, dice, tokens, ...pos, drawn })
    } else if (!decoding) loss(record, lnf, head, { dice, ...mode })
  }
  return new Tape(record, { training: mode.use === 'train', fuse: mode.fuse ?? true })
}

/** The head, each row's loss, and their mean. Large logits are computed by chunks of rows, one after the other. */
function loss(
  record: Recorder,
  lnf: Tensor,
  head: Tensor,
  mode: { dice: Tensor; B: number; T: number; label_smoothing?: number; head_rows?: number; head?: Head | undefined },
): void {
  const { dice, B, T, label_smoothing = 0, head: store = HEAD } = mode
  const [N, C, V] = [B * T, lnf.shape.at(-1)!, head.shape[0]!]
  const targets = record.input('targets', [B, T], 'i32') // −1: not counted
  const scale = record.input('scale', [N], 'f32') // each row's share: its weight / (all weights · micro-batches)
  const ring = record.input('loss_ring', [RING], 'f32')
  const { losses, lse } = record.losses('losses', N) //                                        [N]
  const rows = mode.head_rows ?? headRows(N, V, store)
  const whole = mode.head_rows === undefined ? N * V <= MOST_KEPT : rows >= N
  if (whole) {
    const logits = record.matmul('logits', lnf, head, undefined, true) //                      [B, T, V]
    record.crossEntropy('losses', logits, { targets, scale, losses, lse }, label_smoothing, false)
  }
  for (let from = 0; !whole && from < N; from += rows) {
    const R = Math.min(rows, N - from)
    const at = `rows.${from}`
    const part = (name: string, of: Tensor) => record.window(`${at}.${name}`, of, [R], from)
    const x = record.window(`${at}.lnf`, lnf, [R, C], from * C) //                             [R, C]
    const t = {
      targets: part('targets', targets),
      scale: part('scale', scale),
      losses: part('losses', losses),
      lse: part('lse', lse),
    }
    // The backward follows at once, so that all chunks share the memory of their logits.
    record.begin('at once')
    const logits = record.matmul(`${at}.logits`, x, head, undefined, true, store.multiple) //  [R, V], or longer rows
    record.crossEntropy(`${at}.losses`, logits, t, label_smoothing, true, V)
    record.end()
  }
  record.meanLoss({ losses, scale, dice, ring })
}

/** The most elements of logits that are kept, and have a gradient beside them: 64 MiB, half of what every WebGPU device takes in one binding. */
const MOST_KEPT = 2 ** 24

/**
 * The number of rows, out of N, that the head takes at a time. Where the logits over V words are too large it is a power of two, so
 * that the chunks of most batches have one size. It is at least ALIGN, since a chunk is a window on the losses.
 */
export function headRows(N: number, V: number, { most, multiple }: Head = HEAD): number {
  if (N * V <= MOST_KEPT) return N
  const padded = Math.ceil(V / multiple) * multiple
  return Math.min(N, Math.max(ALIGN, 2 ** Math.floor(Math.log2(most / padded))))
}

function cache(record: Recorder, c: ModelConfig, l: number) {
  const width = (c.n_embd / c.n_head) * c.n_kv_head
  return {
    keys: record.input(`h.${l}.attn.keys`, [c.block_size, width], 'f32'),
    values: record.input(`h.${l}.attn.values`, [c.block_size, width], 'f32'),
  }
}

/** RoPE's tables, [P, HS/2] each: cosine and sine of angle[t, i] = t · theta^(−2i/HS), computed in double precision. */
export function ropeTables(c: ModelConfig): { cos: Float32Array; sin: Float32Array } {
  const half = c.n_embd / c.n_head / 2
  const angle = (i: number) => Math.floor(i / half) * Math.pow(c.rope_theta, -(i % half) / half)
  const table = (f: (a: number) => number) => Float32Array.from({ length: c.block_size * half }, (_, i) => f(angle(i)))
  return { cos: table(Math.cos), sin: table(Math.sin) }
}
