// Times, sizes and rates as a person reads them, and the sentence under the chart.
import { describe, expect, it } from 'vitest'
import {
  age,
  clock,
  codePoints,
  hundredths,
  loss,
  percent,
  plural,
  rate,
  seconds,
  spanInWords,
} from '../../src/ui/format'
import { m } from '../../src/ui/messages'

describe('messages', () => {
  it('says how long ago a save was, in one unit', () => {
    expect([0, 2.9, 59.9, 60, 3599, 3600, 86_399, 86_400, 200_000].map(age)).toEqual([
      ...['0 s ago', '2 s ago', '59 s ago', '1 min ago', '59 min ago'],
      ...['1 h ago', '23 h ago', '1 day ago', '2 days ago'],
    ])
  })

  it('says how long a first step took, and how much of it was compiling where it was', () => {
    const after = m.device.firstStepAfter
    expect(after({ ms: 2140, compile_ms: 1600 })).toBe('after 2.1 sec, 1.6 sec of it compiling kernels')
    expect(after({ ms: 300, compile_ms: 3 })).toBe('after 0.3 sec')
  })
})

describe('format', () => {
  it('promises in round numbers', () => {
    expect([0.2, 4.1, 12, 88, 91, 240, 3500, 3620, 7000, 200_000].map(spanInWords)).toEqual([
      '1 second',
      '5 seconds',
      '15 seconds',
      '90 seconds',
      '2 minutes',
      '4 minutes',
      '58 minutes',
      '1 hour',
      '1 hour 55 minutes',
      '2 days',
    ])
  })

  it('counts down on a clock', () => {
    expect([0, 9.6, 61, 3599, 3753].map(clock)).toEqual(['0:00', '0:10', '1:01', '59:59', '1:02:33'])
  })

  it('names spans, shares, rates and counts', () => {
    expect([80, 2140, 61_000].map(seconds)).toEqual(['0.1 sec', '2.1 sec', '61 sec'])
    expect([0, 0.0012, 0.17, 1].map(percent)).toEqual(['0%', '0.12%', '17%', '100%'])
    expect([0, 0.001, 3e-5, 0.00497, 10000].map(rate)).toEqual(['0', '0.001', '3e−5', '0.00497', '10,000'])
    expect(rate(9.703665371192981e-4)).toBe('9.7e−4')
    expect([plural(1, 'run', 'runs'), plural(1200, 'run', 'runs')]).toEqual(['1 run', '1,200 runs'])
  })

  it('keeps a loss short, even one that has blown up', () => {
    expect([0, 1.9204, 99.5, 11985.63, NaN].map(loss)).toEqual(['0.000', '1.920', '99.500', '12K', 'NaN'])
    expect([1.9204, 100, -2000].map(hundredths)).toEqual(['1.92', '100', '-2K'])
  })

  it('counts characters, not halves of them', () => {
    expect(['', 'abc', 'a🐋b', 'é\n'].map(codePoints)).toEqual([0, 3, 3, 2])
  })
})

describe('the sentence under the chart', () => {
  const char = { reads: 'char', bytes_per_token: null } as const
  it('says bits a byte where they are known, and what the tokens are', () => {
    const pairs = { reads: 'bpe', bytes_per_token: 2.5, uniform: 6, held: true, step: 9, loss: 3 } as const
    expect(m.train.sentence({ ...pairs, ladder: [6, 4, 2] })).toBe(
      'Step 9: validation 3.00 nats a token, 1.73 bits a byte (perplexity 20.1). Better than knowing how frequent each token is, not yet as good as 1 token of memory.',
    )
  })
  it('says what a loss means', () => {
    const uniform = Math.log(65)
    expect(m.train.sentence({ step: 840, loss: 1.92, held: true, uniform, ladder: null, ...char })).toBe(
      'Step 840: validation 1.92 nats a character (perplexity 6.82). It is as unsure as if it chose among 6.82 equally likely characters; blind guessing would be 65.',
    )
    expect(m.train.sentence({ step: 0, loss: 4.17, held: true, uniform, ladder: null, ...char })).toContain(
      'still guesses blindly',
    )
  })
  it('compares with what counting letters reaches', () => {
    // Tiny Shakespeare's.
    const ladder = [4.17, 3.35, 2.49, 2.05, 1.77, 1.67]
    const at = (loss: number) =>
      m.train.sentence({ step: 9, loss, held: true, uniform: 4.17, ladder, ...char }).replace(/^.*\)\. /, '')
    expect(at(3.5)).toBe('Better than blind guessing, not yet as good as knowing how frequent each letter is.')
    expect(at(2.49)).toBe('Better than knowing how frequent each letter is, not yet as good as 1 letter of memory.')
    expect(at(1.92)).toBe('Better than 2 letters of memory, not yet as good as 3 letters of memory.')
    expect(at(1.5)).toBe('Better than 4 letters of memory, which is as far as was counted.')
    // A long memory may be worse than a short one, where the text is short.
    expect(m.train.compared(2.2, [4, 3.2, 2.4, 2.1, 2.3])).toContain('1 letter of memory, not yet as good as 2')
  })
})
