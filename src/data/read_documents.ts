// A file that is more than one text, as documents: a chat export or a table, by what is asked for. Plain text is read_text's.
import { CorpusError } from '../errors'
import type { Document } from '../run'
import { readChatJson, readWhatsApp, type ChatOptions } from './chat_export'
import { parseJson } from './json'
import { documentsFromTable, likeliestColumn, readCsv, tableFromJson } from './table'

export interface Documents {
  documents: Document[]
  notices: string[]
}

/** The conversations of a chat export, from the text of its file. Throws CorpusError where it is no export known here. */
export function readChats(name: string, text: string, options: ChatOptions = {}): Documents {
  const json = parseJson(name, text)
  const chats = json ? readChatJson(name, json.value, options) : readWhatsApp(name, text, options)
  if (!chats)
    throw new CorpusError(
      `${name} is no chat export known here: WhatsApp (.txt), Telegram, ChatGPT, ShareGPT or \`messages\` (JSON or JSON lines). Read it as plain text, or export it again.`,
    )
  const { documents, notices } = chats
  if (json && json.malformed > 0) notices.push(`Of ${name}, ${json.malformed} lines are not JSON and were left out.`)
  return { documents, notices }
}

/** A document for each row of a table (CSV, TSV, JSON, JSON lines): its `columns`, or the one with the most text. Throws CorpusError. */
export function readTable(name: string, text: string, columns?: readonly string[]): Documents {
  const json = parseJson(name, text)
  const table = json ? tableFromJson(name, json.value, json.malformed) : readCsv(name, text, /\.[ct]sv$/i.test(name))
  if (!table)
    throw new CorpusError(
      `${name} is no table: neither a list of JSON objects nor rows of as many cells as the first has. Read it as plain text, or name it .csv.`,
    )
  const chosen = columns ?? [likeliestColumn(table)]
  const notices = [...table.notices]
  if (!columns && table.columns.length > 1)
    notices.push(`Of ${name} (${table.columns.join(', ')}) the column with the most text was read: ${chosen.join()}.`)
  return { documents: documentsFromTable(table, chosen), notices }
}
