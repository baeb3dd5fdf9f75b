// What each treatment does to a text and what it counts; that nothing but hits is changed; that pseudonyms are consistent.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anonymise, MASKS } from '../../../src/data/prepare/anonymise'
import { SPECIAL_TOKENS, writeDocuments } from '../../../src/data/tokenize/chat_format'
import { findPersonal } from '../../../src/data/prepare/pii'
import { Pseudonyms } from '../../../src/data/prepare/pseudonyms'
import { CorpusError } from '../../../src/errors'
import { anonymiseAll, PII_KINDS, type PiiKind } from '../../../src/words/recipe'

const MASK = anonymiseAll('mask')

describe('a treatment', () => {
  const text = 'Ask Aisha or jane@example.org.\nNothing here.\nCall (202) 555-0143, Aisha!\n'
  test('mask', async () => {
    const made = await anonymise(text, MASK)
    expect(made.text).toBe('Ask [NAME] or [EMAIL].\nNothing here.\nCall [PHONE], [NAME]!\n')
    expect(made.counts.name).toEqual({ found: 2, masked: 2, pseudonymised: 0, dropped: 0, refused: 0, kept: 0 })
    expect(made).toMatchObject({ dropped_lines: 0, went_through: 0 })
    expect(made.places[0]).toEqual({
      line: 1,
      before: 'Ask Aisha or jane@example.org.',
      after: 'Ask [NAME] or jane@example.org.',
    })
  })
  test('drop_line', async () => {
    const made = await anonymise(text, {
      ...MASK,
      treatments: { ...MASK.treatments, phone: 'drop_line', email: 'keep' },
    })
    expect(made.text).toBe('Ask [NAME] or jane@example.org.\nNothing here.\n')
    expect(made.counts.name).toMatchObject({ found: 2, masked: 1, dropped: 1 })
    expect(made.counts.email).toMatchObject({ found: 1, kept: 1 })
    expect(made).toMatchObject({ dropped_lines: 1, went_through: 1 })
    expect(made.places.at(-1)).toEqual({ line: 3, before: 'Call (202) 555-0143, Aisha!', after: null })
    expect((await anonymise('Aisha\nb\nc Aisha', anonymiseAll('drop_line'))).text).toBe('b\n')
    await expect(anonymise('Aisha\n', anonymiseAll('drop_line'))).rejects.toThrow(CorpusError)
  })
  test('keep, and refused hits, go through and are counted', async () => {
    const made = await anonymise(text, { ...MASK, refused: [{ kind: 'name', text: 'Aisha' }] })
    expect(made.text).toBe('Ask Aisha or [EMAIL].\nNothing here.\nCall [PHONE], Aisha!\n')
    expect(made.counts.name).toMatchObject({ found: 2, masked: 0, refused: 2 })
    expect(made.went_through).toBe(2)
    expect((await anonymise(text, anonymiseAll('keep'))).text).toBe(text)
    const dropped = await anonymise(text, { ...anonymiseAll('drop_line'), refused: [{ kind: 'name', text: 'Aisha' }] })
    expect(dropped.text).toBe('Nothing here.\n')
  })
  test('pseudonym: the same for the same, within names too', async () => {
    const letter = 'Dear Aisha, Aisha Patel and Yuki Patel wrote to ann@example.com. Regards, Aisha Patel'
    const made = await anonymise(letter, anonymiseAll('pseudonym'))
    const [, a, a2, b, c, b2, mail, a3, b3] =
      /^Dear (\w+), (\w+) (\w+) and (\w+) (\w+) wrote to (\S+@example\.org)\. Regards, (\w+) (\w+)$/.exec(made.text) ??
      []
    expect([a2, a3, b2, b3]).toEqual([a, a, b, b] as string[]) // prettier-ignore
    expect(c).not.toBe(a)
    expect(mail).toBeDefined()
    expect((await anonymise(letter, anonymiseAll('pseudonym'))).text).toBe(made.text)
    expect((await anonymise(letter, { ...anonymiseAll('pseudonym'), seed: 1 })).text).not.toBe(made.text)
  })
})

