// Two projects: `unit` runs in Node (kernels on Dawn), `e2e` drives the built page in Chromium and needs `npm run build` first.
// Processes, not threads: Dawn lives once a process, and the Vulkan loader reads the process's own environment.
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    reporters: ['default'],
    projects: [
      {
        plugins: [svelte({ configFile: false })],
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**', '**/node_modules/**'],
          testTimeout: 300_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          expect: { poll: { timeout: 45_000 } },
          testTimeout: 300_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})
