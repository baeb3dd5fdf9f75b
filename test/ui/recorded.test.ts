// The recorded run that ships with the page is a whole run of the preset that the page opens with, not of an older one.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { configFor, DEFAULT_PRESET } from '../../src/presets'
import { parseRecordedRun } from '../../src/ui/recorded'

const { config, history, ladder, note } = parseRecordedRun(JSON.parse(readFileSync('public/recorded_run.json', 'utf8')))

test('it was made with the preset that the page opens with', () => {
  expect(config).toEqual(configFor(DEFAULT_PRESET.config, config.vocab_size))
  expect(note).toContain(`seed ${config.seed}`)
})

test('it goes from the first step to the last, measured and sampled at each interval, and learned', () => {
  const { max_iters, eval_interval } = config
  const measured = Array.from({ length: max_iters / eval_interval + 1 }, (_, i) => i * eval_interval)
  expect([history.steps[0]?.step, history.steps.at(-1)?.step]).toEqual([1, max_iters])
  expect(history.evals.map(({ step }) => step)).toEqual(measured)
  expect(history.samples.map(({ step }) => step)).toEqual(measured)
  expect(history.evals[0]?.val_loss).toBeCloseTo(Math.log(config.vocab_size), 1)
  // Two letters of memory by step 500, as the preset promises, and three in the end, almost.
  expect(history.evals.at(-1)?.val_loss).toBeLessThan(ladder?.[3] ?? 0)
})

test('what is no recorded run is refused', () => {
  expect(() => parseRecordedRun({ name: 'x', config, note, ladder, history: { steps: [] } })).toThrow(
    /not a recorded run/,
  )
})
