// `npm test`: from a fresh clone to a verdict. Installs what is missing, then checks, tests, builds and drives the built page.
// Ends with one line, `N passed, M failed`: vitest's tests, and each of the other parts that failed.
//   GLASSHOUSE_PARTS=check,unit,build,e2e npm test    runs some of the parts
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { ensurePackages, ROOT } from '../src/headless/packages.mjs'
import { ensureMachine, findChromium } from './machine.mjs'
import { lavapipe } from './vulkan.mjs'

const PARTS = ['check', 'unit', 'build', 'e2e']
const wanted = (process.env.GLASSHOUSE_PARTS ?? PARTS.join(',')).split(',').map((part) => part.trim())
const unknown = wanted.filter((part) => !PARTS.includes(part))
if (unknown.length > 0) {
  console.error(`GLASSHOUSE_PARTS: no part is called ${unknown.join(', ')}; there are ${PARTS.join(', ')}.`)
  process.exit(2)
}

let passed = 0
let failed = 0
/** @param {string} title */
const heading = (title) => console.log(`\n── ${title}`)

/**
 * Runs one of package.json's scripts or of node_modules/.bin's commands to its end, and returns its exit status.
 * @param {string[]} command
 */
function npm(...command) {
  const env = { ...process.env, ...lavapipe(), CHROMIUM: findChromium() ?? '' }
  const shell = process.platform === 'win32'
  return spawnSync('npm', [...command], { cwd: ROOT, env, shell, stdio: ['ignore', 'inherit', 'inherit'] }).status
}
/**
 * A script that is right or wrong as a whole.
 * @param {string} name
 */
function script(name) {
  if (!wanted.includes(name)) return
  heading(name)
  if (npm('run', '--silent', name) === 0) return
  console.error(`npm run ${name} failed`)
  failed++
}
/** @param {'unit' | 'e2e'} name */
function vitest(name) {
  if (!wanted.includes(name)) return
  heading(name)
  const folder = `${ROOT}node_modules/.cache/glasshouse`
  const report = `${folder}/${name}.json`
  mkdirSync(folder, { recursive: true })
  rmSync(report, { force: true })
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const status = npm('exec', '--', 'vitest', 'run', '--project', name, ...reporters)
  const counts = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : null
  const failures = counts?.numFailedTests ?? 0
  passed += counts?.numPassedTests ?? 0
  failed += failures
  // A file that cannot be read, an error outside every test, no tests at all: a failure that no test's name carries.
  if (status !== 0 && failures === 0) failed++
}

ensurePackages()
const missing = ensureMachine()
for (const what of missing) console.error(`\nMISSING  ${what}`)
failed += missing.length

script('check')
vitest('unit')
script('build')
vitest('e2e')

for (const what of missing) console.error(`\nMISSING  ${what}`)
console.log(`\n${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
