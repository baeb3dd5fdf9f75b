// The − and + of a field: where they lead, that they never leave the range, and that they never lead to a problem.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultConfig, FIELDS, type FieldName } from '../../../src/config/fields'
import { validate } from '../../../src/config/validate'
import { walk } from '../../../src/ui/model/walk'

const config = defaultConfig(65)
const names = (Object.keys(FIELDS) as FieldName[]).filter((name) => ['int', 'float'].includes(FIELDS[name].kind))

describe('walk', () => {
  it('takes learning rates by 1, 2 and 5', () => {
    const rates = [1e-3]
    for (let i = 0; i < 5; i++) rates.push(walk('learning_rate', { ...config, learning_rate: rates.at(-1) ?? 0 }, 1))
    expect(rates).toEqual([0.001, 0.002, 0.005, 0.01, 0.02, 0.05])
    expect(walk('learning_rate', { ...config, learning_rate: 0.003 }, 1)).toBe(0.005)
    expect(walk('learning_rate', { ...config, learning_rate: 0.003 }, -1)).toBe(0.002)
    expect(walk('learning_rate', { ...config, learning_rate: 1e-3 }, -1)).toBe(5e-4)
  })

  it('reaches zero where zero is allowed, and comes back', () => {
    expect(walk('min_lr', { ...config, min_lr: 1e-6 }, -1)).toBe(0)
    expect(walk('min_lr', { ...config, min_lr: 0 }, 1)).toBe(1e-6)
  })

  it('doubles contexts, keeps widths fit for the heads, and heads fit for their groups', () => {
    expect(walk('block_size', config, 1)).toBe(128)
    expect(walk('block_size', { ...config, block_size: 100 }, -1)).toBe(64)
    expect(walk('n_embd', config, 1)).toBe(136)
    expect(walk('n_kv_head', { ...config, n_head: 6, n_kv_head: 6 }, -1)).toBe(3)
    expect(walk('max_iters', config, 1)).toBe(2100)
    expect(walk('max_iters', { ...config, max_iters: 1000 }, -1)).toBe(990)
  })

  it('moves, stays in range, and returns, for every field', () => {
    for (const name of names) {
      const field = FIELDS[name]
      if (field.kind !== 'int' && field.kind !== 'float') continue
      fc.assert(
        fc.property(fc.integer({ min: 0, max: 12 }), (steps) => {
          let at = config
          for (let i = 0; i < steps; i++) {
            const next = walk(name, at, 1)
            expect(next).toBeLessThanOrEqual(field.max)
            if (Number(at[name]) < field.max && name !== 'n_kv_head') expect(next).toBeGreaterThan(Number(at[name]))
            at = { ...at, [name]: next }
          }
          const back = walk(name, at, -1)
          expect(back).toBeGreaterThanOrEqual(field.min)
          if (Number(at[name]) > field.min) expect(back).toBeLessThan(Number(at[name]))
        }),
        { numRuns: 13 },
      )
    }
  })

  it('never leads from settings that fit to a width that does not', () => {
    for (const n_head of [1, 2, 3, 4, 6, 8])
      for (const direction of [1, -1] as const) {
        const fit = { ...config, n_head, n_kv_head: n_head, n_embd: 48 * n_head }
        const next = { ...fit, n_embd: walk('n_embd', fit, direction) }
        expect(validate(next)).toEqual([])
      }
  })
})
