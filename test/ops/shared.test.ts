// The numbers that ops and shaders both name stand in one table, and shaders take them from there by name.
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { constantsOf } from '../../src/gpu/kernel'
import { SHARED } from '../../src/ops/shared'

const folder = new URL('../../shaders/', import.meta.url)
/** The code of every shader, by file, without its comments. */
const shaders = readdirSync(folder)
  .filter((file) => file.endsWith('.wgsl'))
  .map((file) => ({ file, code: readFileSync(new URL(file, folder), 'utf8').replace(/\/\/.*$/gm, '') }))
const names = [...constantsOf(SHARED).matchAll(/const (\w+)/g)].map(([, name]) => name!)

test('a table of numbers becomes WGSL, a line each', () => {
  expect(constantsOf({ LANES: 64, DICE: { seed: 0, step: 1 } })).toBe(
    'const LANES = 64u;\nconst DICE_SEED = 0u;\nconst DICE_STEP = 1u;\n',
  )
})

test('no shader looks into dice, hyper or sampling by a bare number', () => {
  const offences = shaders.flatMap(({ file, code }) =>
    [...code.matchAll(/\b(dice|hyper|sampling)\[(?!\1_[A-Z])[^\]]*\]/gi)].map(([index]) => `${file}: ${index}`),
  )
  expect(offences).toEqual([])
})

test('no shader says for itself what the table says, and the table says only what some shader reads', () => {
  expect(new Set(names).size).toBe(names.length)
  for (const { file, code } of shaders)
    for (const name of names) expect(code, file).not.toMatch(new RegExp(`\\b(const|override|let|var)\\s+${name}\\b`))
  for (const [key, value] of Object.entries(SHARED)) {
    const read = new RegExp(typeof value === 'number' ? `\\b${key}\\b` : `\\b${key}_[A-Z]`)
    expect(shaders.filter(({ code }) => read.test(code)).length, key).toBeGreaterThan(0)
  }
})
