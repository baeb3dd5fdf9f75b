// `npm start` as a person runs it: one command, and the printed address serves the built page.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'

test('npm start builds, serves, and prints its address', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dist-'))
  // Vitest's NODE_ENV would make a build for development of it.
  const env = { ...process.env, NODE_ENV: 'production', GLASSHOUSE_DIST: folder }
  const child = spawn(process.execPath, ['src/headless/start.mjs', '--no-open', '--port', '47813'], { env })
  try {
    let out = ''
    const address = await new Promise<string>((resolve, reject) => {
      child.stdout.on('data', (data) => {
        const found = /Glasshouse is at\s+(http\S+)/.exec((out += String(data)))
        if (found?.[1]) resolve(found[1])
      })
      child.on('exit', (status) => reject(new Error(`ended with status ${status}: ${out}`)))
    })
    const page = await fetch(address)
    expect(page.status).toBe(200)
    const html = await page.text()
    expect(html).toContain('id="app"')
    const script = /src="(\.\/assets\/[^"]+\.js)"/.exec(html)?.[1] ?? ''
    expect((await fetch(new URL(script, address))).headers.get('content-type')).toContain('javascript')
  } finally {
    child.kill()
    rmSync(folder, { recursive: true })
  }
})

test('a flag it does not know ends with its usage', async () => {
  const child = spawn(process.execPath, ['src/headless/start.mjs', '--poort', '1'])
  let err = ''
  child.stderr.on('data', (data) => (err += String(data)))
  expect(await new Promise((resolve) => child.on('exit', resolve))).toBe(2)
  expect(err).toMatch(/--poort[\s\S]*Usage: npm start/)
})
