// Tokenizers tried on a text: every choice reads as the tokenizer that a run would get, merges replay to what smaller vocabularies
// read, the curve counts what they count, and what cannot be is refused.
import { atOnce, macrotask } from '../../src/paced'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { learningBpe } from '../../src/data/tokenize/bpe'
import { writeDocuments } from '../../src/data/tokenize/chat_format'
import { learnTokenizer } from '../../src/data/tokenize/learn'
import { replay } from '../../src/data/tokenize/merge_replay'
import { tokenBytes, tokenizerOf } from '../../src/data/tokenize/tokenizers'
import { CancelledError, CorpusError, SupersededError } from '../../src/errors'
import { SPECIAL, type TokenizerChoice, spell, tokensAfter, vocabProblem } from '../../src/words/tokens'
import { tokenizerKey } from '../../src/worker/summary'
import { createRun, disk, openRun, progressOf, tab, TEXT, tiny } from './lab_env'
import { shortTurns } from './short_turns'

const PLAYS = readFileSync('test/fixtures/tinyshakespeare.txt', 'utf8')
const PLAY = PLAYS.slice(0, 200_000)
const CHOICES: TokenizerChoice[] = [
  { kind: 'char' },
  { kind: 'byte' },
  { kind: 'word', vocab_size: 512 },
  { kind: 'bpe', vocab_size: 256 },
  { kind: 'bpe', vocab_size: 700 },
]

async function on(text: string) {
  const { lab } = await tab(disk())
  await lab.data.loadText('text', text)
  return { lab, shelf: lab.data, bench: lab.tokens }
}
/** The generated support chats: conversations with role tokens. */
async function onChats() {
  const { lab } = await tab(disk())
  await lab.data.loadBuiltIn('support-chats')
  return { shelf: lab.data, bench: lab.tokens }
}

describe('a passage', () => {
  test.each(CHOICES)('$kind $vocab_size reads as the tokenizer that a run would get', async (choice) => {
    const { shelf, bench } = await on(PLAY)
    const passage = 'First Citizen: speak, naïve zebra — 東!'
    const reading = await bench.readPassage(choice, passage)
    await shelf.prepare({ clean: [], anonymise: null, split: { by: 'position' }, tokenizer: choice })
    const { tokenizer, tokens } = shelf.current.dataset
    const ids = reading.tokens.flatMap(({ id }) => (id === null ? [] : [id]))
    expect(ids).toEqual([...tokenizer.encode(passage).ids])
    expect(reading.vocab_size).toBe(tokenizer.vocab_size)
    expect(reading.counted.tokens).toBe(tokens.length)
    // Nothing of the passage is lost, known to the vocabulary or not.
    expect(spell(reading.tokens.flatMap(({ bytes }) => bytes))).toBe(passage)
    const lacks = reading.tokens.flatMap(({ id, bytes }) => (id === null ? [spell(bytes)] : []))
    expect([...new Set(lacks)].sort()).toEqual([...tokenizer.encode(passage).unknown].sort())
    expect([reading.words, reading.bytes]).toEqual([7, new TextEncoder().encode(passage).length])
  })

  test('what words leave out of the text is counted, and bytes leave out nothing', async () => {
    const { bench } = await on(PLAY)
    expect((await bench.readPassage({ kind: 'word', vocab_size: 512 }, 'a')).counted.left_out).toBeGreaterThan(10_000)
    const { counted } = await bench.readPassage({ kind: 'byte' }, 'a')
    expect(counted).toMatchObject({ left_out: 0, tokens: PLAY.length, bytes: PLAY.length, text_bytes: PLAY.length })
  })

  test('of a long text a sample is counted, and it says so', async () => {
    const { bench } = await on(PLAY.repeat(8))
    const { counted } = await bench.readPassage({ kind: 'byte' }, 'a')
    expect(counted.text_bytes).toBe(8 * PLAY.length)
    expect(counted.bytes).toBeLessThanOrEqual(1_000_000)
    expect(counted.bytes).toBeGreaterThan(990_000)
  })

  test('comes from any place of the text, whole lines first', async () => {
    const { bench } = await on(PLAY)
    for (const share of [0, 0.1, 0.5, 0.999, 1]) {
      const passage = await bench.passageAt(share)
      expect(passage.length).toBeGreaterThan(10)
      expect(PLAY.includes(passage), `at ${share}`).toBe(true)
    }
    expect(PLAY.startsWith(await bench.passageAt(0))).toBe(true)
  })

  test('another text is learned from anew', async () => {
    const { shelf, bench } = await on(PLAY)
    const before = await bench.readPassage({ kind: 'bpe', vocab_size: 300 }, 'xyxyxy')
    await shelf.loadText('other', 'xyxyxy '.repeat(500))
    const after = await bench.readPassage({ kind: 'bpe', vocab_size: 300 }, 'xyxyxy')
    expect(after.tokens.length).toBeLessThan(before.tokens.length)
    expect(after.tokens.length).toBe(1)
  })

  test('without a text, with too small or too large a vocabulary, it is refused with a way out', async () => {
    const { lab: empty } = await tab(disk())
    await expect(empty.tokens.readPassage({ kind: 'byte' }, 'a')).rejects.toThrow(CorpusError)
    const { bench } = await on(PLAY)
    for (const vocab_size of [255, 40_000, NaN, 300.5])
      for (const kind of ['word', 'bpe'] as const)
        await expect(bench.readPassage({ kind, vocab_size }, 'a')).rejects.toThrow(/whole number from 256 to 32,768/)
    expect(vocabProblem(256)).toBeNull()
    expect(vocabProblem(1e9)).toMatchObject({ fix: 32768 })
    expect(vocabProblem(100, 5)).toMatchObject({ fix: 261 })
  })
})

