// Invented conversations: no two alike, every record of personal data points at what it says, all of it is invented and valid, and
// nothing that looks like it goes unrecorded.
import { isValidPhoneNumber } from 'libphonenumber-js'
import { expect, test } from 'vitest'
import { writeDocuments, writeMessages } from '../../../src/data/tokenize/chat_format'
import { settle } from '../../../src/data/made/generated'
import { PERSONAL_KINDS, type PersonalKind } from '../../../src/data/made/personal_data'
import { supportChats, supportTask } from '../../../src/data/made/support_chats'
import { BRIDGES, DETAILS, FAREWELLS, GREETINGS, SCENARIOS, THANKS } from '../../../src/data/made/support_phrases'

const settings = settle(supportTask.settings, { details: 4 })
const { documents, spans } = supportChats(settings, 7)
const found = spans.map(({ document, message, start, end, kind }) => ({
  kind,
  text: documents[document]!.messages[message]!.content.slice(start, end),
}))
const of = (kind: PersonalKind) => found.filter((span) => span.kind === kind).map(({ text }) => text)

test('as many as asked for, no two alike, in many words', () => {
  expect(documents).toHaveLength(1000)
  expect(new Set(documents.map(({ messages }) => JSON.stringify(messages))).size).toBe(1000)
  const details = Object.values(DETAILS).flatMap(({ asks, answers }) => [...asks, ...answers])
  const scenarios = SCENARIOS.flatMap(({ openings, resolutions }) => [...openings, ...resolutions])
  const phrasings = [...scenarios, ...details, ...BRIDGES, ...THANKS, ...FAREWELLS, ...GREETINGS]
  expect(new Set(phrasings).size).toBe(phrasings.length)
  expect(phrasings.length).toBeGreaterThan(150)
})
test('no blank is left, and every conversation goes back and forth', () => {
  for (const { messages } of documents) {
    const broken = messages.some(({ content }) => /[{}]|undefined/.test(content) || content === '')
    const roles = messages.map(({ role }) => role).filter((role) => role !== 'system')
    const turns = roles.every((role, i) => role === (i % 2 === 0 ? 'user' : 'assistant'))
    expect([broken, turns, roles.length % 2]).toEqual([false, true, 0])
  }
})
test('the record points at data of every kind', () => {
  expect(new Set(found.map(({ kind }) => kind))).toEqual(new Set(PERSONAL_KINDS))
  expect(of('email').every((text) => /^[a-z0-9._]+@(mail\.|post\.)?example\.(com|org|net)$/.test(text))).toBe(true)
  expect(of('order').every((text) => /^[a-z]{2}-\d{6}$/i.test(text))).toBe(true)
  expect(of('account').every((text) => /^\d{9}$/.test(text))).toBe(true)
  expect(of('handle').every((text) => /^@[a-z0-9_]+$/.test(text))).toBe(true)
  expect(of('name').every((text) => /^[a-z]+( [a-z]+)?$/i.test(text))).toBe(true)
  expect(
    of('ip').every((text) => /^(192\.0\.2|198\.51\.100|203\.0\.113)\.\d{1,3}$|^2001:db8::[\da-f]{1,4}$/.test(text)),
  ).toBe(true)
  expect(of('url').every((text) => new URL(text).hostname.match(/(^|\.)example\.(com|org|net)$/))).toBe(true)
  expect(of('birth').every((text) => /\b(19|20)\d\d\b/.test(text))).toBe(true)
  expect(of('address').every((text) => /^\d+[a-c]? \w+ \w+, /i.test(text))).toBe(true)
})
test('telephone numbers are well formed, in the ranges set aside for fiction', () => {
  for (const phone of of('phone')) {
    expect(phone).toMatch(
      /555.01\d\d$|^\+44 (20 7946|131 496) 0\d{3}$|^\+33 1 99 00 \d\d \d\d$|^\+49 30 23125\d{3}$|^\+49 171 39200\d\d$/,
    )
    expect([phone, isValidPhoneNumber(phone, 'US')]).toEqual([phone, true])
  }
})
test('cards and IBANs pass their checksums', () => {
  const luhn = (digits: string) =>
    [...digits].reverse().reduce((sum, c, i) => sum + (i % 2 === 0 ? +c : (2 * +c) % 9 || (c === '9' ? 9 : 0)), 0) % 10
  expect(luhn('4242424242424241')).not.toBe(0)
  for (const card of of('card')) expect([card, luhn(card.replace(/\D/g, ''))]).toEqual([card, 0])
  for (const iban of of('iban')) {
    const compact = iban.replace(/ /g, '').toUpperCase()
    expect(compact).toMatch(/^GB\d\dTEST\d{14}$|^DE\d\d0{8}\d{10}$/)
    const turned = compact.slice(4) + compact.slice(0, 4)
    expect(BigInt([...turned].map((c) => parseInt(c, 36)).join('')) % 97n).toBe(1n)
  }
})
test('nothing that looks like personal data goes unrecorded', () => {
  const rest = documents.map(({ messages }) => messages.map(({ content }) => content))
  for (const { document, message, start, end } of spans.toReversed()) {
    const content = rest[document]![message]!
    rest[document]![message] = content.slice(0, start) + content.slice(end)
  }
  // Prices are nobody's.
  expect(rest.flat().filter((content) => /[\d@]|https?:/.test(content.replace(/\$\d+\.\d\d/g, '')))).toEqual([])
})
test('careless customers write in small letters, and the record still holds', () => {
  const careless = supportChats(settle(supportTask.settings, { casual: 1, conversations: 100 }), 1)
  for (const { messages } of careless.documents)
    for (const { role, content } of messages) if (role === 'user') expect(content).toBe(content.toLowerCase())
  const [name] = careless.spans
    .filter(({ kind }) => kind === 'name')
    .map((span) => careless.documents[span.document]!.messages[span.message]!.content.slice(span.start, span.end))
  expect(name).toMatch(/^[A-Za-z]+( [A-Za-z]+)?$/)
})
test.each([0, 1, 4])('with %d questions, customers give their order and the desk repeats it', (details) => {
  const chosen = settle(supportTask.settings, { details, conversations: 300 })
  const made = supportChats(chosen, 2).documents
  expect(supportTask.generate(chosen, 2)).toBe(writeDocuments(made))
  for (const { messages } of made) {
    // Support answers twice more: with what it did, and goodbye.
    const said = messages.filter(({ role }) => role === 'assistant')
    expect(said.length - 2).toBeLessThanOrEqual(details)
    expect(supportTask.check(writeMessages(messages), chosen).correct).toBe(true)
  }
})

test('an order that is not the customer’s is wrong', () => {
  const chat = (said: string) => `<|user|>Where is lx-204817?<|end|><|assistant|>${said}<|end|><|endoftext|>`
  const check = (said: string) => supportTask.check(chat(said), settings)
  expect(check('LX-204817 is late.').correct).toBe(true)
  expect(check('LX-204871 is late.')).toEqual({ correct: false, expected: chat('LX-204817 is late.') })
  expect(check('It is late.')).toEqual({ correct: false, expected: null })
  expect(supportTask.check('<|assistant|>LX-204817 is late.<|end|>', settings).correct).toBe(false)
})
