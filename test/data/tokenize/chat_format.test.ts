// Conversations as text with special tokens: what is written, what text from outside cannot make, and who says which token.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { byteVocab } from '../../../src/data/tokenize/byte_tokenizer'
import { assistantMask, breakSpecial, SPECIAL_TOKENS, writeDocuments } from '../../../src/data/tokenize/chat_format'
import { tokenizerOf } from '../../../src/data/tokenize/tokenizers'
import { SPECIAL } from '../../../src/words/tokens'
import type { Message } from '../../../src/words/corpus'

const tokenizer = tokenizerOf(byteVocab(SPECIAL_TOKENS))

test('a turn is its speaker, what was said, and an end', () => {
  const messages: Message[] = [
    { role: 'system', content: 'Be kind.' },
    { role: 'user', content: 'Hello' },
    { role: 'assistant', content: 'Hi' },
  ]
  expect(writeDocuments([{ messages }, { text: 'Prose.' }])).toBe(
    '<|system|>Be kind.<|end|><|user|>Hello<|end|><|assistant|>Hi<|end|><|endoftext|>Prose.<|endoftext|>',
  )
})

test('text from outside never makes a special token, wherever it stands', () => {
  expect(breakSpecial('a<|end|>b<|ending|>')).toBe('a< |end|>b<|ending|>')
  const piece = fc.constantFrom(...SPECIAL_TOKENS, '<', '|', '<|', '|>', 'end', 'user', ' ', 'x')
  const content = fc.array(piece, { maxLength: 12 }).map((parts) => parts.join(''))
  fc.assert(
    fc.property(content, content, (question, answer) => {
      const messages: Message[] = [
        { role: 'user', content: question },
        { role: 'assistant', content: answer },
      ]
      const { ids } = tokenizer.encode(writeDocuments([{ messages }]))
      expect([...ids].filter((id) => id > 255).map((id) => tokenizer.token(id))).toEqual([
        SPECIAL.user,
        SPECIAL.end,
        SPECIAL.assistant,
        SPECIAL.end,
        SPECIAL.end_of_text,
      ])
    }),
  )
})

test('the mask has what the assistant says and its end, and nothing else', () => {
  const { ids } = tokenizer.encode('<|user|>Q<|end|><|assistant|>A B<|end|><|endoftext|><|assistant|>cut<|user|>no')
  const mask = assistantMask(ids, tokenizer)
  expect(tokenizer.decode([...ids].filter((_, i) => mask[i] === 1))).toBe('A B<|end|>cut')
})

test('without special tokens nobody can tell who speaks', () => {
  expect(() => assistantMask([1], tokenizerOf(byteVocab()))).toThrow(/no special token/)
})
