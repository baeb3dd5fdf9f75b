// What the build puts beside the page: the bundles that demos are made with, and the service worker with the list of all files that it keeps.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative, resolve, sep } from 'node:path'
import { gzipSync } from 'node:zlib'
import { bundleDemo, writeDemoBundle } from './demo_bundle.mjs'
import { ROOT } from './packages.mjs'

/** What a first visit may keep, gzipped; what lies beyond is kept when it is first used. */
const LARGEST_KEPT = 5_000_000
/** Files that nobody who is offline needs at once, in the order in which they are left out. */
const ON_USE = [/\/pdf[\w.-]*\.js$/]
/** For those who look at the repository. */
const NEVER = /^(glasshouse\.png|service_worker\.js)$/

/**
 * The bundles of a demo, as files of the page. The page shows a demo before it is saved, in a frame under the page’s policy: that lets in the demo’s
 * script and style by their hashes.
 * @returns {import('vite').Plugin}
 */
export function demoFiles() {
  let folder = ''
  /** @type {ReturnType<typeof bundleDemo> | null} */
  let bundle = null
  return {
    name: 'demo-files',
    configResolved({ build }) {
      folder = resolve(ROOT, build.outDir)
    },
    async transformIndexHtml(html, { server }) {
      const { page } = await (server ? bundleDemo() : (bundle ??= bundleDemo()))
      const script = html.replace(/script-src [^;]*/, `$& '${page.script_hash}'`)
      // While developing, styles are let in as text, which a hash would take back.
      return server ? script : script.replace(/style-src [^;]*/, `$& '${page.style_hash}'`)
    },
    configureServer({ middlewares }) {
      middlewares.use((request, response, next) => {
        const [, name] = /\/demo\/(page|embed)\.json$/.exec(request.url ?? '') ?? []
        if (name !== 'page' && name !== 'embed') return next()
        bundleDemo().then((made) => response.end(JSON.stringify(made[name])), next)
      })
    },
    async writeBundle() {
      await writeDemoBundle(join(folder, 'demo'))
    },
  }
}

/** @returns {import('vite').Plugin} */
export function serviceWorker() {
  let folder = ''
  return {
    name: 'service-worker',
    apply: 'build',
    configResolved({ build }) {
      folder = resolve(ROOT, build.outDir)
    },
    // After everything else has been written.
    async closeBundle() {
      const files = keptFiles(folder)
      const { build } = await import('esbuild')
      const { outputFiles } = await build({
        entryPoints: [`${ROOT}src/offline/service_worker.ts`],
        bundle: true,
        minify: true,
        write: false,
        format: 'iife',
        target: 'es2022',
        define: { FILES: JSON.stringify(files.map(({ path, hash, onUse }) => [path, hash, onUse])) },
      })
      writeFileSync(join(folder, 'service_worker.js'), outputFiles[0]?.text ?? '')
      const kept = files.filter(({ onUse }) => !onUse).reduce((sum, { gzipped }) => sum + gzipped, 0)
      const later = files.filter(({ onUse }) => onUse).map(({ path }) => path)
      console.log(
        `Kept for use without a network: ${files.length - later.length} files, ${(kept / 1e6).toFixed(2)} MB gzipped` +
          (later.length > 0 ? `; when first used: ${later.join(', ')}` : ''),
      )
    },
  }
}

/**
 * Every file of a built page: its path, the beginning of its SHA-256, its size, and whether it waits for its first use.
 * @param {string} folder
 */
export function keptFiles(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => !NEVER.test(path))
    .sort()
    .map((path) => {
      const bytes = readFileSync(join(folder, path))
      const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 32)
      return { path, hash, gzipped: gzipSync(bytes, { level: 9 }).length, onUse: false }
    })
  const total = () => files.reduce((sum, { gzipped, onUse }) => sum + (onUse ? 0 : gzipped), 0)
  for (const pattern of ON_USE)
    if (total() > LARGEST_KEPT) for (const file of files) file.onUse ||= pattern.test(file.path)
  if (total() > LARGEST_KEPT)
    throw new Error(`The page keeps ${total()} bytes, more than ${LARGEST_KEPT}: name what can wait for its use.`)
  return files
}
