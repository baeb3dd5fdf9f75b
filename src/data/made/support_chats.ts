// Conversations between a customer and a support desk, with an invented person's data in them and a record of where it stands:
// something to anonymise. The desk repeats the order number that it was given, which is what can be checked.
import { Rng, STREAM } from '../../rng'
import { SPECIAL } from '../../words/tokens'
import type { Document, Message } from '../../words/corpus'
import { writeDocuments } from '../tokenize/chat_format'
import type { Settings, Task, Verdict } from './generated'
import { inventPerson, ORDER, PERSONAL_KINDS, type PersonalKind, type Person } from './personal_data'
import {
  BRIDGES,
  DETAILS,
  FAREWELLS,
  GREETINGS,
  ITEMS,
  SCENARIOS,
  THANKS,
  WEEKDAYS,
  type Scenario,
} from './support_phrases'

/** Where personal data stands: UTF-16 places in the content of a message. */
export interface PersonalSpan {
  document: number
  message: number
  start: number
  end: number
  kind: PersonalKind
}
export interface SupportChats {
  documents: (Document & { messages: Message[] })[]
  /** In the order of the text. */
  spans: PersonalSpan[]
}

export const supportTask: Task = {
  id: 'support-chats',
  name: 'Support chats',
  about:
    'Invented conversations with a support desk, full of invented personal data: for learning to chat, and for practising how to anonymise.',
  settings: [
    {
      name: 'conversations',
      label: 'Conversations',
      min: 100,
      max: 5000,
      step: 100,
      default: 1000,
      about: 'How many conversations to make.',
    },
    {
      name: 'details',
      label: 'Questions',
      min: 0,
      max: 4,
      step: 1,
      default: 2,
      about: 'How many personal details support asks for in a conversation, at most.',
    },
    {
      name: 'casual',
      label: 'Written carelessly',
      min: 0,
      max: 1,
      step: 0.1,
      default: 0.2,
      about: 'Share of customers who write in small letters, names too, which makes them harder to find.',
    },
  ],
  generate: (settings, seed) => writeDocuments(supportChats(settings, seed).documents),
  ask: beforeOrder,
  check: checkOrders,
}

/** The conversations, no two of which have the same order number, and every place in them that says something of a person. */
export function supportChats(settings: Settings, seed: number): SupportChats {
  const rng = new Rng(seed, STREAM.corpus)
  const chats: SupportChats = { documents: [], spans: [] }
  const orders = new Set<string>()
  while (chats.documents.length < settings.conversations!) {
    const person = inventPerson(rng)
    if (orders.has(person.order)) continue
    orders.add(person.order)
    const casual = rng.uniform() < settings.casual!
    const messages: Message[] = []
    const say = (role: Message['role'], ...phrases: string[]) => {
      const { content, spans } = fill(phrases.join(' '), person, rng)
      const place = { document: chats.documents.length, message: messages.length }
      for (const span of spans) chats.spans.push({ ...place, ...span })
      messages.push({ role, content: casual && role === 'user' ? content.toLowerCase() : content })
    }
    converse(rng, settings.details!, say)
    chats.documents.push({ messages })
  }
  return chats
}

function converse(rng: Rng, most: number, say: (role: Message['role'], ...phrases: string[]) => void): void {
  const among = <T>(list: readonly T[]): T => list[rng.below(list.length)]!
  const scenario: Scenario = among(SCENARIOS)
  if (rng.below(2) === 0) say('system', among(GREETINGS))
  const opening = among(scenario.openings)
  const knowsOrder = opening.includes('{order}')
  const left = [...scenario.asks]
  const details: PersonalKind[] = knowsOrder ? [] : ['order']
  const asked = most === 0 ? 0 : 1 + rng.below(most)
  while (details.length < asked && left.length > 0) details.push(...left.splice(rng.below(left.length), 1))
  if (asked === 0 && !knowsOrder) say('user', opening, among(DETAILS.order.answers))
  else say('user', opening)
  for (const [i, kind] of details.slice(0, asked).entries()) {
    const ask = among(DETAILS[kind].asks)
    if (i === 0) say('assistant', ask)
    else say('assistant', among(BRIDGES), ask)
    say('user', among(DETAILS[kind].answers))
  }
  say('assistant', among(scenario.resolutions))
  say('user', among(THANKS))
  say('assistant', among(FAREWELLS))
}

/** A phrase with its blanks filled, and where in it the person's data stands. */
function fill(
  phrase: string,
  person: Person,
  rng: Rng,
): { content: string; spans: { start: number; end: number; kind: PersonalKind }[] } {
  const spans: { start: number; end: number; kind: PersonalKind }[] = []
  let content = ''
  let done = 0
  for (const { 0: blank, 1: name = '', index } of phrase.matchAll(/\{(\w+)\}/g)) {
    content += phrase.slice(done, index)
    done = index + blank.length
    const start = content.length
    content += person[name as keyof Person] ?? ofNobody(name, rng)
    const kind = name === 'first' ? 'name' : PERSONAL_KINDS.find((known) => known === name)
    if (kind) spans.push({ start, end: content.length, kind })
  }
  return { content: content + phrase.slice(done), spans }
}

function ofNobody(name: string, rng: Rng): string {
  if (name === 'item') return ITEMS[rng.below(ITEMS.length)]!
  if (name === 'weekday') return WEEKDAYS[rng.below(WEEKDAYS.length)]!
  return `$${5 + rng.below(395)}.${String(rng.below(100)).padStart(2, '0')}`
}

/** Where a turn begins. */
const TURNS = /(?=<\|(?:system|user|assistant)\|>)/

/** A conversation up to where the assistant names an order for the last time, or null where it names none. */
function beforeOrder(conversation: string): string | null {
  const turns = conversation.split(TURNS)
  const last = turns.findLastIndex((turn) => turn.startsWith(SPECIAL.assistant) && turn.match(ORDER) !== null)
  const said = turns[last]
  const order = said?.match(ORDER)?.at(-1)
  if (said === undefined || order === undefined) return null
  return turns.slice(0, last).join('') + said.slice(0, said.lastIndexOf(order))
}

/** Right if the assistant names an order, and none but the one that the customer named last; case aside. */
function checkOrders(conversation: string): Verdict {
  let order: string | null = null
  let named = false
  let unasked = false
  const expected = conversation.split(TURNS).map((turn) => {
    if (turn.startsWith(SPECIAL.user)) order = turn.match(ORDER)?.at(-1)?.toUpperCase() ?? order
    if (!turn.startsWith(SPECIAL.assistant)) return turn
    const right = order
    return turn.replace(ORDER, (said) => {
      named = true
      unasked ||= right === null
      return right === null || said.toUpperCase() === right ? said : right
    })
  })
  if (!named || unasked) return { correct: false, expected: null }
  const written = expected.join('')
  return { correct: written === conversation, expected: written }
}
