// Exports of chat programs, by hand in each of their spellings: who becomes whom, what is left out, and what is not a chat.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readChatJson, readWhatsApp } from '../../../src/data/collect/chat_export'
import { parseJson } from '../../../src/data/collect/json'
import { CorpusError } from '../../../src/errors'

const turns = (...said: [string, string][]) => ({ messages: said.map(([role, content]) => ({ role, content })) })
const U = (content: string): [string, string] => ['user', content]
const A = (content: string): [string, string] => ['assistant', content]

describe('WhatsApp', () => {
  const expected = [turns(U('Hello'), A('Hi!\nsecond line\n\nfourth')), turns(A('New day: new talk\nand more'))]
  test.each<[string, (hour: string) => string]>([
    ['Android, 24 h', (h) => `31/12/2023, ${h}:59 - `],
    ['Android, 12 h', (h) => `12/31/23, ${Number(h) % 12}:59 PM - `],
    ['Android, narrow space before PM', (h) => `12/31/23, ${Number(h) % 12}:59\u202fPM - `],
    ['Android, German', (h) => `31.12.23, ${h}:59 - `],
    ['Android, without a comma', (h) => `31/12/2023 ${h}:59 - `],
    ['iPhone, 24 h', (h) => `[31.12.23, ${h}:59:07] `],
    ['iPhone, 12 h', (h) => `[12/31/23, ${Number(h) % 12}:59:07\u202fPM] `],
    ['iPhone, ISO date', (h) => `[2023-12-31, ${h}:59:07] `],
  ])('%s', (_, stamp) => {
    const tomorrow = (h: string) => stamp(h).replace('31', '30')
    const text = [
      `${stamp('20')}Messages and calls are end-to-end encrypted. Nobody can read them`,
      `${stamp('20')}Anna: Hello`,
      `${stamp('21')}Ben Ahab: Hi!`,
      'second line',
      '',
      'fourth',
      `${stamp('21')}Anna: <Media omitted>`,
      `\u200e${stamp('21')}Anna: \u200eimage omitted`,
      `${stamp('22')}Ben Ahab: This message was deleted`,
      `${tomorrow('09')}Ben Ahab: New day: new talk`,
      `${tomorrow('09')}Ben Ahab: and more <This message was edited>`,
      '',
    ].join('\n')
    const read = readWhatsApp('chat.txt', text)
    expect(read?.documents).toEqual(expected)
    expect(read?.notices).toEqual([
      'In chat.txt, “Anna” became the user and “Ben Ahab” the assistant.',
      'Each day of chat.txt is a conversation of its own.',
      '4 lines of chat.txt that nobody wrote (pictures, who joined) left out.',
    ])
  })
  const group = ['Anna: one', 'Cleo: two', 'Cleo: three', 'Ben: a long answer to it', 'Anna: four']
    .map((line) => `[1/2/24, 10:00:00] ${line}`)
    .join('\n')
  test('a group: who writes most is the assistant, the others are named', () => {
    const read = readWhatsApp('chat.txt', group)
    expect(read?.documents).toEqual([
      turns(U('Anna: one\nCleo: two\nthree'), A('a long answer to it'), U('Anna: four')),
    ])
    expect(read?.notices[0]).toMatch(/a group of 3: “Ben”, who writes most, became the assistant/)
    expect(read?.speakers).toEqual(['Ben', 'Cleo', 'Anna'])
  })
  test('the assistant can be chosen', () => {
    const read = readWhatsApp('chat.txt', group, { assistant: 'Cleo' })
    expect(read?.documents).toEqual([turns(U('Anna: one'), A('two\nthree'), U('Ben: a long answer to it\nAnna: four'))])
  })
  test.each([
    ['prose', 'Call me Ishmael.\n31/12/2023, 23:59 - Anna: Hello'],
    ['a log', '2023-12-31 23:59:12 - ERROR: no\n2023-12-31 23:59:13 - ERROR: no'],
    ['one line', '31/12/2023, 23:59 - Anna: Hello'],
    ['only system lines', '31/12/2023, 23:59 - Anna joined\n31/12/2023, 23:59 - Ben joined'],
    ['nothing', ''],
  ])('is not %s', (_, text) => expect(readWhatsApp('x', text)).toBeNull())
})

describe('Telegram', () => {
  const chat = {
    name: 'Ben',
    type: 'personal_chat',
    id: 1,
    messages: [
      { id: 0, type: 'service', date: '2024-01-01T09:00:00', actor: 'Anna', text: '' },
      { id: 1, type: 'message', date: '2024-01-01T10:00:00', from: 'Anna', text: 'Hello' },
      {
        id: 2,
        type: 'message',
        date: '2024-01-01T10:00:01',
        from: 'Anna',
        text: ['see ', { type: 'link', text: 'a.b' }],
      },
      { id: 3, type: 'message', date: '2024-01-01T10:00:02', from: null, from_id: 'user7', text: 'Hi' },
      { id: 4, type: 'message', date: '2024-01-02T10:00:02', from: 'Anna', text: '', photo: 'x.jpg' },
    ],
  }
  test('one chat, and all chats of an account', () => {
    const one = readChatJson('result.json', chat)
    expect(one).toMatchObject({ format: 'telegram', documents: [turns(U('Hello\nsee a.b'), A('Hi'))] })
    expect(one?.notices.join()).toMatch(/2 messages of result\.json without text/)
    expect(readChatJson('r', { chats: { list: [chat, chat, { messages: null }] } })?.documents).toHaveLength(2)
  })
  test('with no text at all is refused with a way out', () => {
    const silent = { ...chat, messages: chat.messages.slice(4) }
    expect(() => readChatJson('r', silent)).toThrow(CorpusError)
    expect(() => readChatJson('r', silent)).toThrow(/Export it again/)
  })
})

