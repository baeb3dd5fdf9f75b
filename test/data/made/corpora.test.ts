// The built-in texts: the shipped files are what their packages give, the generated ones are right line by line.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { CORPORA, loadCorpus } from '../../../src/data/made/corpora'
import { readText } from '../../../src/data/collect/read_text'
import { fingerprint } from '../../../src/data/dataset/dataset'
import { CorpusError } from '../../../src/errors'
import { SPECIAL } from '../../../src/words/tokens'

const shipped = fileURLToPath(new URL('../../../public/', import.meta.url))
const fetchText = (path: string) => readFile(join(shipped, path), 'utf8')
const noFetch = () => Promise.reject(new Error('404 Not Found'))
const linesOf = (text: string) => {
  expect(text.endsWith('\n')).toBe(true)
  return text.slice(0, -1).split('\n')
}

test('the shipped files are what the packages give', () => {
  const folder = mkdtempSync(join(tmpdir(), 'corpora-'))
  try {
    execFileSync(process.execPath, [
      fileURLToPath(new URL('../../../src/headless/corpora.mjs', import.meta.url)),
      folder,
    ])
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
test('speeches are forty documents, each with its year and speaker', async () => {
  const { text, special } = await loadCorpus('speeches', fetchText)
  const documents = text.split(SPECIAL.end_of_text)
  expect(documents.pop()).toBe('')
  expect(documents.map((document) => Number(document.slice(0, 4)))).toEqual(
    Array.from({ length: 40 }, (_, i) => 1790 + i),
  )
  expect(documents.every((document) => /^\d{4}, [A-Z][A-Za-z ]+\n\n[A-Z][^\n]{1000,}[.?!]\n$/.test(document))).toBe(
    true,
  )
  expect(special).toContain(SPECIAL.end_of_text)
})
test.each([
  // What the texts were before they had settings; runs and presets rest on them.
  ['sort-letters', '1578366ba008bd7a5d7910a045c728f287b276f84a6505dd81656bf202f112cc'],
  ['addition', '8a58489f37f41a671f1bf7ef069cd84b8667edfbe6029d0deb10015017af2182'],
  ['call-me-ishmael', '07958879668223c2935a4e356d68eb4fd10fc25190827cf331c2296b755c2a4c'],
  ['moby-dick', '1d96e7e3e685534e2d60c39b8a4facc46fbc50cfb929ed4bd8ea9b70e820faae'],
  ['first-names', '24b1f93194bfb2325f93a91062697c6e1893eb30c05fd1efc742ff573cdd3259'],
])('%s stays the same, bit for bit', async (id, digest) => {
  expect(await fingerprint((await loadCorpus(id, fetchText)).text)).toBe(digest)
})
test('generated texts need no files, are the same every time, and say how they are made again', async () => {
  for (const { id } of CORPORA.filter(({ settings }) => settings)) {
    const { text, generated } = await loadCorpus(id, noFetch)
    const { settings, seed } = generated!
    expect((await loadCorpus(id, noFetch, { settings, seed })).text === text).toBe(true)
    expect((await loadCorpus(id, noFetch, { settings, seed: seed + 1 })).text === text).toBe(false)
  }
})
test('settings are brought into their bounds', async () => {
  const { text, generated } = await loadCorpus('brackets', noFetch, { settings: { kinds: 9, length: 7.2, lines: NaN } })
  expect(generated?.settings).toEqual({ kinds: 4, depth: 4, length: 8, lines: 20_000 })
  expect(linesOf(text).every((line) => line.length <= 8)).toBe(true)
})
test('a file that is not there, and a text that is not there', async () => {
  await expect(loadCorpus('moby-dick', noFetch)).rejects.toThrow(
    new CorpusError(
      '"Moby Dick" could not be read from corpora/moby-dick.txt (404 Not Found). Reload the page, or paste a text.',
    ),
  )
  await expect(loadCorpus('whale', noFetch)).rejects.toThrow(/no built-in text "whale"; there are moby-dick, /)
})
