// `npm start`: from a fresh clone to the page in a browser. Installs packages, builds, serves dist/ and opens its address.
//   npm start -- [--no-open] [--port N]
import { spawn } from 'node:child_process'
import { parseArgs } from 'node:util'
import { ensurePackages, ROOT } from './packages.mjs'

function readFlags() {
  try {
    const { values } = parseArgs({
      options: { 'no-open': { type: 'boolean' }, port: { type: 'string', default: '4173' } },
    })
    const port = Number(values.port)
    if (!Number.isInteger(port) || port < 1 || port > 65535)
      throw new Error(`--port ${values.port} is not a port number`)
    return { port, open: !values['no-open'] }
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\nUsage: npm start -- [--no-open] [--port N]`)
    return process.exit(2)
  }
}

/**
 * Opens an address in the desktop's browser; where there is no desktop, the printed address has to do.
 * @param {string} address
 */
function openInBrowser(address) {
  const { platform, env } = process
  if (platform === 'linux' && !env.DISPLAY && !env.WAYLAND_DISPLAY) return
  const [command = '', ...args] =
    platform === 'darwin' ? ['open'] : platform === 'win32' ? ['cmd', '/c', 'start', '""'] : ['xdg-open']
  const child = spawn(command, [...args, address], { stdio: 'ignore', detached: true })
  child.on('error', () => console.log('No browser could be opened from here: open the address above yourself.'))
  child.unref()
}

const flags = readFlags()
ensurePackages()
const { build, preview } = await import('vite')
await build({ root: ROOT, logLevel: 'warn' })
const server = await preview({
  root: ROOT,
  logLevel: 'warn',
  preview: { port: flags.port, strictPort: false, open: false },
})
const address = server.resolvedUrls?.local[0] ?? `http://localhost:${flags.port}/`
console.log(`\n  Glasshouse is at  ${address}\n  Ctrl-C stops it.\n`)
if (flags.open) openInBrowser(address)