describe('conversations.json', () => {
  const node = (parent: string | null, children: string[], role?: string, ...parts: unknown[]) => ({
    parent,
    children,
    message: role ? { author: { role }, content: { content_type: 'text', parts }, recipient: 'all' } : null,
  })
  const mapping = {
    root: node(null, ['s']),
    s: node('root', ['q'], 'system', ''),
    q: node('s', ['old', 'new'], 'user', 'Why?'),
    old: node('q', [], 'assistant', 'No.'),
    new: node('q', ['t'], 'assistant', 'Because.', { asset: 1 }),
    t: node('new', [], 'tool', 'result'),
  }
  test('follows the current branch', () => {
    const branch = (current_node?: string) => readChatJson('c', [{ title: 'x', mapping, current_node }])?.documents
    expect(branch('t')).toEqual([turns(U('Why?'), A('Because.'))])
    expect(branch('old')).toEqual([turns(U('Why?'), A('No.'))])
    // Not said: the last leaf.
    expect(branch()).toEqual([turns(U('Why?'), A('Because.'))])
    expect(branch('gone')).toEqual([turns(U('Why?'), A('Because.'))])
  })
  test('a tree that bites its tail ends', () => {
    const ring = { a: node('b', ['b'], 'user', 'x'), b: node('a', ['a'], 'assistant', 'y') }
    expect(readChatJson('c', [{ mapping: ring, current_node: 'b' }])?.documents).toEqual([turns(U('x'), A('y'))])
  })
  test('hidden messages and words to tools are left out', () => {
    const hidden = { ...node(null, [], 'user', 'x') }
    const message = { ...hidden.message, metadata: { is_visually_hidden_from_conversation: true } }
    const to = { ...node('h', [], 'assistant', 'search()').message, recipient: 'browser' }
    expect(() =>
      readChatJson('c', [{ mapping: { h: { ...hidden, message }, t: { parent: 'h', children: [], message: to } } }]),
    ).toThrow(/nobody says anything/)
  })
})

describe('ShareGPT and messages', () => {
  const share = {
    conversations: [
      { from: 'human', value: 'Hi' },
      { from: 'gpt', value: 'Ho' },
      { from: 'x', value: '' },
    ],
  }
  test('ShareGPT', () => {
    const read = readChatJson('s.json', [share, { conversations: [] }, 7])
    expect(read).toMatchObject({ format: 'sharegpt', documents: [turns(U('Hi'), A('Ho'))] })
    expect(read?.notices).toHaveLength(2)
  })
  const talk = {
    messages: [
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: [{ type: 'text', text: 'Hi\r\n' }, { type: 'image_url' }] },
      { role: 'assistant', content: 'Ho\ud800' },
      { role: 'tool', content: '{}' },
      { role: 'constructor', content: 'x' },
    ],
  }
  const expected = turns(['system', 'Be kind.'], U('Hi'), A('Ho\ufffd'))
  test('messages, alone, in a list, in lines, bare', () => {
    expect(readChatJson('m', talk)?.documents).toEqual([expected])
    expect(readChatJson('m', [talk, talk])?.documents).toEqual([expected, expected])
    expect(readChatJson('m', talk.messages)?.documents).toEqual([expected])
    const lines = parseJson('m', `${JSON.stringify(talk)}\n{"broken\n${JSON.stringify(talk)}\n`)
    expect(lines).toMatchObject({ lines: true, malformed: 1 })
    expect(readChatJson('m', lines?.value)?.documents).toEqual([expected, expected])
  })
  test.each([[null], [7], ['text'], [[]], [{}], [[{ a: 1 }]], [{ messages: 7 }], [{ conversations: {} }]])(
    '%j is none',
    (value) => expect(readChatJson('x', value)).toBeNull(),
  )
  test('whatever JSON it is, a conversation comes out, or null, or a CorpusError', () => {
    const key = fc.constantFrom(
      'messages',
      'mapping',
      'conversations',
      'role',
      'from',
      'text',
      'date',
      'content',
      'chats',
      'list',
    )
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof({ depthSize: 'small' }, fc.string(), fc.constant(null), tie('list'), tie('object')),
      list: fc.array(tie('value'), { maxLength: 3 }),
      object: fc.dictionary(key, tie('value'), { maxKeys: 4 }),
    }))
    fc.assert(
      fc.property(value, (json) => {
        try {
          expect(readChatJson('x', json)?.documents.length).not.toBe(0)
        } catch (error) {
          expect(error).toBeInstanceOf(CorpusError)
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('JSON', () => {
  test('nested too deeply is refused', () => {
    expect(() => parseJson('x', '['.repeat(100_000))).toThrow(/nested more than 100 deep\. Choose/)
    expect(parseJson('x', JSON.stringify(['['.repeat(1000)]))?.value).toEqual(['['.repeat(1000)])
  })
  test.each(['', 'prose', '{"a":', '[1, 2', '{a}\n{b}\n'])('%j is none', (text) =>
    expect(parseJson('x', text)).toBeNull(),
  )
})