describe('merges', () => {
  test('replayed, any number of them reads what a vocabulary of that size reads', () => {
    const { state } = atOnce(learningBpe(PLAY, 1200))
    fc.assert(
      fc.property(
        fc.oneof(
          fc.integer({ min: 0, max: PLAY.length - 200 }).map((from) => PLAY.slice(from, from + 200)),
          fc.string({ unit: 'grapheme', maxLength: 60 }),
        ),
        fc.integer({ min: 0, max: 944 }),
        (passage, merges) => {
          const smaller = {
            ...state,
            vocab: state.vocab.slice(0, 256 + merges),
            merges: state.merges?.slice(0, merges),
          }
          const { bytes, gone } = replay(state, passage)
          const tokenizer = tokenizerOf(smaller)
          const spelled = Array.from(tokenizer.encode(passage).ids, (id) => spell([...tokenBytes(smaller, id)]))
          expect(tokensAfter({ bytes, gone }, merges).map(({ from, to }) => spell(bytes.slice(from, to)))).toEqual(
            spelled,
          )
        },
      ),
      { numRuns: 40, endOnFailure: true },
    )
  })

  test('are told in their order with their counts, which fall', async () => {
    const { bench } = await on(PLAY)
    const { left, right, count } = await bench.merges({ kind: 'bpe', vocab_size: 400 })
    const learned = atOnce(learningBpe(PLAY, 400))
    expect(left.length).toBe(144)
    expect(count).toEqual(learned.counts)
    expect(left[0]! + right[0]!).toBe(learned.state.vocab[256]?.replace('Ġ', ' '))
    const rank = 0
    const { bytes, gone } = await bench.replayMerges({ kind: 'bpe', vocab_size: 400 }, left[0]! + right[0]!)
    expect([bytes.length, gone[1]]).toEqual([2, rank])
  })

  test('the one that is the last is marked where it joined something', () => {
    const { state } = atOnce(learningBpe('ab ab ab abc abc abcd', 260))
    const first = state.merges?.findIndex(([a, b]) => a + b === 'ab') ?? -1
    const tokens = tokensAfter(replay(state, 'abx'), first + 1)
    expect(tokens.map(({ fresh }) => fresh)).toEqual([true, false])
    expect(tokensAfter(replay(state, 'abx'), first).some(({ fresh }) => fresh)).toBe(false)
  })

  test('of a file have no counts, and other tokenizers have none', async () => {
    const { bench } = await on(PLAY)
    const { state } = atOnce(learningBpe(PLAY, 300))
    expect((await bench.merges({ kind: 'given', state })).count).toBeNull()
    await expect(bench.merges({ kind: 'char' })).rejects.toThrow(/byte pairs/)
  })
})

