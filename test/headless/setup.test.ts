// What the two commands do before there are packages: which mirror the machine has, and whether node_modules is current.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packagesAreCurrent } from '../../src/headless/packages.mjs'
import { backportsLine, parseSources } from '../machine.mjs'

describe('the mirror of a Debian release', () => {
  const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'
  test.each([
    [
      'a stanza',
      `Types: deb\n# a comment\nURIs: http://mirror.test/debian\nSuites: bookworm bookworm-updates\nComponents: main\nSigned-By: ${keyring}\n`,
      keyring,
    ],
    [
      'a second stanza',
      `Types: deb\nURIs: http://other.test/security\nSuites: bookworm-security\nComponents: main\n\nTypes: deb deb-src\nURIs: http://mirror.test/debian\nSuites: bookworm\nComponents: main\n`,
      undefined,
    ],
    ['a line', 'deb http://mirror.test/debian bookworm main contrib\n', undefined],
    ['a line with options', `deb [arch=amd64 signed-by=${keyring}] http://mirror.test/debian bookworm main\n`, keyring],
  ])('in %s', (_, text, signedBy) => {
    expect(parseSources(text, 'bookworm')).toEqual({ address: 'http://mirror.test/debian', signedBy })
  })
  test.each([
    ['another release', 'deb http://mirror.test/debian trixie main\n'],
    ['a comment', '# deb http://mirror.test/debian bookworm main\n'],
    ['sources only', 'Types: deb-src\nURIs: http://mirror.test/debian\nSuites: bookworm\nComponents: main\n'],
    [
      'a stanza switched off',
      'Enabled: no\nTypes: deb\nURIs: http://mirror.test/debian\nSuites: bookworm\nComponents: main\n',
    ],
    ['a suite beside it', 'deb http://mirror.test/security bookworm-security main\n'],
  ])('is not found in %s', (_, text) => expect(parseSources(text, 'bookworm')).toBeNull())
  test('becomes the source of its backports', () => {
    const address = 'http://mirror.test/debian'
    const suite = 'bookworm-backports'
    expect(backportsLine({ address, signedBy: undefined }, suite)).toBe(`deb ${address} ${suite} main\n`)
    expect(backportsLine({ address, signedBy: keyring }, suite)).toBe(
      `deb [signed-by=${keyring}] ${address} ${suite} main\n`,
    )
  })
})

describe('packages', () => {
  let root: string
  beforeAll(() => {
    root = `${mkdtempSync(join(tmpdir(), 'packages-'))}/`
    const entry = { version: '1.0.0' }
    lock('package-lock.json', { '': {}, 'node_modules/a': entry, 'node_modules/b': { ...entry, optional: true } })
  })
  afterAll(() => rmSync(root, { recursive: true }))
  const lock = (file: string, packages: object) => writeFileSync(root + file, JSON.stringify({ packages }))

  test('are missing, then installed, then of another version, then lost', () => {
    expect(packagesAreCurrent(root)).toBe(false)
    mkdirSync(`${root}node_modules/a`, { recursive: true })
    lock('node_modules/.package-lock.json', { 'node_modules/a': { version: '1.0.0' } })
    expect(packagesAreCurrent(root)).toBe(true)
    lock('node_modules/.package-lock.json', { 'node_modules/a': { version: '0.9.0' } })
    expect(packagesAreCurrent(root)).toBe(false)
    lock('node_modules/.package-lock.json', { 'node_modules/a': { version: '1.0.0' } })
    rmSync(`${root}node_modules/a`, { recursive: true })
    expect(packagesAreCurrent(root)).toBe(false)
  })
})
