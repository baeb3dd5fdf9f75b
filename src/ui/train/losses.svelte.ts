// Losses as a person chose to read them: the one unit of the chart, its flags and the loss doctor.
import { inUnit, LOSS_UNITS } from '../../words/loss_unit'
import { lab } from '../state/lab.svelte'
import { m } from '../messages'
import { settings } from '../state/settings.svelte'

class Losses {
  /** Bits a byte only where it is known how many bytes a token stands for. */
  units = $derived(LOSS_UNITS.filter((unit) => unit !== 'bits' || lab.bytesPerToken !== null))
  unit = $derived(this.units.includes(settings.lossUnit) ? settings.lossUnit : 'nats')
  /** From nats a token to the unit. */
  scale = $derived(inUnit(this.unit, lab.bytesPerToken))
  /** A number of that unit as text. */
  format = $derived(this.unit === 'perplexity' ? m.significant : m.hundredths)
  /** The unit in words. */
  axis = $derived(m.train.axis(this.unit, lab.reads))

  /** Nats a token, as a number of the unit. */
  tell = (nats: number) => this.format(this.scale(nats))
}

export const losses = new Losses()
