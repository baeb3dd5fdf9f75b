// The order of test files: the longest first, so that no worker is left alone with one at the end.
import { BaseSequencer } from 'vitest/node'

/**
 * Seconds of CPU time that the longest files took, rounded, with nothing in Mesa's shader cache; any other takes less. Only their order
 * counts.
 * @type {Record<string, number>}
 */
export const SECONDS = {
  'test/ops/matmul.test.ts': 130,
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
