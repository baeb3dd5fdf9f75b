// The loss of a batch, put where it waits to be read: ring[dice.slot] = scale · Σ losses.
import { DICE } from '../engine'
import { floats, work, words, type CpuOp } from './tensor'

export const mean_loss: CpuOp<'mean_loss'> = {
  forward({ name, t }) {
    const [losses, scale, dice, ring] = [floats(t.losses), floats(t.scale), words(t.dice), floats(t.ring)]
    const run = () => {
      let sum = 0
      for (let n = 0; n < losses.length; n++) sum += losses[n]!
      ring[dice[DICE.slot]!] = scale[0]! * sum
    }
    return [work(name, losses.length, [t.losses], run)]
  },
  backward: () => [],
}
