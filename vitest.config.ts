// Three projects: `unit` runs in Node (kernels on Dawn), `presets` trains the two longest runs there, and `e2e` drives the built page in
// Chromium and Firefox and needs `npm run build` first.
// Processes, not threads: Dawn lives once a process, and the Vulkan loader reads the process's own environment.
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/longest_first.mjs'

/** Limits that only a hang reaches: no test fails because a machine is busy. */
const HANG_MS = 2_400_000
const patient = { testTimeout: HANG_MS, hookTimeout: HANG_MS }
const setupFiles = ['test/equal_bytes.ts']
/** Of a wait for one thing inside a test. */
const poll = { timeout: 300_000 }
const WHOLE_RUNS = 'test/presets/whole_*.test.ts'

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    reporters: ['default'],
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        plugins: [svelte({ configFile: false })],
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**', WHOLE_RUNS, '**/node_modules/**'],
          expect: { poll },
          // Kernels run a few times here: llvmpipe's optimiser takes longer on each than it saves, and wide vectors take twice as long to
          // compile. Mesa reads both when it is loaded.
          env: { GALLIVM_PERF: 'nopt', LP_NATIVE_VECTOR_WIDTH: '128' },
          setupFiles,
          ...patient,
        },
      },
      { test: { name: 'presets', include: [WHOLE_RUNS], setupFiles, ...patient } },
      { test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'], expect: { poll }, setupFiles, ...patient } },
    ],
  },
})
