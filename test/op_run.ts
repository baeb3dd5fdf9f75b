// Runs one op on one engine: gives it memory with foreign bytes before every tensor, fills what it reads, computes forward
// and backward, and reads back all that it wrote. Gradients and outputs hold noise beforehand, so that a kernel that adds where
// it should write, or leaves an element out, cannot look right.
import {
  ALIGN,
  type BackwardCall,
  type Block,
  type Call,
  type DType,
  type Engine,
  type OpName,
  type Tensor,
  type Work,
} from '../src/engine'
import { sizeOf } from '../src/params'
import { Rng } from '../src/rng'
import type { OpCase } from './op_case'

export interface OpResult {
  outputs: Record<string, Float64Array>
  gradients: Record<string, Float64Array>
}

export interface OpRunner {
  /**
   * One forward and, where the case has gradients, one backward. `dout`: gradient of the output; `before`: what gradients hold
   * beforehand, by the key `dx`; `adds`: those to add to; `noise` seeds what everything else holds.
   */
  run(options: {
    noise: number
    given?: Record<string, Float64Array>
    dout?: Float64Array
    before?: Record<string, Float64Array>
    adds?: readonly string[]
  }): Promise<OpResult>
  free(): void
}

/** Places a case on an engine. `read` copies tensors out, `exact` where the engine can take doubles. */
export async function place<T extends Tensor, W extends Work>(
  engine: Engine<T, W>,
  { op, attrs, given, made, compare, grads, scratch }: OpCase,
  read: (tensors: readonly T[]) => Promise<ArrayLike<number>[]>,
  exact = false,
): Promise<OpRunner> {
  const blocks: Block[] = []
  const declare = (label: string, shape: readonly number[], dtype: DType) => {
    const size = ALIGN * (1 + Math.ceil(sizeOf(shape) / ALIGN))
    blocks.push({ label, size, windows: [{ tensor: { label, shape, dtype }, offset: ALIGN }] })
  }
  for (const [name, { shape, dtype }] of Object.entries(given)) declare(name, shape, dtype)
  for (const [name, shape] of Object.entries({ ...made, ...scratch })) declare(name, shape, 'f32')
  for (const name of grads) declare(`d${name}`, given[name]!.shape, 'f32')
  if (grads.length > 0 && made['out']) declare('dout', made['out'], 'f32')
  const tensors = await engine.allocate(blocks)
  const at = (name: string) => tensors.get(name)!
  const named = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, at(name)]))

  const call = { name: op, t: named([...Object.keys(given), ...Object.keys(made)]), attrs } as unknown as Call<
    T,
    OpName
  >
  const d = named([...blocks.map(({ label }) => label).filter((label) => !(label in call.t))])
  const forward = engine.ops[op].forward(call as never)
  const backward = (adds: readonly string[]) => {
    const whole: BackwardCall<T, OpName> = { ...call, d, adds: new Set(adds) } as never
    return grads.length > 0 ? engine.ops[op].backward(whole as never) : []
  }

  const write = (name: string, values: Float64Array | Uint32Array | Int32Array) =>
    engine.write(at(name), values instanceof Float64Array && !exact ? Float32Array.from(values) : values)
  const gradients = grads.map((name) => `d${name}`)
  return {
    async run({ noise, given: others = {}, dout, before = {}, adds = [] }) {
      const rng = new Rng(noise, 78)
      const fill = (shape: readonly number[]) =>
        Float64Array.from({ length: sizeOf(shape) }, () => Math.fround(rng.normal()))
      for (const [name, { data }] of Object.entries(given)) write(name, others[name] ?? data)
      for (const name of [...Object.keys(made), ...Object.keys(scratch), ...gradients])
        write(name, fill(at(name).shape))
      if (dout && tensors.has('dout')) write('dout', dout)
      for (const [name, values] of Object.entries(before)) write(name, values)
      const program = [...forward, ...backward(adds)]
      await engine.compile(program)
      await engine.run(program)
      const names = [...compare, ...gradients]
      const values = (await read(names.map(at))).map((array) => Float64Array.from(array))
      const results = Object.fromEntries(names.map((name, i) => [name, values[i]!]))
      const pick = (keys: readonly string[]) => Object.fromEntries(keys.map((key) => [key, results[key]!]))
      return { outputs: pick(compare), gradients: pick(gradients) }
    },
    free: () => engine.free(tensors.values()),
  }
}
