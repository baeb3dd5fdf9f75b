import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { SECONDS, weightOf } from './longest_first.mjs'

test('the longest files are there, and found by their whole path', () => {
  expect(Object.keys(SECONDS).filter((path) => !existsSync(path))).toEqual([])
  expect(weightOf('/home/anybody/test/it/test/ops/matmul.test.ts')).toBe(SECONDS['test/ops/matmul.test.ts'])
  expect(weightOf('/home/anybody/glasshouse/test/ops/gelu.test.ts')).toBe(0)
})
