// How a field's − and + buttons walk: 1-2-5 through decades, an even step, or sizes that fit (a doubling context, a width in
// multiples of the heads).
import { FIELDS, type FieldName } from '../../config/fields'
import type { Config } from '../../config/config'

/** The next value up or down, within the field's range. */
export function walk(name: FieldName, config: Config, direction: 1 | -1): number {
  const field = FIELDS[name]
  const value = Number(config[name])
  if (field.kind !== 'int' && field.kind !== 'float') return value
  const next =
    field.kind === 'float'
      ? field.steps === '125'
        ? walk125(value, direction, field.min)
        : evenly(value, field.steps, direction)
      : wholeStep(name, config, value, direction)
  return Math.min(field.max, Math.max(field.min, next))
}

function walk125(value: number, direction: 1 | -1, min: number): number {
  const lowest = min > 0 ? min : 1e-6
  if (value <= 0) return direction === 1 ? lowest : 0
  const power = Math.floor(Math.log10(value) + 1e-9)
  const ladder = [0.5, 1, 2, 5, 10].map((digit) => Number(`${digit}e${power}`))
  const close = 1e-6 * value
  const up = ladder.find((rung) => rung > value + close)
  const down = ladder.findLast((rung) => rung < value - close)
  if (direction === 1) return up ?? value
  return min <= 0 && value <= lowest ? 0 : Number((down ?? value).toPrecision(3))
}

function evenly(value: number, step: number, direction: 1 | -1): number {
  return Number(((Math.round(value / step) + direction) * step).toPrecision(10))
}

function wholeStep(name: FieldName, config: Config, value: number, direction: 1 | -1): number {
  if (name === 'block_size' || name === 'batch_size')
    return 2 ** (direction === 1 ? Math.floor(Math.log2(value)) + 1 : Math.ceil(Math.log2(value)) - 1)
  if (name === 'n_embd') return toMultiple(value, 2 * config.n_head, direction)
  if (name === 'n_inner') return toMultiple(value, 8, direction)
  if (name === 'n_kv_head') {
    const divisors = Array.from({ length: config.n_head }, (_, i) => i + 1).filter((d) => config.n_head % d === 0)
    return (direction === 1 ? divisors.find((d) => d > value) : divisors.findLast((d) => d < value)) ?? value
  }
  if (name === 'seed' || value < 20) return value + direction
  const step = 10 ** (Math.floor(Math.log10(value)) - (direction === -1 && Number.isInteger(Math.log10(value)) ? 2 : 1))
  return toMultiple(value, step, direction)
}

const toMultiple = (value: number, of: number, direction: 1 | -1) =>
  direction === 1 ? (Math.floor(value / of) + 1) * of : (Math.ceil(value / of) - 1) * of
