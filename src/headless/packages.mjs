// Installs the project's npm packages where they are missing or out of date, so that every command works on a fresh clone.
// Plain Node without dependencies, because it runs before there are any.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The project's folder, with a slash at its end. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/**
 * @typedef {{ version?: string, optional?: boolean }} LockedPackage
 * @param {string} file
 * @returns {Record<string, LockedPackage>}
 */
const lockedPackages = (file) => JSON.parse(readFileSync(file, 'utf8')).packages

/** Whether node_modules holds every package of package-lock.json in its version; optional ones are the platform's affair. */
export function packagesAreCurrent(root = ROOT) {
  const installed = `${root}node_modules/.package-lock.json`
  if (!existsSync(installed)) return false
  const have = lockedPackages(installed)
  return Object.entries(lockedPackages(`${root}package-lock.json`)).every(
    ([path, { version, optional }]) =>
      path === '' || optional || (have[path]?.version === version && existsSync(root + path)),
  )
}

/** Runs `npm ci` in a folder unless it would change nothing. Ends the process, with what to do, where that fails. */
export function ensurePackages(root = ROOT) {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major < 20 || (major === 20 && minor < 19)) {
    console.error(
      `Glasshouse needs Node.js 20.19 or newer; this is ${process.versions.node}. Get it from https://nodejs.org`,
    )
    process.exit(1)
  }
  if (packagesAreCurrent(root)) return
  console.log(`Installing packages${root === ROOT ? '' : ` into ${root}`} (npm ci) …`)
  const npm = process.env.npm_execpath
  const flags = ['ci', '--no-audit', '--no-fund', '--loglevel=error']
  const options = /** @type {const} */ ({ cwd: root, stdio: 'inherit' })
  const { status } = npm
    ? spawnSync(process.execPath, [npm, ...flags], options)
    : spawnSync('npm', flags, { ...options, shell: process.platform === 'win32' })
  if (status === 0) return
  console.error(
    'npm ci failed; the lines above say why. Glasshouse needs the npm registry once, to install its packages.',
  )
  process.exit(1)
}
