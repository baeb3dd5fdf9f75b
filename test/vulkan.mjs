// Which Vulkan driver the tests compute on: Mesa's lavapipe where it is installed, so that they give the same numbers on
// every machine, else what the machine itself offers. Plain JavaScript: the set-up needs it before packages are there.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'

const FOLDERS = ['/usr/share/vulkan/icd.d', '/usr/local/share/vulkan/icd.d', '/etc/vulkan/icd.d']

/** What to do where there is no adapter; the end of every message about it. */
export const HOW_TO_GET_AN_ADAPTER =
  'WebGPU in Node needs a Vulkan driver: a GPU with its own, or Mesa 25 or newer for its software driver (lavapipe). ' +
  'On Debian 12: apt install libvulkan1, then apt install -t bookworm-backports mesa-vulkan-drivers; on Debian 13, Ubuntu ' +
  '24.04 and newer: apt install libvulkan1 mesa-vulkan-drivers; on Fedora: dnf install vulkan-loader mesa-vulkan-drivers. ' +
  'macOS and Windows need nothing.'

/** The environment that makes the Vulkan loader take lavapipe alone; empty where a driver is named already or there is none. */
export function lavapipe() {
  if (process.env.VK_DRIVER_FILES || process.env.VK_ICD_FILENAMES) return {}
  for (const folder of FOLDERS) {
    if (!existsSync(folder)) continue
    const file = readdirSync(folder).find((name) => /^lvp_icd.*\.json$/.test(name))
    // Loaders before 1.3.207 know only the older name.
    if (file) return { VK_DRIVER_FILES: `${folder}/${file}`, VK_ICD_FILENAMES: `${folder}/${file}` }
  }
  return {}
}

const PROBE = `
import { create } from 'webgpu'
const gpu = create([])
const adapter = await gpu.requestAdapter()
if (adapter) console.log(adapter.info.description || adapter.info.device || adapter.info.vendor)
`

/** The adapter that the tests will get, in words, or null. Asks in a process of its own, with today's drivers. */
export function probeAdapter() {
  try {
    const flags = ['--input-type=module', '--eval', PROBE]
    const env = { ...process.env, ...lavapipe() }
    const cwd = new URL('..', import.meta.url)
    return (
      execFileSync(process.execPath, flags, { cwd, env, stdio: ['ignore', 'pipe', 'ignore'] })
        .toString()
        .trim() || null
    )
  } catch {
    return null
  }
}
