// The recorded run that ships with the page is a whole run of the preset that the page opens with, not of an older one.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { loadCorpus } from '../../../src/data/made/corpora'
import { bytesPerToken, makeDataset } from '../../../src/data/dataset/dataset'
import { configFor, DEFAULT_PRESET } from '../../../src/presets'
import { StepColumns } from '../../../src/words/columns'
import { parseRecordedRun } from '../../../src/ui/state/recorded'

const { config, history, ladder, note, bytes_per_token, tokenizer } = parseRecordedRun(
  JSON.parse(readFileSync('public/recorded_run.json', 'utf8')),
)

test('it was made with the preset that the page opens with', () => {
  expect(config).toEqual(configFor(DEFAULT_PRESET.config, config.vocab_size))
  expect(note).toContain(`seed ${config.seed}`)
})

test('it goes from the first step to the last, measured and sampled at each interval, and learned', () => {
  const { max_iters, eval_interval } = config
  const measured = Array.from({ length: max_iters / eval_interval + 1 }, (_, i) => i * eval_interval)
  expect([history.steps.step[0], history.steps.step.at(-1)]).toEqual([1, max_iters])
  expect(history.evals.map(({ step }) => step)).toEqual(measured)
  expect(history.samples.map(({ step }) => step)).toEqual(measured)
  expect(history.evals[0]?.val_loss).toBeCloseTo(Math.log(config.vocab_size), 1)
  // Two letters of memory by step 500, as the preset promises, and three in the end, almost.
  expect(history.evals.at(-1)?.val_loss).toBeLessThan(ladder?.[3] ?? 0)
})

test('it says how much text a token stands for, as its text has it', async () => {
  const { text } = await loadCorpus('moby-dick', async (path) => readFileSync(`public/${path}`, 'utf8'))
  const { dataset } = await makeDataset(text, { name: '', licence: '' }, config.val_fraction)
  expect(tokenizer).toBe(dataset.tokenizer.state.kind)
  expect(config.vocab_size).toBe(dataset.tokenizer.vocab_size)
  expect(bytes_per_token).toBe(Number(bytesPerToken(dataset.tokenizer, dataset.val).toPrecision(4)))
})

test('what is no recorded run is refused', () => {
  const steps = [...StepColumns.of(history.steps).rows()]
  const whole = { name: 'x', config, tokenizer, bytes_per_token, note, ladder, history: { ...history, steps } }
  expect(parseRecordedRun(whole)).toEqual({ ...whole, history })
  for (const broken of [{ history: { steps: [] } }, { bytes_per_token: undefined }])
    expect(() => parseRecordedRun({ ...whole, ...broken })).toThrow(/not a recorded run/)
})
