// What the loss doctor says of each of its findings: a name, a sentence with the numbers, a sentence why, and a button.
import { expect, test } from 'vitest'
import type { Finding, Fix } from '../../../src/words/doctor'
import { m } from '../../../src/ui/messages'

const slower: Fix = { do: 'change', change: { learning_rate: 3e-3, min_lr: 3e-4 } }
const fresh: Fix = { do: 'restart', change: { learning_rate: 3e-3, min_lr: 3e-4, warmup_iters: 100 } }
const FINDINGS: [Finding, RegExp, string | null][] = [
  [
    { rule: 'not_finite', step: 30, learning_rate: 1e-2, fix: fresh },
    /^At step 30 .* of 0\.01\.$/,
    'Restart with learning rate 0.003 and warm-up 100',
  ],
  [
    { rule: 'first_loss', step: 0, loss: 6.3, uniform: 4.17, fix: { do: 'restart', change: {} } },
    /6\.30 nats a character; .* 4\.17\.$/,
    'Restart with fresh weights',
  ],
  [
    { rule: 'spike', step: 600, from: 1.9, to: 3.1, recovered: null, fix: slower },
    /from 1\.90 to 3\.10 nats a character, and stays/,
    'Set learning rate 0.003 now',
  ],
  [
    { rule: 'spike', step: 600, from: 1.9, to: 3.1, recovered: 640, fix: { do: 'change', change: { grad_clip: 1 } } },
    /was back at step 640\.$/,
    'Set gradient clip 1 now',
  ],
  [
    {
      rule: 'overfitting',
      step: 1000,
      best: 1.9,
      best_step: 500,
      loss: 2.3,
      train_before: 1.8,
      train: 1.4,
      fix: { do: 'best', step: 500 },
    },
    /at step 500, 1\.90 nats a character, and is 2\.30 now, while training fell from 1\.80 to 1\.40\.$/,
    'Open the best checkpoint, step 500',
  ],
  [
    { rule: 'memorised', step: 600, train: 0.3, loss: 2.2, passes: 30.7, fix: { do: 'text' } },
    /0\.30 nats a character, validation at 2\.20, after reading the text 31 times\.$/,
    'Choose more text',
  ],
  [
    { rule: 'tiny_corpus', step: 400, tokens: 20_000, params: 27_840, passes: 20.4, fix: { do: 'text' } },
    /27\.8K parameters for 20,000 tokens, and has read them 20 times\.$/,
    'Choose more text',
  ],
  [
    { rule: 'tiny_corpus', step: 1, tokens: 500, params: 27_840, passes: 1, fix: { do: 'text' } },
    /for 500 tokens\.$/,
    'Choose more text',
  ],
  [
    { rule: 'stuck', step: 1000, rung: 2, nats: 2.49, loss: 2.51, since: 600, reach: 1.67, fix: { do: 'model' } },
    /Since step 600 .* 2\.51 nats a character: “1 letter of memory”, 2\.49, while counting further reaches 1\.67\.$/,
    'Make the model larger',
  ],
  [
    { rule: 'update_ratio', step: 300, side: 'small', ratio: 3e-5, learning_rate: 1e-6, fix: null },
    /by 3e−5 of their length, at a learning rate of 1e−6\.$/,
    null,
  ],
  [
    { rule: 'slow', step: 850, before_ms: 50, now_ms: 125, seconds: 31, fix: null },
    /^A step took 50 ms; for 35 seconds now it has taken 125 ms\.$/,
    null,
  ],
]

const nats = { reads: 'char', loss: m.hundredths, unit: 'nats a character' } as const
const bits = { reads: 'bpe', loss: (nats: number) => (nats / 2).toFixed(2), unit: 'bits a byte' } as const

test.each(FINDINGS)('%o', (finding, evidence, button) => {
  const told = m.doctor.describe(finding, nats)
  expect(told.evidence).toMatch(evidence)
  for (const text of Object.values(told)) expect(text).not.toMatch(/undefined|NaN|null|\[object/)
  expect(finding.fix && m.doctor.fix(finding.fix, false)).toBe(button)
})

test('letters are spoken of only where tokens are characters', () => {
  const stuck: Finding = { rule: 'stuck', step: 9, rung: 2, nats: 2.49, loss: 2.51, since: 6, reach: 1.67, fix: null }
  expect(m.doctor.describe(stuck, bits).evidence).toContain('“1 token of memory”')
  expect(m.train.rung(1, 'byte')).toBe('Knowing how frequent each byte is')
})

test('losses are told in the unit of the chart', () =>
  expect(m.doctor.describe(FINDINGS[1]![0], bits).evidence).toMatch(/3\.15 bits a byte; .* 2\.08\.$/))

test('of a run that has stopped, the button goes on with it', () =>
  expect(m.doctor.fix(slower, true)).toBe('Continue with learning rate 0.003'))
