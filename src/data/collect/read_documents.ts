// The text of a file as documents: a chat export, a table, or one text, as it is asked for or as it looks.
import type { ReadAs } from '../../words/collecting'
import { CorpusError } from '../../errors'
import type { Document } from '../../words/corpus'
import { readChatJson, readWhatsApp, type ChatOptions, type Chats } from './chat_export'
import { tidy } from './encoding'
import { elements, parseJson, type ParsedJson } from './json'
import { documentsFromTable, likeliestColumn, readCsv, tableFromJson, type Table } from './table'

export interface ReadOptions extends ChatOptions {
  as?: ReadAs | undefined
  /** Columns of tables; the one with the most text if nothing is said. */
  columns?: readonly string[] | undefined
}

export interface Documents {
  kind: 'text' | 'chat' | 'table'
  documents: Document[]
  notices: string[]
  /** The whole table, if it is one, and the columns that became documents. */
  table?: { table: Table; columns: string[] }
  /** The people of a chat who can be made the assistant, who writes most first. */
  speakers?: string[]
}

/** The documents in a file's text. `named` is what its name says that it is. Throws CorpusError where it is not what it must be. */
export function readDocuments(
  name: string,
  text: string,
  named: 'text' | 'markdown' | 'csv' | 'json',
  options: ReadOptions = {},
): Documents {
  const { as = 'auto', columns } = options
  if (as === 'chats') return readChats(name, text, options)
  if (as === 'table') return readTable(name, text, columns)
  if (as === 'text') return oneText(text)
  if (named === 'json') return readJson(name, text, options)
  if (named === 'csv') return readTable(name, text, columns)
  // Nobody said that it is more than a text: what goes wrong with a chat or table in it only means that it is none.
  return (
    attempt(() => readChats(name, text, options)) ??
    attempt(() => (named === 'markdown' ? null : readTable(name, text, columns, false))) ??
    oneText(text)
  )
}

/** The conversations of a chat export, from the text of its file. Throws CorpusError where it is no export known here. */
function readChats(name: string, text: string, options: ChatOptions = {}): Documents {
  const json = parseJson(name, text)
  const chats = json ? chatsOf(name, json, options) : readWhatsApp(name, text, options)
  if (!chats)
    throw new CorpusError(
      `${name} is no chat export known here: WhatsApp (.txt), Telegram, ChatGPT, ShareGPT or \`messages\` (JSON or JSON lines). Read it as plain text, or export it again.`,
    )
  return { kind: 'chat', documents: chats.documents, notices: chats.notices, speakers: chats.speakers }
}

/**
 * A document for each row of a table (CSV, TSV, JSON, JSON lines): its `columns`, or the one with the most text. Throws CorpusError, also
 * where a text without commas is `certain` to be a table by its name.
 */
function readTable(
  name: string,
  text: string,
  columns?: readonly string[],
  certain = /\.[ct]sv$/i.test(name),
): Documents {
  const json = parseJson(name, text)
  const table = json ? tableFromJson(name, json.value, json.malformed) : readCsv(name, text, certain)
  if (!table)
    throw new CorpusError(
      `${name} is no table: neither a list of JSON objects nor rows of as many cells as the first has. Read it as plain text, or name it .csv.`,
    )
  return fromTable(table, columns)
}

function readJson(name: string, text: string, options: ReadOptions): Documents {
  const json = parseJson(name, text)
  if (!json)
    throw new CorpusError(
      `${name} is not JSON, or was cut short. Export it again, or name it .txt to read it as plain text.`,
    )
  const chats = chatsOf(name, json, options)
  if (chats) return { kind: 'chat', ...chats }
  const table = tableFromJson(name, json.value, json.malformed)
  if (table) return fromTable(table, options.columns)
  const texts = elements(json.value).filter((value) => typeof value === 'string' && value.trim() !== '')
  if (texts.length > 0 && texts.length === elements(json.value).length)
    return { kind: 'text', documents: texts.map((value) => ({ text: tidy(String(value)) })), notices: [] }
  return { ...oneText(text), notices: [`${name} is JSON without rows or conversations; it was read as plain text.`] }
}

function chatsOf(name: string, json: ParsedJson, options: ChatOptions): Omit<Chats, 'format'> | null {
  const chats = readChatJson(name, json.value, options)
  if (!chats) return null
  const { documents, notices, speakers } = chats
  if (json.malformed > 0) notices.push(`Of ${name}, ${json.malformed} lines are not JSON and were left out.`)
  return { documents, notices, speakers }
}

function fromTable(table: Table, columns: readonly string[] | undefined): Documents {
  const chosen = columns ? [...columns] : [likeliestColumn(table)]
  const notices = [...table.notices]
  if (!columns && table.columns.length > 1)
    notices.push(
      `Of ${table.name} (${table.columns.join(', ')}) the column with the most text was read: ${chosen.join()}.`,
    )
  return {
    kind: 'table',
    documents: documentsFromTable(table, chosen),
    notices,
    table: { table, columns: chosen },
  }
}

function oneText(text: string): Documents {
  return { kind: 'text', documents: [{ text }], notices: [] }
}

function attempt(read: () => Documents | null): Documents | null {
  try {
    return read()
  } catch (error) {
    if (error instanceof CorpusError) return null
    throw error
  }
}