describe('the curve', () => {
  test('counts what the tokenizer of each size counts, and ends where the text does', async () => {
    const { bench } = await on(PLAY)
    const curve = await bench.compressionCurve()
    expect(curve.slice(0, 4).map(({ vocab_size }) => vocab_size)).toEqual([256, 512, 1024, 2048])
    for (const { vocab_size, tokens, bytes } of curve) {
      const { counted } = await bench.readPassage({ kind: 'bpe', vocab_size }, '')
      expect([tokens, bytes]).toEqual([counted.tokens, counted.bytes])
    }
    expect(curve.at(-1)?.vocab_size).toBe(atOnce(learningBpe(PLAY, 32768)).state.vocab.length)
  })

  test('is dropped where another text comes meanwhile', async () => {
    // Words that hardly come twice: a second of counting.
    const word = (n: number) => Math.imul(n, 0x9e3779b1).toString(36).replace(/\d/g, 'x')
    const { shelf, bench } = await on(Array.from({ length: 80_000 }, (_, n) => word(n)).join(' '))
    const curve = expect(bench.compressionCurve()).rejects.toThrow(SupersededError)
    await new Promise((resolve) => setTimeout(resolve, 1))
    await shelf.loadText('other', PLAY)
    await curve
  })
})

describe('chats', () => {
  test('have role tokens, and the assistant’s tokens are marked', async () => {
    const { bench } = await onChats()
    const passage = await bench.passageAt(0.4)
    expect(passage.endsWith(SPECIAL.end_of_text)).toBe(true)
    const { tokens, special, missing } = await bench.readPassage({ kind: 'bpe', vocab_size: 512 }, passage)
    expect([special.length, missing.length]).toEqual([5, 0])
    const roles = tokens.filter((token) => token.special).map(({ bytes }) => spell(bytes))
    expect(roles).toContain(SPECIAL.assistant)
    const said = spell(tokens.filter(({ assistant }) => assistant).flatMap(({ bytes }) => bytes))
    const answers = passage.split(SPECIAL.assistant).slice(1)
    expect(said).toBe(answers.map((turn) => turn.slice(0, turn.indexOf(SPECIAL.end)) + SPECIAL.end).join(''))
    await expect(bench.readPassage({ kind: 'bpe', vocab_size: 256 }, '')).rejects.toThrow(/from 261/)
    const curve = await bench.compressionCurve()
    for (const point of curve.slice(0, 3)) {
      const { counted } = await bench.readPassage({ kind: 'bpe', vocab_size: point.vocab_size }, '')
      expect([point.tokens, point.bytes]).toEqual([counted.tokens, counted.bytes])
    }
  })

  test('a file without role tokens reads them as text, and that is said', async () => {
    const { bench } = await onChats()
    const text = writeDocuments([{ messages: [{ role: 'user', content: 'Hi' }] }])
    const state = atOnce(learningBpe(text.repeat(9), 300)).state
    const { missing, tokens } = await bench.readPassage({ kind: 'given', state }, text)
    expect(missing.length).toBe(5)
    expect(tokens.some((token) => token.special || token.assistant)).toBe(false)
  })
})

test('a tokenizer that was tried is not learned again for the very text that it was learned from', async () => {
  const { bench, shelf } = await on(PLAY)
  const choice: TokenizerChoice = { kind: 'bpe', vocab_size: 320 }
  expect(shelf.learned(PLAY, [], choice)).toBeUndefined()
  await bench.readPassage(choice, 'First')
  const known = shelf.learned(PLAY, [], choice)
  expect(known).toEqual(learnTokenizer(PLAY, choice, []))
  expect(shelf.learned(PLAY.toLowerCase(), [], choice)).toBeUndefined()
  expect(shelf.learned(PLAY, [SPECIAL.end], choice)).toBeUndefined()
  expect(shelf.learned(PLAY, [], { kind: 'bpe', vocab_size: 321 })).toBeUndefined()
  await shelf.prepare({ clean: [], anonymise: null, split: { by: 'position' }, tokenizer: choice })
  expect(shelf.current.dataset.tokenizer.state).toBe(known)
})

test('a tokenizer.json is written, read and used; another file is refused', async () => {
  const { bench, shelf } = await on(PLAY)
  const choice: TokenizerChoice = { kind: 'bpe', vocab_size: 320 }
  const given = await bench.readJson(await bench.writeJson(choice))
  const learned = learnTokenizer(PLAY, choice, [])
  expect(given).toEqual({ kind: 'given', state: learned })
  if (given.kind !== 'given') throw new Error('not given')
  expect(tokenizerKey(given.state)).toBe(tokenizerKey(learned))
  expect(tokenizerKey(given.state)).not.toBe(tokenizerKey(learnTokenizer(PLAY.slice(5000), choice, [])))
  const summary = await shelf.prepare({ clean: [], anonymise: null, split: { by: 'position' }, tokenizer: given })
  expect(summary).toMatchObject({ tokenizer: 'bpe', vocab_size: 320, tokenizer_key: tokenizerKey(learned) })
  await expect(bench.readJson('{"messages": []}')).rejects.toThrow(CorpusError)
  expect(JSON.parse(await bench.writeJson({ kind: 'char' }))).toMatchObject({
    pre_tokenizer: null,
    decoder: { type: 'Fuse' },
  })
})

