// `npm test`: from a fresh clone to a verdict. Installs what is missing, builds, then checks, tests and drives the built page.
// Ends with one line, `N passed, M failed`: vitest's tests, and each of the other parts that failed.
//   GLASSHOUSE_PARTS=check,build,unit,e2e npm test    runs some of the parts; `presets` trains the two longest presets, for a release
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { ensurePackages, ROOT } from '../src/headless/packages.mjs'
import { ensureMachine, findChromium, findFirefox } from './machine.mjs'
import { lavapipe } from './vulkan.mjs'

const USUAL = ['check', 'build', 'unit', 'e2e']
const PARTS = [...USUAL, 'presets']
const wanted = (process.env.GLASSHOUSE_PARTS ?? USUAL.join(',')).split(',').map((part) => part.trim())
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
 * Runs one of package.json's scripts or of node_modules/.bin's commands to its end. Its output goes to the terminal, or is kept where
 * something else writes there at the same time.
 * @param {'shown' | 'kept'} output
 * @param {string[]} command
 * @returns {Promise<{ status: number | null, output: string }>}
 */
function npm(output, ...command) {
  const env = { ...process.env, ...lavapipe(), CHROMIUM: findChromium() ?? '', FIREFOX: findFirefox() ?? '' }
  const shell = process.platform === 'win32'
  const to = output === 'shown' ? 'inherit' : 'pipe'
  const child = spawn('npm', command, { cwd: ROOT, env, shell, stdio: ['ignore', to, to] })
  let kept = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => (kept += data))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status) => resolve({ status, output: kept }))
  })
}
/**
 * Runs scripts that are right or wrong as a whole, one after the other. What they said is told by the function returned.
 * @param {string[]} names
 */
async function scripts(names) {
  /** @type {{ name: string, status: number | null, output: string }[]} */
  const results = []
  for (const name of names.filter((name) => wanted.includes(name)))
    results.push({ name, ...(await npm('kept', 'run', '--silent', name)) })
  return () => {
    for (const { name, status, output } of results) {
      heading(name)
      console.log(output.trimEnd())
      if (status === 0) continue
      console.error(`npm run ${name} failed`)
      failed++
    }
  }
}
/**
 * Runs those of vitest's projects that are wanted, all files in one queue.
 * @param {('unit' | 'e2e' | 'presets')[]} names
 */
async function vitest(names) {
  const projects = names.filter((name) => wanted.includes(name))
  if (projects.length === 0) return
  heading(projects.join(', '))
  const folder = `${ROOT}node_modules/.cache/glasshouse`
  const report = `${folder}/tests.json`
  mkdirSync(folder, { recursive: true })
  rmSync(report, { force: true })
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const which = projects.flatMap((name) => ['--project', name])
  const { status } = await npm('shown', 'exec', '--', 'vitest', 'run', ...which, ...reporters)
  const counts = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : null
  const failures = counts?.numFailedTests ?? 0
  passed += counts?.numPassedTests ?? 0
  failed += failures
  // A file that cannot be read, an error outside every test, no tests at all: a failure that no test's name carries.
  if (status !== 0 && failures === 0) failed++
}

ensurePackages()
// Other programs that must open what is saved here; they are large, so a user's own install goes without.
if (wanted.some((part) => part !== 'build')) ensurePackages(`${ROOT}test/consumers/`)
const missing = ensureMachine()
for (const what of missing) console.error(`\nMISSING  ${what}`)
failed += missing.length

// The compilers and the linter keep one core busy and wait for nobody: beside the tests they fill what those leave idle.
const beside = scripts(['check'])
const tellBuilt = await scripts(['build'])
tellBuilt()
await vitest(['unit', 'e2e', 'presets'])
const tellChecked = await beside
tellChecked()

for (const what of missing) console.error(`\nMISSING  ${what}`)
console.log(`\n${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
