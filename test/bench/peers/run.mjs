// Runs a peer in this process: `node run.mjs NAME FOLDER [BACKEND]`, in this folder. Bundles it first, as a page would, because TensorFlow.js
// has its gradients only in files that Node does not read by itself.
import { build } from 'esbuild'
import { pathToFileURL } from 'node:url'

const [name = ''] = process.argv.splice(2, 1)
const outfile = `node_modules/.cache/${name}.mjs`
await build({
  entryPoints: [`${name}.mjs`],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  mainFields: ['module', 'main'],
  external: ['webgpu'],
  logLevel: 'error',
  // CommonJS packages inside the bundle call require() and ask where they lie.
  banner: {
    js: "import{createRequire as __cr}from'module';const require=__cr(import.meta.url),__dirname=import.meta.dirname;",
  },
})
await import(pathToFileURL(outfile).href)
