// The tables of RoPE on a device: the cosine and the sine of every position's angles. A model without RoPE has none.
import type { ModelConfig } from '../config/config'
import type { Engine, Tensor } from '../engine'
import { ropeTables } from '../model/gpt'

/** The tensors of the tables: `cos` and `sin`, [P, HS/2] each. */
export function angleTensors(c: ModelConfig): Tensor[] {
  if (c.position !== 'rope') return []
  const shape = [c.block_size, c.n_embd / c.n_head / 2]
  return [
    { label: 'cos', shape, dtype: 'f32' },
    { label: 'sin', shape, dtype: 'f32' },
  ]
}

/** Writes the tables to the tensors that `find` gives for `cos` and `sin`. */
export function writeAngles(engine: Engine, c: ModelConfig, find: (label: string) => Tensor): void {
  if (c.position !== 'rope') return
  const { cos, sin } = ropeTables(c)
  engine.write(find('cos'), cos)
  engine.write(find('sin'), sin)
}
