// `npm run train | parity | bench | record | pii | kernel | inspect | export -- FLAGS`: bundles src/headless/NAME.ts with its shaders into one file and runs it in this
// process; `npm run torture` likewise, which stands among the tests. Shaders come in as text (`import … from './x.wgsl?raw'`: esbuild looks past the query, as Vite does).
import { pathToFileURL } from 'node:url'
import { writeDemoBundle } from './demo_bundle.mjs'
import { ensurePackages, ROOT } from './packages.mjs'

const NAMES = ['train', 'parity', 'bench', 'record', 'pii', 'kernel', 'inspect', 'export', 'torture']
const [name = '', ...flags] = process.argv.slice(2)
if (!NAMES.includes(name)) {
  console.error(`Which command? One of: ${NAMES.join(', ')}.`)
  process.exit(2)
}
ensurePackages()
const { build } = await import('esbuild')
const outdir = `${ROOT}node_modules/.cache/glasshouse`
const outfile = `${outdir}/${name}.mjs`
await build({
  // Beside the command, what its other threads run.
  entryPoints: [
    `${ROOT}${name === 'torture' ? 'test/torture' : 'src/headless'}/${name}.ts`,
    `${ROOT}src/headless/shard_thread.ts`,
  ],
  outdir,
  entryNames: '[name]',
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  // Dawn is native; pdf.js is large, and loaded only on a PDF; the last two are tools of tests that look for files of their own.
  external: ['webgpu', 'pdfjs-dist', 'playwright-core', 'vitest'],
  loader: { '.wgsl': 'text', '.txt': 'text', '.py': 'text' },
  sourcemap: 'inline',
  logLevel: 'warning',
  // CommonJS packages inside the bundle call require().
  banner: { js: "import{createRequire as __cr}from'module';const require=__cr(import.meta.url);" },
})
// What a demo is made with, beside the program.
if (name === 'export') await writeDemoBundle(`${outdir}/demo`)
process.argv = [process.execPath, outfile, ...flags]
await import(pathToFileURL(outfile).href)
