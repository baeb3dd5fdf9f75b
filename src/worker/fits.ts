// Whether a run fits this device, said before it starts: every block of its plan in one piece, all of them together in a budget,
// its rows in one grid. What does not fit comes with the largest value of one field that does: batch first, then context, width
// and layers.
import { FIELDS } from '../config/fields'
import { validate, type Problem } from '../config/validate'
import type { Config } from '../config/config'
import { predictMemory, type Means } from '../train/plan'
import { bytes } from '../words/sizes'

/** WebGPU's most workgroups in one dimension, times the rows that one workgroup of a matrix product owns (shaders/matmul.wgsl). */
const MOST_ROWS = 65_535 * 32
/**
 * WebGPU tells the largest piece that a device gives, not how much it has. More than this many such pieces a run is not started
 * with: that is 1 GiB on the smallest device and 16 GiB where pieces of 2 GiB are given.
 */
const PIECES = 8

/** What is known of a device's memory. */
export interface Room {
  /** What decides how much a run takes of the device. */
  device: Means
  /** Bytes of the smallest run that the device could not give memory to; Infinity while there was none. */
  refused: number
}

/** The fields that a run shrinks by, in this order, and the least of each that is worth training. */
const SHRINK = { batch_size: 1, block_size: 16, n_embd: 1, n_layer: 1 } as const
type Shrinks = keyof typeof SHRINK

/** What this device could not hold or count, with a way out. Takes a valid config. */
export function fitsDevice(config: Config, room: Room): Problem[] {
  const excess = excessOf(config, room)
  if (excess === null) return []
  for (const field of Object.keys(SHRINK) as Shrinks[]) {
    const fix = largest(config, field, room)
    if (fix !== null)
      return [
        { field, message: `${excess} The largest ${FIELDS[field].label.toLowerCase()} that fits is ${fix}.`, fix },
      ]
  }
  // No one field is enough: half the width is a step on the way.
  const fix = Math.max(1, Math.floor(config.n_embd / 2 / stepOf(config, 'n_embd'))) * stepOf(config, 'n_embd')
  return [{ field: 'n_embd', message: `${excess} Try a width of ${fix}, and a smaller batch or context.`, fix }]
}

/** Why a config does not fit, or null. */
function excessOf(config: Config, { device, refused }: Room): string | null {
  const { maxBlock } = device
  const { batch_size: B, block_size: T } = config
  if (B * T > MOST_ROWS) return `A batch of ${B} × ${T} has more rows than one product can count, ${MOST_ROWS}.`
  const { memory, largest } = predictMemory(config, device)
  const { total } = memory
  if (largest.size > maxBlock) {
    const { label, shape } = largest.windows[0]!.tensor
    return `${label} [${shape.join(', ')}] takes ${bytes(largest.size * 4)}; this device holds ${bytes(maxBlock * 4)} in one piece.`
  }
  if (total >= refused) return `This run takes ${bytes(total)}; this device has refused ${bytes(refused)}.`
  const budget = PIECES * maxBlock * 4
  if (total <= budget) return null
  return `This run takes ${bytes(total)}. WebGPU does not tell how much memory a device has; this one gives ${bytes(maxBlock * 4)} in one piece, and no run is started with more than ${PIECES} times that.`
}

/** The largest value of a field below its own with which the rest fits as it is, or null. */
function largest(config: Config, field: Shrinks, room: Room): number | null {
  const step = stepOf(config, field)
  const fits = (steps: number) => {
    const smaller = { ...config, [field]: steps * step }
    return validate(smaller).length === 0 && excessOf(smaller, room) === null
  }
  let [most, tooMany] = [Math.ceil(SHRINK[field] / step), Math.ceil(config[field] / step)]
  if (most >= tooMany || !fits(most)) return null
  while (tooMany - most > 1) {
    const middle = Math.floor((most + tooMany) / 2)
    if (fits(middle)) most = middle
    else tooMany = middle
  }
  return most * step
}

/** The values of a field that make a model: widths are shared out among the heads, and RoPE turns pairs. */
function stepOf(config: Config, field: Shrinks): number {
  return field === 'n_embd' ? config.n_head * (config.position === 'rope' ? 2 : 1) : 1
}
