// The order of test files: the longest first, so that no worker is left alone with one at the end.
import { BaseSequencer } from 'vitest/node'

/**
 * About the CPU seconds of the longest files, with nothing in Mesa's shader cache; any other takes less. Only their order counts.
 * @type {Record<string, number>}
 */
export const SECONDS = {
  'test/ops/matmul.test.ts': 139,
  'test/ops/flash_attention.test.ts': 135,
  'test/train/trainer.test.ts': 88,
  'test/parity_largest.test.ts': 84,
  'test/presets/promised.test.ts': 80,
  'test/parity.test.ts': 65,
  'test/headless/commands.test.ts': 64,
  'test/parity_variants.test.ts': 60,
  'test/train/session.test.ts': 51,
  'test/train/decoder.test.ts': 40,
  'test/worker/device_lost.test.ts': 40,
  'test/ops/sample.test.ts': 30,
  'test/train/benchmark.test.ts': 20,
  'test/worker/tokenizer_bench.test.ts': 20,
  'test/e2e/page.test.ts': 133,
  'test/e2e/token_stage.test.ts': 89,
  'test/e2e/data.test.ts': 83,
  'test/e2e/training.test.ts': 75,
  'test/e2e/recipe.test.ts': 72,
  'test/e2e/resume.test.ts': 59,
  'test/e2e/answers.test.ts': 59,
  'test/e2e/doctor.test.ts': 57,
  'test/e2e/smooth.test.ts': 56,
  'test/e2e/hidden.test.ts': 40,
  'test/e2e/bench.test.ts': 30,
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
