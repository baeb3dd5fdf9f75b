// Conversations out of other programs: WhatsApp, Telegram, ChatGPT's conversations.json, ShareGPT and `messages` of chat APIs.
// People become roles. Between two, who speaks first is the user and the other the assistant. Among more, who writes most is the
// assistant, and all others are the user, their names before what they say.
import { CorpusError } from '../../errors'
import type { Document, Message } from '../../words/corpus'
import { tidy } from './encoding'
import { elements, isObject, type JsonObject } from './json'

export type ChatFormat = 'whatsapp' | 'telegram' | 'openai' | 'sharegpt' | 'messages'
/** What was read, and what a person should know about how. */
export interface Chats {
  format: ChatFormat
  documents: Document[]
  notices: string[]
  /** Names of the people in it, who writes most first; none where the roles are given. */
  speakers: string[]
}
export interface ChatOptions {
  /** The person who becomes the assistant. */
  assistant?: string | undefined
}

/** What someone said, and when: people's chats begin anew with each day. */
interface Line {
  who: string
  day: string
  text: string
}

const SPACE = '[ \\u00a0\\u202f]'
const DATE = '(\\d{1,2}[./-]\\d{1,2}[./-]\\d{2,4}|\\d{4}[./-]\\d{1,2}[./-]\\d{1,2})\\.?'
const TIME = `\\d{1,2}[:.]\\d{2}(?:[:.]\\d{2})?(?:${SPACE}?[ap]\\.?${SPACE}?m\\.?)?`
/** "[31.12.23, 23:59:12] " (iPhone) or "12/31/23, 11:59 PM - " (Android), then the rest of the line. */
const HEADER = new RegExp(
  `^[\\u200e\\u200f]*(?:\\[${DATE},?${SPACE}${TIME}\\]${SPACE}|(?!\\d{4}-\\d\\d-\\d\\d${SPACE})${DATE},?${SPACE}${TIME}${SPACE}[-–]${SPACE})(.*)$`,
  'i',
)
/** A name and what was said; a line without is the program's own: someone joined, messages are encrypted. */
const SAID = /^([^:"“]{1,80}): ?(.*)$/
/** What stands for a picture, or for a message taken back; iPhones begin it with a left-to-right mark. */
const NOT_SAID = /^\u200e|^<[^<>]{3,40}>$|^(This message was deleted|You deleted this message)\.?$/
const EDITED = /\s*\u200e?<This message was edited>\s*$/

/** A WhatsApp chat as it is exported (.txt); null if the text is none. */
export function readWhatsApp(name: string, text: string, options: ChatOptions = {}): Chats | null {
  const rows = text.split('\n')
  const first = rows.find((row) => row.trim() !== '') ?? ''
  if (!HEADER.test(first)) return null
  const lines: Line[] = []
  let headers = 0
  let dropped = 0
  let open: Line | null = null
  for (const row of rows) {
    const header = HEADER.exec(row)
    if (!header) {
      // Another line of the message before, unless that was dropped.
      if (open) open.text += `\n${row}`
      continue
    }
    headers++
    const said = SAID.exec(header[3] ?? '')
    if (!said || NOT_SAID.test(said[2]!)) {
      open = null
      dropped++
      continue
    }
    open = { who: said[1]!.replace(/[\u200e\u200f~]/g, '').trim(), day: header[1] ?? header[2] ?? '', text: said[2]! }
    lines.push(open)
  }
  if (headers < 2 || lines.length === 0) return null
  for (const line of lines) line.text = line.text.replace(EDITED, '')
  const notices =
    dropped > 0 ? [`${count(dropped, 'line')} of ${name} that nobody wrote (pictures, who joined) left out.`] : []
  return people('whatsapp', name, [lines], notices, options)
}

/**
 * Conversations in a parsed JSON file (of JSON lines, the array of all of them); null if it is none of the known exports. Throws
 * CorpusError if it is one and holds no conversation.
 */
export function readChatJson(name: string, value: unknown, options: ChatOptions = {}): Chats | null {
  const telegram = telegramChats(value)
  if (telegram) return readTelegram(name, telegram, options)
  // A bare list of turns is one conversation.
  const turns = elements(value)
  if (turns.length > 0 && turns.every((t) => isObject(t) && typeof t.role === 'string' && 'content' in t))
    return conversations('messages', name, [{ messages: turns }])
  const rows = Array.isArray(value) ? value : [value]
  const format = formatOf(rows)
  return format && conversations(format, name, rows)
}

const FIELD = { openai: 'mapping', sharegpt: 'conversations', messages: 'messages' } as const
/** How many rows decide what a file is. */
const LOOK = 20

function formatOf(rows: unknown[]): keyof typeof FIELD | null {
  const some = rows.slice(0, LOOK).filter(isObject)
  if (some.some((row) => isObject(row.mapping))) return 'openai'
  const has = (field: string, key: string) =>
    some.some((row) => elements(row[field]).some((turn) => isObject(turn) && typeof turn[key] === 'string'))
  if (has('conversations', 'from')) return 'sharegpt'
  return has('messages', 'role') ? 'messages' : null
}

function conversations(format: keyof typeof FIELD, name: string, rows: unknown[]): Chats {
  const documents: Document[] = []
  let without = 0
  let turnsLost = 0
  for (const row of rows) {
    const turns = isObject(row) ? turnsOf(format, row) : []
    const messages = turns.flatMap((turn) => messageOf(format, turn))
    turnsLost += turns.length - messages.length
    if (messages.some((m) => m.role !== 'system')) documents.push({ messages })
    else without++
  }
  if (documents.length === 0) throw nothingSaid(name)
  const notices: string[] = []
  if (without > 0) notices.push(`${count(without, 'entry', 'entries')} of ${name} without a conversation left out.`)
  if (turnsLost > 0)
    notices.push(`${count(turnsLost, 'turn')} of ${name} without text, or by neither user nor assistant, left out.`)
  return { format, documents, notices, speakers: [] }
}

function turnsOf(format: keyof typeof FIELD, row: JsonObject): unknown[] {
  return format === 'openai' ? currentBranch(row) : elements(row[FIELD[format]])
}

/** Regenerated answers grow a tree; this is the branch last shown, from `current_node` up to the root. */
function currentBranch(conversation: JsonObject): unknown[] {
  const mapping = isObject(conversation.mapping) ? conversation.mapping : {}
  const nodes = new Map(Object.entries(mapping).filter((entry): entry is [string, JsonObject] => isObject(entry[1])))
  const leaf = [...nodes].findLast(([, node]) => elements(node.children).length === 0)?.[0]
  const current = typeof conversation.current_node === 'string' ? conversation.current_node : ''
  const branch: unknown[] = []
  const seen = new Set<string>()
  let id: unknown = nodes.has(current) ? current : leaf
  while (typeof id === 'string' && !seen.has(id)) {
    seen.add(id)
    const node = nodes.get(id)
    // The root carries no message, and what is hidden or said to a tool was never part of the conversation on the screen.
    if (isObject(node?.message) && isShown(node.message)) branch.push(node.message)
    id = node?.parent
  }
  return branch.reverse()
}

function isShown(message: JsonObject): boolean {
  const hidden = isObject(message.metadata) && message.metadata.is_visually_hidden_from_conversation === true
  return !hidden && (message.recipient === undefined || message.recipient === 'all')
}

const ROLES: Record<string, Message['role']> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  human: 'user',
  prompter: 'user',
  assistant: 'assistant',
  gpt: 'assistant',
  chatgpt: 'assistant',
  model: 'assistant',
  bot: 'assistant',
}

/** A turn in one of three spellings; none if the role is another one or nothing was said. */
function messageOf(format: keyof typeof FIELD, turn: unknown): Message[] {
  if (!isObject(turn)) return []
  const speaker =
    format === 'sharegpt' ? turn.from : format === 'openai' && isObject(turn.author) ? turn.author.role : turn.role
  const said =
    format === 'sharegpt'
      ? turn.value
      : format === 'openai' && isObject(turn.content)
        ? turn.content.parts
        : turn.content
  const role = typeof speaker === 'string' && Object.hasOwn(ROLES, speaker) ? ROLES[speaker] : undefined
  const content = tidy(textOf(said)).trim()
  return role && content !== '' ? [{ role, content }] : []
}

/** Text, or the text among parts: strings, and objects with a `text`. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  return elements(value)
    .map((part) => (typeof part === 'string' ? part : isObject(part) && typeof part.text === 'string' ? part.text : ''))
    .join('')
}

function telegramChats(value: unknown): JsonObject[] | null {
  if (!isObject(value)) return null
  const chats = isObject(value.chats) ? elements(value.chats.list).filter(isObject) : [value]
  const isTelegram = (chat: JsonObject) =>
    elements(chat.messages).some((m) => isObject(m) && typeof m.date === 'string' && 'text' in m && !('role' in m))
  return chats.some(isTelegram) ? chats : null
}

function readTelegram(name: string, chats: JsonObject[], options: ChatOptions): Chats {
  let dropped = 0
  const read = chats.map((chat) =>
    elements(chat.messages).flatMap((m): Line[] => {
      const text = isObject(m) && m.type !== 'service' ? textOf(m.text) : ''
      if (!isObject(m) || text.trim() === '') {
        dropped++
        return []
      }
      const who = [m.from, m.from_id].find((n) => typeof n === 'string') ?? 'Deleted account'
      return [{ who: String(who), day: String(m.date).slice(0, 10), text }]
    }),
  )
  const notices =
    dropped > 0 ? [`${count(dropped, 'message')} of ${name} without text (pictures, who joined) left out.`] : []
  return people('telegram', name, read, notices, options)
}

/** Chats of people, each a conversation a day; what one person says in a row is one turn. */
function people(format: ChatFormat, name: string, chats: Line[][], notices: string[], options: ChatOptions): Chats {
  const documents: Document[] = []
  const said = new Set<string>()
  const inAll = new Map<string, number>()
  for (const lines of chats) {
    if (lines.length === 0) continue
    const written = new Map<string, number>()
    for (const { who, text } of lines)
      for (const sums of [written, inAll]) sums.set(who, (sums.get(who) ?? 0) + text.length)
    const names = [...written.keys()]
    const group = names.length > 2
    const most = [...written].reduce((a, b) => (b[1] > a[1] ? b : a))[0]
    const chosen = options.assistant !== undefined && written.has(options.assistant) ? options.assistant : undefined
    const assistant = chosen ?? (group ? most : names[1])
    said.add(
      group
        ? `${name} is a group of ${names.length}: “${assistant}”${chosen ? '' : ', who writes most,'} became the assistant; all others became the user, with their names before what they say.`
        : assistant === undefined
          ? `In ${name} only “${names[0]}” speaks, and became the user.`
          : `In ${name}, “${names.find((n) => n !== assistant) ?? ''}” became the user and “${assistant}” the assistant.`,
    )
    let day: string | null = null
    let messages: Message[] = []
    let last = ''
    for (const line of lines) {
      const content = tidy(line.text).trim()
      if (content === '') continue
      if (line.day !== day) {
        messages = []
        documents.push({ messages })
        day = line.day
        last = ''
      }
      const role = line.who === assistant ? 'assistant' : 'user'
      const turn = messages.at(-1)
      if (turn?.role === role)
        turn.content +=
          line.who === last || role === 'assistant' || !group ? `\n${content}` : `\n${line.who}: ${content}`
      else messages.push({ role, content: group && role === 'user' ? `${line.who}: ${content}` : content })
      last = line.who
    }
  }
  if (documents.length === 0) throw nothingSaid(name)
  const speakers = [...inAll].sort((a, b) => b[1] - a[1]).map(([who]) => who)
  return {
    format,
    documents,
    speakers,
    notices: [...said, `Each day of ${name} is a conversation of its own.`, ...notices],
  }
}

function nothingSaid(name: string): CorpusError {
  return new CorpusError(`${name} is a chat export in which nobody says anything. Export it again, or choose another.`)
}

function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`
}
