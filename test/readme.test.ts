// README and CONTRIBUTING are true: what they name is there, what is there README names, and their commands exist.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const readme = readFileSync('README.md', 'utf8')
const contributing = readFileSync('CONTRIBUTING.md', 'utf8')
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

test('every path that CONTRIBUTING names exists', () => {
  const named = [...contributing.matchAll(/\b(?:src|shaders|test)(?:\/\w+)+(?:\.\w+)*/g)].map(([path]) => path)
  expect(named.length).toBeGreaterThan(20)
  expect(named.filter((path) => !existsSync(path))).toEqual([])
})

test('every command that they name is a script', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }
  const named = [...(readme + contributing).matchAll(/npm (?:run )?(\w+)/g)].map(([, name = '']) => name)
  expect(named).toContain('parity')
  expect(named.filter((name) => !(name in scripts))).toEqual([])
})
