// What is said while a text is collected: the part of the message catalogue for files, addresses, generated texts and their loading.
import type { Loading, PartKind, ReadAs } from '../../words/collecting'
import { integer, percent, plural } from '../format'
import { bytes } from '../../words/sizes'

const PHASES: Record<Loading['phase'], string> = {
  fetch: 'Fetching',
  read: 'Reading',
  clean: 'Cleaning',
  anonymise: 'Looking for personal data in',
  describe: 'Counting',
  learn: 'Learning tokens from',
  tokenize: 'Cutting into tokens',
}

const KINDS: Record<PartKind, string> = {
  text: 'text',
  chat: 'conversations',
  table: 'table',
  html: 'web page',
  docx: 'Word document',
  pdf: 'PDF',
}

export const collect = {
  kinds:
    'Text, Markdown, CSV, JSON, web pages, Word, PDF, zip archives, WhatsApp, Telegram and ChatGPT exports: choose them here, or drop files and folders anywhere on this page. Up to 50 MB.',
  files: 'Choose files',
  folder: 'Choose a folder',

  address: 'From an address',
  addressLabel: 'Address of a text',
  addressHint:
    'Your browser asks that site for the file once, and sends nothing along. Many sites let no other page read them; then download the file and drop it here.',
  fetch: 'Fetch',
  suggested: 'Public texts to fetch',
  suggestedHint: 'Not part of this page: each is fetched from its own site when you press the button.',

  adjust: 'Easier or harder',
  seed: 'Seed',
  seedWhy: 'Another number makes another text of the same kind.',
  make: 'Make this text',
  checked: 'Every answer in it can be checked exactly: once a model is trained, Chat asks it questions and marks them.',
  reset: 'Usual settings',

  loading: ({ phase, name }: Loading) => `${PHASES[phase]} ${name}`,
  progress: ({ phase, done, total }: Loading) => {
    const inBytes = phase === 'fetch' || phase === 'read'
    if (total > 0) return inBytes ? `${bytes(done)} of ${bytes(total)}` : percent(done / total)
    return inBytes && done > 0 ? bytes(done) : ''
  },
  preparing: 'Opening the files',
  cancel: 'Cancel',
  calledOff: 'Called off. Nothing has changed.',

  made: 'What it was made from',
  readAs: 'Read as',
  as: { auto: 'what it looks like', text: 'plain text', chats: 'conversations', table: 'table' } satisfies Record<
    ReadAs,
    string
  >,
  kind: KINDS,
  assistant: 'Whose messages the model is to write',
  assistantHint: 'All others become the user that it answers.',
  assistantAny: 'by itself: who answers, or writes most',
  part: 'File',
  partKind: 'Read as',
  documents: 'Documents',
  characters: 'Characters',
  count: integer,
  partsMore: (count: number) => `and ${plural(count, 'more file', 'more files')}`,
  hidden: (count: number) => `${plural(count, 'hidden file was', 'hidden files were')} passed over.`,
  refused: (count: number) => `${plural(count, 'file was', 'files were')} not read`,
  refusedMore: (count: number) => `and ${integer(count)} more`,
  columnsOf: (table: string) => `Columns of ${table}`,
  columnsHint: 'Each row becomes a document, made of the chosen columns in their order.',
  columnsUse: 'Use these columns',
  rows: (shown: number, count: number) =>
    shown < count ? `The first ${integer(shown)} of ${plural(count, 'row', 'rows')}` : plural(count, 'row', 'rows'),
}
