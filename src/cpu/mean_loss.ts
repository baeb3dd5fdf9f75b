// The loss of a batch, put where it waits to be read: ring[dice.slot] = Σ scale · losses. The largest scale is taken out of the
// sum, as in shaders/mean_loss.wgsl.
import { DICE } from '../engine'
import { floats, work, words, type CpuOp } from './tensor'

export const mean_loss: CpuOp<'mean_loss'> = {
  forward({ name, t }) {
    const [losses, scale, dice, ring] = [floats(t.losses), floats(t.scale), words(t.dice), floats(t.ring)]
    const run = () => {
      let [most, sum] = [0, 0]
      for (let n = 0; n < losses.length; n++) most = Math.max(most, Math.abs(scale[n]!))
      for (let n = 0; n < losses.length; n++) if (scale[n]! !== 0) sum += losses[n]! * (scale[n]! / most)
      ring[dice[DICE.slot]!] = most * sum
    }
    return [work(name, 2 * losses.length, [t.losses, t.scale], run)]
  },
  backward: () => [],
}
