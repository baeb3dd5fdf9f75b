// Bundles what a demo is made with (src/share/demo), small, as texts: the player of the single HTML file with the hashes that its policy names, and
// the embed with its types. Vite puts both beside the page, `npm run export` beside its program. Plain Node: Vite's configuration imports it.
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { ROOT } from './packages.mjs'

const FOLDER = `${ROOT}src/share/demo/`

/** @type {import('esbuild').Plugin} WGSL as text, without its comments. */
const bareShaders = {
  name: 'bare-shaders',
  setup({ onLoad }) {
    onLoad({ filter: /\.wgsl$/ }, ({ path }) => ({
      contents: readFileSync(path.replace(/\?.*$/, ''), 'utf8')
        .replace(/\s*\/\/.*$/gm, '')
        .replace(/^\s+/gm, ''),
      loader: 'text',
    }))
  },
}

/** @param {string} entry @returns {Promise<string>} */
async function bundled(entry) {
  const { build } = await import('esbuild')
  const { outputFiles } = await build({
    entryPoints: [FOLDER + entry],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    charset: 'utf8',
    legalComments: 'none',
    plugins: [bareShaders],
  })
  return outputFiles[0]?.text.trim() ?? ''
}

/** @param {string} text */
const hashOf = (text) => `sha256-${createHash('sha256').update(text).digest('base64')}`

/** The two as objects: `page` is a `Player`, `embed` an `Embed` (src/share/demo/html.ts). */
export async function bundleDemo() {
  const [script, style, embed] = await Promise.all([bundled('page.ts'), bundled('page.css'), bundled('embed.ts')])
  return {
    page: { script, style, script_hash: hashOf(script), style_hash: hashOf(style) },
    embed: { script: embed, types: readFileSync(`${FOLDER}model.d.ts`, 'utf8') },
  }
}

/** Writes them into a folder as `page.json` and `embed.json`. @param {string} folder */
export async function writeDemoBundle(folder) {
  const { page, embed } = await bundleDemo()
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}/page.json`, JSON.stringify(page))
  writeFileSync(`${folder}/embed.json`, JSON.stringify(embed))
}
