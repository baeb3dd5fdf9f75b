// The order of test files: the longest first, so that no worker is left alone with one at the end.
import { BaseSequencer } from 'vitest/node'

/**
 * About the seconds that the longest files take, two at a time, with nothing in Mesa's shader cache; any other takes less. Only their order counts.
 * @type {Record<string, number>}
 */
export const SECONDS = {
  'test/e2e/torture.test.ts': 146,
  'test/ops/matmul.test.ts': 113,
  'test/ops/flash_attention.test.ts': 106,
  'test/e2e/smooth.test.ts': 85,
  'test/e2e/training.test.ts': 84,
  'test/train/trainer.test.ts': 81,
  'test/e2e/answers.test.ts': 80,
  'test/headless/commands.test.ts': 76,
  'test/e2e/token_stage.test.ts': 76,
  'test/e2e/page.test.ts': 70,
  'test/e2e/recipe.test.ts': 70,
  'test/parity_largest.test.ts': 65,
  'test/e2e/firefox.test.ts': 60,
  'test/presets/promised.test.ts': 60,
  'test/e2e/data.test.ts': 55,
  'test/cpu/model.test.ts': 53,
  'test/ops/sample.test.ts': 50,
  'test/parity.test.ts': 50,
  'test/share/formats/mutations.test.ts': 40,
  'test/e2e/share.test.ts': 46,
  'test/e2e/resume.test.ts': 50,
  'test/train/session.test.ts': 48,
  'test/parity_variants.test.ts': 46,
  'test/data/collect/collect.test.ts': 44,
  'test/data/prepare/pii.test.ts': 41,
  'test/train/decoder.test.ts': 40,
  'test/e2e/hidden.test.ts': 40,
  'test/headless/start.test.ts': 39,
  'test/ops/layernorm.test.ts': 35,
  'test/e2e/doctor.test.ts': 35,
  'test/worker/tokenizer_bench.test.ts': 32,
  'test/torture/small.test.ts': 30,
  'test/worker/device_lost.test.ts': 30,
  'test/data/collect/read_text.test.ts': 30,
  'test/train/frozen.test.ts': 28,
  'test/gpu/autotune.test.ts': 28,
  'test/share/link/mutations.test.ts': 15,
  'test/e2e/demo.test.ts': 25,
  'test/e2e/runs.test.ts': 25,
  'test/ops/matmul_subgroup.test.ts': 25,
  'test/data/prepare/clean.test.ts': 27,
  'test/worker/lab.test.ts': 27,
  'test/cpu/gradients.test.ts': 25,
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
