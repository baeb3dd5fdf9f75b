// Byte pairs: what is learned equals the plainest way of learning it and Hugging Face's reading of it; any text survives.
import { readFileSync } from 'node:fs'
import { Tokenizer as HuggingFace } from '@huggingface/tokenizers'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bpeTokenizer, learningBpe } from '../../../src/data/tokenize/bpe'
import { atOnce } from '../../../src/paced'
import { SPECIAL } from '../../../src/words/tokens'

const shakespeare = readFileSync('test/fixtures/tinyshakespeare.txt', 'utf8')
const PIECE = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu

/** Counts all pairs anew for each merge: by id, the most frequent, then the smaller pair. */
function naive(text: string, merges: number): [string, string][] {
  const start = bpeTokenizer(atOnce(learningBpe('', 256)).state)
  const names = [...start.state.vocab]
  const words = (text.match(PIECE) ?? []).map((piece) => [...start.encode(piece).ids])
  const learned: [string, string][] = []
  for (let m = 0; m < merges; m++) {
    const counts = new Map<string, number>()
    for (const word of words)
      for (let i = 1; i < word.length; i++) {
        const pair = `${word[i - 1]} ${word[i]}`
        counts.set(pair, (counts.get(pair) ?? 0) + 1)
      }
    const ranked = [...counts].map(([pair, n]) => ({ n, pair: pair.split(' ').map(Number) as [number, number] }))
    ranked.sort((a, b) => b.n - a.n || a.pair[0] - b.pair[0] || a.pair[1] - b.pair[1])
    const best = ranked[0]
    if (!best || best.n < 2) break
    const [left, right] = best.pair
    learned.push([names[left]!, names[right]!])
    const joined = names.push(names[left]! + names[right]!) - 1
    for (const word of words)
      for (let i = 1; i < word.length; i++) if (word[i - 1] === left && word[i] === right) word.splice(i - 1, 2, joined)
  }
  return learned
}

describe('learningBpe', () => {
  test.each([
    ['verse', shakespeare.slice(0, 20_000), 200],
    ['runs of one letter, where places overlap', 'aaaa aaa aaaaa bbb aa '.repeat(9), 20],
    ['ties', 'ab cd ef ab cd ef gh', 8],
    ['many scripts', 'žluťoučký kůň 東京東京 שלום שלום 👩‍🚀👩‍🚀 '.repeat(4), 60],
  ])('learns the merges of counting anew each time: %s', (_, text, merges) => {
    const { state, counts } = atOnce(learningBpe(text, 256 + merges))
    expect(state.merges).toEqual(naive(text, merges))
    expect(counts).toHaveLength(state.merges!.length)
    expect(counts.every((n, i) => n >= 2 && (i === 0 || n <= counts[i - 1]!))).toBe(true)
  })
  test('keeps special tokens out of what it learns, and last', () => {
    const { state } = atOnce(
      learningBpe(`${SPECIAL.user}hello${SPECIAL.end}`.repeat(50), 300, [SPECIAL.user, SPECIAL.end]),
    )
    expect(state.special).toEqual([SPECIAL.user, SPECIAL.end])
    expect(state.vocab.slice(-2)).toEqual([SPECIAL.user, SPECIAL.end])
    expect(state.vocab.filter((token) => token.includes('|'))).toHaveLength(3) // the two, and the byte itself
    expect(bpeTokenizer(state).encode(`${SPECIAL.user}hello${SPECIAL.end}`).ids).toHaveLength(3)
  })
  test.each([255, 32_769, NaN])('refuses a vocabulary of %s', (size) => {
    expect(() => atOnce(learningBpe('text', size))).toThrow(/cannot be learned/)
  })
})

describe('bpeTokenizer', () => {
  const tokenizer = bpeTokenizer(atOnce(learningBpe(shakespeare.slice(0, 200_000), 1000)).state)

  test('gives back any text, with U+FFFD for half of a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(tokenizer.decode(tokenizer.encode(text).ids)).toBe(text.toWellFormed())
      }),
    )
    expect(tokenizer.decode(tokenizer.encode('a\ud800b').ids)).toBe('a\ufffdb')
  })
  test('reads as Hugging Face reads with the same merges', () => {
    const { vocab, merges } = tokenizer.state
    const file = {
      version: '1.0',
      added_tokens: [],
      normalizer: null,
      pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
      post_processor: null,
      decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
      model: { type: 'BPE', vocab: Object.fromEntries(vocab.map((token, id) => [token, id])), merges },
    }
    const theirs = new HuggingFace(file, {})
    for (const text of [shakespeare.slice(200_000, 260_000), "I'll  say:\n\n 東京 naïve 12 345 👩‍🚀"])
      expect([...tokenizer.encode(text).ids]).toEqual(theirs.encode(text).ids)
  })
  test('refuses merges that are not of the vocabulary', () => {
    const { state } = atOnce(learningBpe('aa aa', 257))
    expect(() => bpeTokenizer({ ...state, merges: [['a', 'b']] })).toThrow(/The file is damaged/)
  })
})
