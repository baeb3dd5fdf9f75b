// From logits to one token, as src/cpu/sample.ts draws it: one row for each token is no hot spot, and the order of tokens is the same code.
// The op reads the last row of logits [1, T, V] and writes the token to `tokens`, the next step's input.
import { sampleToken } from '../cpu/sample'
import { DICE, SAMPLING } from '../engine'
import { hash, STREAM } from '../rng'
import { work, type Machine, type WasmOp } from './tensor'

export const sample = (machine: Machine): WasmOp<'sample'> => ({
  forward({ name, t }) {
    const V = t.logits.shape.at(-1)!
    const run = () => {
      const sampling = machine.floats(t.sampling)
      const [dice, tokens, pos] = [machine.words(t.dice), machine.words(t.tokens), machine.words(t.pos)]
      const options = {
        temperature: sampling[SAMPLING.temperature]!,
        top_k: sampling[SAMPLING.top_k]!,
        top_p: sampling[SAMPLING.top_p]!,
      }
      const uniform = hash(dice[DICE.seed]!, STREAM.sample, dice[DICE.step]!) / 2 ** 32
      const { id, probability } = sampleToken(machine.floats(t.logits).subarray(-V), options, uniform)
      machine.floats(t.drawn).set([id, probability], 2 * dice[DICE.slot]!)
      tokens[0] = id
      pos[0]!++
      dice[DICE.step]!++
      dice[DICE.slot]!++
    }
    return [work(name, 10 * V, Object.values(t), [run])]
  },
  backward: () => [],
})
