// How a large batch is cut into shards of equal rows, each of which is computed by itself: gradients from zero, added up in the order of the
// shards. How many there are depends on batch and model alone, so whoever computes them, one core or eight, the bits are the same.
import type { Config } from '../config/config'
import { batchOf, type Batch } from '../data/dataset/loader'
import { RING } from '../engine'
import { countParams } from '../params'

/** The most shards, and so the most cores at work. Few computers have more, and each shard's gradient is a copy. */
const MOST = 8
/** The fewest rows of tokens in a shard. With 192 of nanoGPT's CPU model's 768, the step takes some 5 % more arithmetic in all. */
const LEAST_ROWS = 192
/** Flops of a step below which no batch is cut: a tenth of a second on one core, of which sending weights and gradients is a part. */
const LEAST_WORK = 2e9

/** How many shards a step's batches are cut into: 1 for those of a small model, and where no number of shards gives each the same rows. */
export function shardsOf(c: Config): number {
  const { batch_size: B, block_size: T, gradient_accumulation_steps } = c
  // A product of N rows with n weights takes 2 N n, and its backward twice that.
  if (6 * countParams(c) * B * T < LEAST_WORK) return 1
  for (let n = MOST; n > 1; n--) {
    const areEven = B % n === 0 && (B / n) * T >= LEAST_ROWS
    if (areEven && n * gradient_accumulation_steps <= RING / 2) return n
  }
  return 1
}

/** The config of one shard's program. */
export function shardConfig(c: Config, shards: number): Config {
  return { ...c, batch_size: c.batch_size / shards }
}

/** Which part of a step a batch is. */
export interface Part {
  /** Decide what dropout drops. */
  seed: number
  draw: number
  /** The number of batches whose mean the update takes. */
  micros: number
  /** Of a shard: the row of the whole batch with which it begins, and the targets that count in the whole batch. */
  row?: number
  counted?: number
}

/** A shard, with what it is part of. Its arrays are its own. */
export interface Shard {
  batch: Batch
  part: Part
}

/** The shards of a batch, in their order. */
export function cut(batch: Batch, shards: number, part: Omit<Part, 'row' | 'counted'>, c: Config): Shard[] {
  const rows = c.batch_size / shards
  const size = batch.tokens.length / shards
  return Array.from({ length: shards }, (_, s) => {
    const [from, to] = [s * size, (s + 1) * size]
    const weights = batch.weights?.slice(from, to)
    return {
      batch: batchOf(batch.tokens.subarray(from, to), batch.targets.slice(from, to), c.vocab_size, weights),
      part: { ...part, row: s * rows, counted: batch.counted },
    }
  })
}

/** The shards of a batch, each a batch by itself; the batch where it is not cut. */
export function cutAlone(batch: Batch, shards: number, c: Config): Batch[] {
  if (shards === 1) return [batch]
  return cut(batch, shards, { seed: 0, draw: 0, micros: 1 }, c).map((shard) => shard.batch)
}
