// How a batch reaches the device: everything that changes from batch to batch lies in one block, so that one write takes it there.
// Each batch has a slot of the loss ring, where its mean loss is left until somebody reads it.
import type { Batch } from '../data/dataset/loader'
import { DICE, RING, type Engine, type Stage, type Tensor, type Words } from '../engine'
import type { Inputs } from './plan'
import type { Part } from './shards'

export class Feed {
  readonly #stage: Stage
  #batches = 0

  /** `find` gives the tensors of the block that `inputBlocks` or `evaluationInputs` calls `written`, once they have memory. */
  constructor(engine: Engine, { written }: Inputs, find: (label: string) => Tensor) {
    this.#stage = engine.stage(written.windows.map(({ tensor }) => find(tensor.label)))
  }

  /** Batches written so far. The next one's loss goes to slot `batches % RING`. */
  get batches(): number {
    return this.#batches
  }

  /** The numbers of an input, to be filled before the next `load` takes them to the device. */
  array(label: string): Words {
    return this.#stage.arrays.get(label)!
  }

  /**
   * Writes a batch for the next run of a program; its arrays are copied before this returns. Returns the batch's slot of the loss ring.
   */
  load(batch: Batch, { seed, draw, micros, row = 0, counted = batch.counted }: Part): number {
    const slot = this.#batches++ % RING
    this.array('tokens').set(batch.tokens)
    this.array('targets').set(batch.targets)
    this.array('order').set(batch.order)
    this.array('starts').set(batch.starts)
    const dice = this.array('dice')
    dice[DICE.seed] = seed
    dice[DICE.step] = draw
    dice[DICE.slot] = slot
    dice[DICE.row] = row
    const scale = this.array('scale')
    const share = counted > 0 ? 1 / (counted * micros) : 0
    if (batch.weights) for (let n = 0; n < scale.length; n++) scale[n] = batch.weights[n]! * share
    else scale.fill(share)
    this.#stage.write()
    return slot
  }
}
