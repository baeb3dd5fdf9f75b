// What the heads of a model look at: the pattern after softmax, the scores before it, and the pattern weighted by how much of the stream
// each position would write (the norm of α·v·W_O; Kobayashi et al., arXiv 2004.10102). A pattern says where a head reads, not what for:
// it is no explanation. The gate of a head tests one.
import { attentionAddress, layers, qkvAddress } from './addresses'
import { dot, joined } from './numbers'
import type { Probe, Question } from './probe'

/** [L, NH, T, T] each, row-major; 0 above the diagonal, but for scores, which have −∞ there. */
export interface AttentionView {
  /** After softmax: each row adds up to 1. */
  pattern: Float32Array
  /** q·k/√HS. */
  scores: Float32Array
  /** ‖pattern · v · W_O‖: the length of what the head adds to the stream from there. */
  weighted: Float32Array
}

/** The patterns alone, [L, NH, T, T]. */
export async function patterns(probe: Probe, question: Question): Promise<Float32Array> {
  const keep = layers(probe.config).map(attentionAddress)
  const { tensors } = await probe.ask({ ...question, keep })
  return joined(keep.map((address) => tensors.get(address)!.data))
}

/** Patterns, scores and value-weighted patterns of every head. */
export async function attention(probe: Probe, question: Question): Promise<AttentionView> {
  const { config: c, weights } = probe
  const T = question.tokens.length
  const all = layers(c)
  const keep = all.flatMap((l) => [attentionAddress(l), qkvAddress(c, l)])
  const { tensors } = await probe.ask({ ...question, keep })
  const projections = await weights.engine.read(all.map((l) => weights.param(`transformer.h.${l}.attn.c_proj.weight`)))
  const heads = all.flatMap((l) => {
    const pattern = tensors.get(attentionAddress(l))!.data
    const qkv = tensors.get(qkvAddress(c, l))!.data
    return Array.from({ length: c.n_head }, (_, h) => ({
      pattern: pattern.subarray(h * T * T, (h + 1) * T * T),
      scores: scoresOf(qkv, T, c, h),
      lengths: writtenLengths(qkv, projections[l]!, T, c, h),
    }))
  })
  return {
    pattern: joined(heads.map(({ pattern }) => pattern)),
    scores: joined(heads.map(({ scores }) => scores)),
    weighted: joined(heads.map(({ pattern, lengths }) => pattern.map((share, i) => share * lengths[i % T]!))),
  }
}

interface Shape {
  n_embd: number
  n_head: number
  n_kv_head: number
}

/** q·k/√HS of a head, [T, T], from qkv [T, (NH + 2 NKV)·HS]. */
function scoresOf(qkv: Float32Array, T: number, { n_embd, n_head, n_kv_head }: Shape, head: number): Float32Array {
  const HS = n_embd / n_head
  const width = (n_head + 2 * n_kv_head) * HS
  const key = (n_head + Math.floor(head / (n_head / n_kv_head))) * HS
  const scores = new Float32Array(T * T).fill(-Infinity)
  for (let i = 0; i < T; i++)
    for (let j = 0; j <= i; j++)
      scores[i * T + j] = dot(qkv, i * width + head * HS, qkv, j * width + key, HS) / Math.sqrt(HS)
  return scores
}

/** ‖v·W_O‖ of a head at every position, [T]; W_O is the head's rows of the projection [NH·HS, C]. */
function writtenLengths(
  qkv: Float32Array,
  projection: Float32Array,
  T: number,
  { n_embd: C, n_head, n_kv_head }: Shape,
  head: number,
): Float64Array {
  const HS = C / n_head
  const width = (n_head + 2 * n_kv_head) * HS
  const value = (n_head + n_kv_head + Math.floor(head / (n_head / n_kv_head))) * HS
  const written = new Float64Array(C)
  return Float64Array.from({ length: T }, (_, t) => {
    written.fill(0)
    for (let s = 0; s < HS; s++) {
      const v = qkv[t * width + value + s]!
      const row = (head * HS + s) * C
      for (let c = 0; c < C; c++) written[c]! += v * projection[row + c]!
    }
    return Math.sqrt(dot(written, 0, written, 0, C))
  })
}
