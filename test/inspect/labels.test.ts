// Labels of texts made by hand, read in the tokens of characters and of bytes.
import { expect, test } from 'vitest'
import { SCENARIOS } from '../../src/data/made/support_phrases'
import { SPECIAL_TOKENS } from '../../src/data/tokenize/chat_format'
import { supportChats } from '../../src/data/made/support_chats'
import { ANNOYED, moodOf, MOODS } from '../../src/data/made/support_moods'
import { tokenizerOf } from '../../src/data/tokenize/tokenizers'
import { labelling } from '../../src/inspect/labels'
import { CHARACTER_CLASSES, characterClass } from '../../src/words/characters'
import { PROBE_CLASSES, type ProbeLabel } from '../../src/words/look_parts'

function read(label: ProbeLabel, text: string) {
  const vocab = [...SPECIAL_TOKENS, ...new Set(text.replace(/<\|\w+\|>/g, ''))]
  const tokenizer = tokenizerOf({ kind: 'char', vocab, special: [...SPECIAL_TOKENS] })
  const { ids } = tokenizer.encode(text)
  const names: readonly string[] = PROBE_CLASSES[label]
  const of = (from: number, T: number) => Array.from(labelling(label, tokenizer)(ids, from, T), (k) => names[k] ?? '-')
  return { of, count: ids.length }
}

test('the class of the next character', () => {
  const { of } = read('next', 'aB3, é')
  expect(of(0, 6)).toEqual(['capital', 'digit', 'punctuation', 'space', 'letter', '-'])
  expect(of(2, 2)).toEqual(['punctuation', 'space'])
  expect(read('next', 'a<|end|>').of(0, 2)).toEqual(['-', '-'])
})

test('inside a word or at its end', () => {
  expect(read('word', 'at 4pm.').of(0, 7)).toEqual(['inside', 'end', '-', 'inside', 'inside', 'end', '-'])
})

const CHAT =
  '<|system|>Hi<|end|><|user|>You charged me $5.00 twice!<|end|><|assistant|>O<|end|><|endoftext|><|user|>Please cancel order 7.<|end|><|endoftext|>no'

test('who speaks, also where a window begins in the middle of a turn', () => {
  const { of, count } = read('speaker', CHAT)
  const all = of(0, count)
  expect(all.slice(0, 6)).toEqual(['system', 'system', 'system', 'system', 'user', 'user'])
  for (let from = 0; from < count; from += 3) expect(of(from, count - from)).toEqual(all.slice(from))
  expect(all.slice(-2)).toEqual(['-', '-'])
  expect(all.filter((who) => who === 'assistant')).toHaveLength(3)
  // What stands behind the end of a turn is nobody's.
  expect(read('speaker', '<|user|>a<|end|>bc').of(0, 5)).toEqual(['user', 'user', 'user', '-', '-'])
})

test('how the customer began, from the first turn of theirs to the end of the chat', () => {
  const { of, count } = read('mood', CHAT)
  const all = of(0, count)
  expect(all.slice(0, 5)).toEqual(['-', '-', '-', '-', 'annoyed'])
  expect(new Set(all)).toEqual(new Set(['-', 'annoyed', 'friendly']))
  expect(all.slice(-3)).toEqual(['-', '-', '-'])
  for (let from = 0; from < count; from += 3) expect(of(from, count - from)).toEqual(all.slice(from))
})

test('every chat of the corpus has its mood, whatever stands in the blanks and however carelessly', () => {
  const settings = { conversations: 300, details: 2, casual: 0.5 }
  const { documents } = supportChats(settings, 5)
  const moods = documents.map(({ messages }) => moodOf(messages.find(({ role }) => role === 'user')!.content))
  expect(moods).not.toContain(null)
  for (const mood of MOODS) expect(moods.filter((one) => one === mood).length, mood).toBeGreaterThan(30)
  expect(moodOf('something else')).toBe(null)
  const known = SCENARIOS.flatMap(({ openings }) => openings)
  expect(ANNOYED.filter((opening) => !known.includes(opening))).toEqual([])
  expect([...MOODS]).toEqual([...PROBE_CLASSES.mood])
})

test.each([
  ['x', 'letter'],
  ['ß', 'letter'],
  ['Ä', 'capital'],
  ['7', 'digit'],
  ['—', 'punctuation'],
  ['$', 'punctuation'],
  ['\n', 'space'],
  ['\ufffd', 'other'],
  ['', 'other'],
] as const)('%j is a %s', (text, kind) => {
  expect(characterClass(text)).toBe(kind)
  expect(CHARACTER_CLASSES).toContain(kind)
})