describe('invented data', () => {
  test.each(PII_KINDS)('%s: different for different originals, and of its kind', async (kind) => {
    const pseudonyms = new Pseudonyms(7)
    const originals = Array.from({ length: 3000 }, (_, i) => (kind === 'name' ? `N${i}` : `${i}.`))
    const made = originals.map((original) => pseudonyms.of(kind, original))
    expect(new Set(made).size).toBe(3000)
    expect(originals.map((original) => pseudonyms.of(kind, original))).toEqual(made)
    const before: Partial<Record<PiiKind, string>> = { account: 'order number ', birth_date: 'born on ', name: 'Dear ' }
    if (kind === 'own') return
    for (const one of [...made.slice(0, 40), made.at(-1)!]) {
      const hits = await findPersonal(`${before[kind] ?? 'see '}${one}, ok`, MASK)
      expect(hits.map(({ kind, text }) => `${kind} ${text}`)).toEqual([`${kind} ${one}`])
    }
  })
})

test('masking changes hits and nothing else', async () => {
  const crumb = fc.constantFrom('Sarah ', 'a@example.org', ' ', '\n', 'text ', '+44 20 7946 0958', '192.0.2.1', '☂', '\ud83d', '[NAME]') // prettier-ignore
  await fc.assert(
    fc.asyncProperty(fc.array(crumb, { maxLength: 60 }), async (crumbs) => {
      const text = crumbs.join('')
      const hits = await findPersonal(text, MASK)
      let rebuilt = ''
      let done = 0
      for (const { start, end, kind } of hits) {
        rebuilt += text.slice(done, start) + MASKS[kind]
        done = end
      }
      const { text: masked, counts } = await anonymise(text, MASK)
      expect(masked).toBe(rebuilt + text.slice(done))
      expect(Object.values(counts).reduce((sum, { masked }) => sum + masked, 0)).toBe(hits.length)
    }),
    { numRuns: 200 },
  )
})

describe('a text of documents', () => {
  const talk = (...said: string[]) => ({
    messages: said.map((content, i) => ({ role: i % 2 ? ('assistant' as const) : ('user' as const), content })),
  })
  const text = writeDocuments([
    talk('my name is Aisha', 'Hello Aisha!\nWrite to jane@example.org', 'jane@example.org', 'Thanks'),
    { text: 'one\njane@example.org' },
    { text: 'joe@example.org' },
  ])

  test('is masked between its tokens, which no word of one’s own can name', async () => {
    const made = await anonymise(
      text,
      { ...MASK, own: ['user', 'assistant', 'end', 'Thanks'] },
      { special: SPECIAL_TOKENS },
    )
    expect(made.text).toBe(
      writeDocuments([
        talk('my name is [NAME]', 'Hello [NAME]!\nWrite to [EMAIL]', '[EMAIL]', '[PRIVATE]'),
        { text: 'one\n[EMAIL]' },
        { text: '[EMAIL]' },
      ]),
    )
    expect(made.places.map(({ document, line }) => [document, line])).toEqual([
      [1, 1],
      [1, 1],
      [1, 2],
      [1, 2],
      [1, 2],
      [2, 2],
      [3, 1],
    ])
    expect(made.places[3]).toMatchObject({ before: 'jane@example.org', after: '[EMAIL]' })
  })

  test('loses lines, and with them the turns and documents that they were', async () => {
    const treatments = { ...anonymiseAll('keep').treatments, email: 'drop_line' as const }
    const made = await anonymise(text, { ...MASK, treatments }, { special: SPECIAL_TOKENS })
    expect(made.text).toBe(
      '<|user|>my name is Aisha<|end|><|assistant|>Hello Aisha!\n<|end|><|assistant|>Thanks<|end|><|endoftext|>one\n<|endoftext|>',
    )
    expect(made.dropped_lines).toBe(4)
    const all = anonymise(
      writeDocuments([{ text: 'joe@example.org' }]),
      { ...MASK, treatments },
      { special: SPECIAL_TOKENS },
    )
    await expect(all).rejects.toThrow(/leaves nothing/)
  })
})
