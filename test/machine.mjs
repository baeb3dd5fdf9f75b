// What the tests need of the machine beyond npm's packages: Chromium, Firefox and a Vulkan driver that Dawn accepts. On Debian and
// Ubuntu, as root, it is installed; elsewhere the person is told what is missing. Plain JavaScript, before packages are there.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { HOW_TO_GET_AN_ADAPTER, probeAdapter } from './vulkan.mjs'

const CHROMIUMS = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']
const MAC_CHROME = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'
const FIREFOXES = ['firefox-esr', 'firefox']
const MAC_FIREFOX = '/Applications/Firefox.app/Contents/MacOS/firefox'

/** Chromium or Chrome: what CHROMIUM names, else the first on the PATH, else null. */
export const findChromium = () => process.env.CHROMIUM || findProgram(CHROMIUMS, MAC_CHROME)
/** Firefox: what FIREFOX names, else the first on the PATH, else null. */
export const findFirefox = () => process.env.FIREFOX || findProgram(FIREFOXES, MAC_FIREFOX)

/**
 * @param {string[]} names
 * @param {string} onMac
 */
function findProgram(names, onMac) {
  const folders = (process.env.PATH ?? '').split(delimiter)
  const found = names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path))
  return found ?? (existsSync(onMac) ? onMac : null)
}

/** Installs what is missing where it can. Returns what is missing still, each with the way to get it. */
export function ensureMachine() {
  if (!findChromium() || !findFirefox() || !probeAdapter()) installWithApt()
  const missing = []
  if (!findChromium())
    missing.push(
      'No Chromium. Install it (Debian: apt install chromium) or Chrome, or name one in CHROMIUM=/path/to/it.',
    )
  if (!findFirefox())
    missing.push('No Firefox. Install it (Debian: apt install firefox-esr), or name one in FIREFOX=/path/to/it.')
  const adapter = probeAdapter()
  if (adapter) console.log(`WebGPU in Node: ${adapter}`)
  else missing.push(`No WebGPU adapter in Node. ${HOW_TO_GET_AN_ADAPTER}`)
  return missing
}

/** The fields of /etc/os-release. */
function osRelease() {
  if (!existsSync('/etc/os-release')) return {}
  const lines = readFileSync('/etc/os-release', 'utf8').split('\n')
  return Object.fromEntries(
    lines
      .filter((line) => line.includes('='))
      .map((line) => [line.split('=', 1)[0], line.replace(/^[^=]*="?|"?$/g, '')]),
  )
}

function installWithApt() {
  const { ID, VERSION_CODENAME: codename } = osRelease()
  if (ID !== 'debian' && ID !== 'ubuntu') return
  if (process.getuid?.() !== 0) {
    console.log('Not root: nothing is installed on this machine.')
    return
  }
  apt('update', '-qq')
  if (!findChromium()) apt('install', 'chromium')
  if (!findFirefox()) apt('install', ID === 'debian' ? 'firefox-esr' : 'firefox')
  if (probeAdapter()) return
  apt('install', 'libvulkan1', 'mesa-vulkan-drivers')
  if (probeAdapter() || ID !== 'debian' || !codename) return
  // Debian 12's own Mesa is 22.3, which Dawn refuses; its backports have 25.
  const suite = `${codename}-backports`
  if (!aptKnows(suite)) {
    const source = debianSource(codename)
    if (!source) {
      console.log(`No source of ${codename} found under /etc/apt, so its backports cannot be added beside it.`)
      return
    }
    writeFileSync('/etc/apt/sources.list.d/glasshouse-backports.list', backportsLine(source, suite))
    apt('update', '-qq')
  }
  apt('install', '-t', suite, 'mesa-vulkan-drivers')
}

/**
 * @param {'update' | 'install'} command
 * @param {string[]} args
 */
function apt(command, ...args) {
  const flags = command === 'install' ? ['-y', '-qq', '--no-install-recommends'] : []
  console.log(`apt-get ${[command, ...args].join(' ')} …`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const { status } = spawnSync('apt-get', [command, ...flags, ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) console.log(`apt-get ${command} ended with status ${status}; the lines above say why.`)
}

/** @param {string} suite */
function aptKnows(suite) {
  return spawnSync('apt-cache', ['policy']).stdout.toString().includes(`n=${suite}`)
}

/**
 * The mirror, and its signing options, from which this machine gets a Debian release: from a one-line source or a stanza.
 * @param {string} codename
 * @returns {{ address: string, signedBy: string | undefined } | null}
 */
function debianSource(codename) {
  const folder = '/etc/apt/sources.list.d'
  const files = [
    ...(existsSync(folder) ? readdirSync(folder).map((name) => `${folder}/${name}`) : []),
    '/etc/apt/sources.list',
  ].filter((file) => /\.(list|sources)$/.test(file) && existsSync(file))
  for (const file of files) {
    const found = parseSources(readFileSync(file, 'utf8'), codename)
    if (found) return found
  }
  return null
}

/**
 * Finds a release's mirror in the text of a sources file, in either of apt's two formats (sources.list(5)).
 * @param {string} text
 * @param {string} codename
 * @returns {{ address: string, signedBy: string | undefined } | null}
 */
export function parseSources(text, codename) {
  for (const line of text.split('\n')) {
    const parts = line.match(/^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s/)
    if (parts?.[2] && parts[3] === codename)
      return { address: parts[2], signedBy: parts[1]?.match(/signed-by=(\S+)/i)?.[1] }
  }
  for (const stanza of text.split(/\n\s*\n/)) {
    /** @param {string} name */
    const field = (name) => stanza.match(new RegExp(`^${name}:[ \\t]*(.+)$`, 'im'))?.[1]?.trim()
    const address = field('URIs')?.split(/\s+/)[0]
    const isDeb = field('Types')?.split(/\s+/).includes('deb')
    if (address && isDeb && field('Enabled') !== 'no' && field('Suites')?.split(/\s+/).includes(codename))
      return { address, signedBy: field('Signed-By')?.match(/^\/\S+/)?.[0] }
  }
  return null
}

/**
 * A one-line source for a suite at the same mirror.
 * @param {{ address: string, signedBy: string | undefined }} source
 * @param {string} suite
 */
export function backportsLine({ address, signedBy }, suite) {
  return `deb ${signedBy ? `[signed-by=${signedBy}] ` : ''}${address} ${suite} main\n`
}