test('the tokenizer in use can be looked at as it stands', async () => {
  const { bench, shelf } = await on(PLAY)
  await shelf.prepare({
    clean: [],
    anonymise: null,
    split: { by: 'position' },
    tokenizer: { kind: 'word', vocab_size: 300 },
  })
  const own = await bench.inUse()
  expect(own).toEqual({ kind: 'given', state: shelf.current.dataset.tokenizer.state })
  const { tokens, vocab_size, kind } = await bench.readPassage(own, 'First Citizen')
  expect([kind, vocab_size]).toEqual(['word', 300])
  expect(tokens.flatMap(({ id }) => (id === null ? [] : [id]))).toEqual([
    ...shelf.current.dataset.tokenizer.encode('First Citizen').ids,
  ])
})

test('a run knows how much text a token of it stands for, kept and opened again', async () => {
  const name = disk()
  const { lab } = await tab(name)
  const { preparation } = await lab.data.loadText('fox', TEXT)
  if (!preparation) throw new Error('no preparation')
  const bpe = { ...preparation, tokenizer: { kind: 'bpe', vocab_size: 270 } } as const
  const { vocab_size, tokenizer_key } = await lab.data.prepare(bpe)
  const { run } = await createRun(lab, { name: 'fox', config: { ...tiny, vocab_size }, prompt: 'the ' })
  expect(run.tokenizer_key).toBe(tokenizer_key)
  expect(run.bytes_per_token).toBeGreaterThan(1.5)
  const again = await tab(name)
  expect((await openRun(again.lab, run.id)).run.bytes_per_token).toBe(run.bytes_per_token)
})

describe('learning', () => {
  const BPE: TokenizerChoice = { kind: 'bpe', vocab_size: 1000 }
  const learning = async (text = PLAY) => {
    const opened = await on(text)
    shortTurns()
    return { ...opened, shares: () => progressOf(opened.lab, 'learning') }
  }

  test('lets others work meanwhile, says how far it is and when it is done', async () => {
    const { bench, shares } = await learning(PLAYS)
    let turns = 0
    let done = false
    const asked = Promise.all([bench.readPassage(BPE, 'a'), bench.merges(BPE), bench.compressionCurve()])
    void asked.finally(() => (done = true))
    for (; !done; turns++) await macrotask()
    expect(turns).toBeGreaterThan(100)
    const [, merges] = await asked
    expect(merges.count).toEqual(atOnce(learningBpe(PLAYS, 1000)).counts)
    expect(shares().at(-1)).toBeNull()
    const told = shares().filter((share) => share !== null)
    expect(told.length).toBeGreaterThan(2)
    expect(told.every((share) => share >= 0 && share <= 1)).toBe(true)
  })

  test('is called off for all who wait, and begins anew when asked again', async () => {
    const { lab, bench, shares } = await learning()
    const asked = Promise.allSettled([bench.readPassage(BPE, 'a'), bench.merges(BPE), bench.compressionCurve()])
    await macrotask()
    await lab.cancel('learning')
    for (const { status, ...rest } of await asked) {
      expect(status).toBe('rejected')
      expect(rest).toMatchObject({ reason: expect.any(CancelledError) as unknown })
    }
    expect(shares().at(-1)).toBeNull()
    expect((await bench.readPassage(BPE, 'a')).vocab_size).toBe(1000)
  })

  test('of a text that is no longer there has no answer', async () => {
    const { shelf, bench } = await learning(PLAYS)
    const asked = Promise.allSettled([bench.readPassage(BPE, 'a'), bench.merges(BPE), bench.writeJson(BPE)])
    await macrotask()
    await shelf.loadText('other', 'another text, another alphabet')
    for (const answer of await asked) expect(answer).toMatchObject({ reason: expect.any(SupersededError) as unknown })
    expect((await bench.readPassage({ kind: 'byte' }, 'abc')).tokens).toHaveLength(3)
  })
})
