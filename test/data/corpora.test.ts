// The built-in texts: the shipped files are what their packages give, the generated ones are right line by line.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { CORPORA, loadCorpus } from '../../src/data/corpora'
import { readText } from '../../src/data/read_text'
import { additionLines, isSorted, isSum, sortLines } from '../../src/data/tasks'
import { CorpusError } from '../../src/errors'

const shipped = fileURLToPath(new URL('../../public/', import.meta.url))
const fetchText = (path: string) => readFile(join(shipped, path), 'utf8')
const noFetch = () => Promise.reject(new Error('404 Not Found'))
const linesOf = (text: string) => {
  expect(text.endsWith('\n')).toBe(true)
  return text.slice(0, -1).split('\n')
}

test('the shipped files are what the packages give', () => {
  const folder = mkdtempSync(join(tmpdir(), 'corpora-'))
  try {
    execFileSync(process.execPath, [fileURLToPath(new URL('../../src/headless/corpora.mjs', import.meta.url)), folder])
    const names = readdirSync(folder)
    expect(names.sort()).toEqual(readdirSync(join(shipped, 'corpora')).sort())
    for (const name of names)
      expect(readFileSync(join(folder, name), 'utf8') === readFileSync(join(shipped, 'corpora', name), 'utf8')).toBe(
        true,
      )
  } finally {
    rmSync(folder, { recursive: true })
  }
})
test.each(CORPORA)('$id reads as clean text of the length it says', async ({ id, name, characters }) => {
  const corpus = await loadCorpus(id, fetchText)
  expect(corpus.name).toBe(name)
  expect(corpus.licence).not.toBe('')
  expect(readText(name, corpus.text)).toEqual({ text: corpus.text, notices: [] })
  expect([...corpus.text].length).toBe(characters)
})
test('Moby Dick is the whole novel, from its first words to its last', async () => {
  const { text } = await loadCorpus('moby-dick', fetchText)
  expect(text.startsWith('CHAPTER 1. Loomings.\n\nCall me Ishmael.')).toBe(true)
  expect(text.endsWith('only found another orphan.\n')).toBe(true)
  expect(text.match(/^CHAPTER \d+\./gm)).toHaveLength(135)
})
test('first names come once each, in no alphabetical order', async () => {
  const names = linesOf((await loadCorpus('first-names', fetchText)).text)
  expect(new Set(names).size).toBe(names.length)
  expect(names.every((name) => /^[A-Z][A-Za-z]+(-[A-Z][a-z]+)?$/.test(name))).toBe(true)
  const heldOut = names.slice(-842)
  expect(new Set(heldOut.map((name) => name[0])).size).toBeGreaterThan(20)
})
test('Call me Ishmael is one paragraph, ten times', async () => {
  const lines = linesOf((await loadCorpus('call-me-ishmael', fetchText)).text)
  expect(lines).toHaveLength(10)
  expect(new Set(lines).size).toBe(1)
  expect(lines[0]).toMatch(/^Call me Ishmael\. .* towards the ocean with me\.$/)
})
test('generated texts need no files, and are the same every time', async () => {
  expect((await loadCorpus('sort-letters', noFetch)).text).toBe(sortLines(1))
  expect((await loadCorpus('addition', noFetch)).text).toBe(additionLines(1))
  expect(sortLines(2)).not.toBe(sortLines(1))
})
test('a file that is not there, and a text that is not there', async () => {
  await expect(loadCorpus('moby-dick', noFetch)).rejects.toThrow(
    new CorpusError(
      '"Moby Dick" could not be read from corpora/moby-dick.txt (404 Not Found). Reload the page, or paste a text.',
    ),
  )
  await expect(loadCorpus('whale', noFetch)).rejects.toThrow(/no built-in text "whale"; there are moby-dick, /)
})

describe('tasks', () => {
  test('every line to sort is right and comes once', () => {
    const lines = linesOf(sortLines(3))
    expect(lines.every(isSorted)).toBe(true)
    expect(new Set(lines).size).toBe(20_000)
    expect(new Set(lines.map((line) => line.length))).toEqual(new Set([7, 9, 11]))
  })
  test('every sum is right, and each pair comes once', () => {
    const lines = linesOf(additionLines(3))
    expect(lines.every(isSum)).toBe(true)
    expect(new Set(lines).size).toBe(10_000)
    expect(lines).toContain('0+0=0')
    expect(lines).toContain('99+99=198')
  })
  test.each([
    'dbca>abdc',
    'dbca>abc',
    'dbca>abcdd',
    'dbca',
    'dbca>',
    '>',
    'dbca>abcd\n',
    'dbca>abcd>abcd',
    'DB>BD',
    '',
  ])('not sorted: %j', (line) => expect(isSorted(line)).toBe(false))
  test.each(['37+45=83', '37+45=', '37+45=082', '037+45=82', '37+45=82\n', '+45=45', '37-45=82', '1+1+1=3', ''])(
    'not a sum: %j',
    (line) => expect(isSum(line)).toBe(false),
  )
  test('sums of any length are right', () => expect(isSum('99999999999999999999+1=100000000000000000000')).toBe(true))
  test('equal letters count', () => {
    expect(isSorted('baa>aab')).toBe(true)
    expect(isSorted('baa>ab')).toBe(false)
  })
})
