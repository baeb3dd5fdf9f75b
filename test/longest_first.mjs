// The order of test files: the longest first, so that no worker is left alone with one at the end.
import { BaseSequencer } from 'vitest/node'

/**
 * About the seconds of the longest files on two busy cores, with nothing in Mesa's shader cache; any other takes less. Only their order counts.
 * @type {Record<string, number>}
 */
export const SECONDS = {
  'test/ops/matmul.test.ts': 500,
  'test/train/trainer.test.ts': 300,
  'test/ops/flash_attention.test.ts': 280,
  'test/parity.test.ts': 220,
  'test/parity_variants.test.ts': 160,
  'test/headless/commands.test.ts': 130,
  'test/presets/promised.test.ts': 120,
  'test/train/session.test.ts': 65,
  'test/train/decoder.test.ts': 65,
  'test/worker/device_lost.test.ts': 65,
  'test/ops/sample.test.ts': 33,
  'test/train/benchmark.test.ts': 25,
  'test/worker/tokenizer_bench.test.ts': 24,
}

/**
 * Of a file by its whole path.
 * @param {string} path
 */
export function weightOf(path) {
  return SECONDS[path.slice(path.lastIndexOf('/test/') + 1)] ?? 0
}

export class LongestFirst extends BaseSequencer {
  /**
   * @override
   * @param {import("vitest/node").TestSpecification[]} files
   */
  async sort(files) {
    const usual = await super.sort(files)
    return usual.toSorted((a, b) => weightOf(b.moduleId) - weightOf(a.moduleId))
  }
}
