// What a first visit loads before anything is asked for: the scripts of the page and of its worker, with what they import at once.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'

const ASSETS = 'dist/assets'
/** Bytes, gzipped, page and worker together. */
const MOST = 200_000

/** A script and all that it imports statically, by name. */
function closure(name: string, found = new Set<string>()): Set<string> {
  if (found.has(name)) return found
  found.add(name)
  const text = readFileSync(join(ASSETS, name), 'utf8')
  for (const [, imported] of text.matchAll(/(?:from|import) ?"\.\/([^"]+\.js)"/g)) closure(imported!, found)
  return found
}

test('page and worker load at most 200 KB of JavaScript before what loads when it is needed', () => {
  const [, entry] = /<script type="module"[^>]*src="[^"]*assets\/([^"]+)"/.exec(
    readFileSync('dist/index.html', 'utf8'),
  )!
  const [worker, ...others] = readdirSync(ASSETS).filter((name) => /^worker-.*\.js$/.test(name))
  expect(others).toEqual([])
  const scripts = [...closure(worker!, closure(entry!))]
  expect(scripts.length).toBeGreaterThan(2)
  const sizes = scripts.map((name) => [name, gzipSync(readFileSync(join(ASSETS, name))).length] as const)
  const total = sizes.reduce((sum, [, size]) => sum + size, 0)
  expect(total, sizes.map(([name, size]) => `${name} ${size}`).join(', ')).toBeLessThanOrEqual(MOST)
})
