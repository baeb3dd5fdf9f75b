// The README is true: what it names is there, what is there it names, and its commands exist.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const readme = readFileSync('README.md', 'utf8')
const tree = [...readme.matchAll(/^([\w./]+)\s{2,}\S/gm)].map(([, path = '']) => path)

test('every path in its tree exists, and so does its picture', () => {
  const pictures = [...readme.matchAll(/!\[[^\]]+\]\(([^)]+)\)/g)].map(([, path = '']) => path)
  expect(pictures.length).toBe(1)
  expect(tree.length).toBeGreaterThan(15)
  expect([...tree, ...pictures].filter((path) => !existsSync(path))).toEqual([])
})

test('every room and every leaf of src is in its tree', () => {
  const paths = readdirSync('src', { withFileTypes: true }).map(
    (entry) => `src/${entry.name}${entry.isDirectory() ? '/' : ''}`,
  )
  expect(paths.filter((path) => !tree.includes(path))).toEqual([])
})

test('every command it names is a script', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }
  const named = [...readme.matchAll(/npm (?:run )?(\w+)/g)].map(([, name = '']) => name)
  expect(named).toContain('parity')
  expect(named.filter((name) => !(name in scripts))).toEqual([])
})
