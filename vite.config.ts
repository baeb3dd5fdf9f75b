// The build: one static page that works from any sub-path, with an ES-module worker. No cross-origin isolation is needed. Nothing is
// put into another file as a `data:` address, which the page's policy refuses.
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig, type Plugin } from 'vite'
import { demoFiles, serviceWorker } from './src/headless/page_files.mjs'

/** The development server puts styles into the page as text, so there the page's policy (index.html) lets them in. */
const looserPolicy: Plugin = {
  name: 'looser-policy',
  apply: 'serve',
  transformIndexHtml: (html) => html.replace("style-src 'self'", "$& 'unsafe-inline'"),
}

export default defineConfig({
  base: './',
  plugins: [svelte(), looserPolicy, demoFiles(), serviceWorker()],
  worker: { format: 'es' },
  // Another folder for a test of `npm start`, beside those that drive dist/.
  build: {
    outDir: process.env['GLASSHOUSE_DIST'] ?? 'dist',
    target: 'es2022',
    chunkSizeWarningLimit: 2000,
    assetsInlineLimit: 0,
  },
})
