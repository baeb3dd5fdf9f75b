// Files that a person drops or chooses, folders walked, each under its path within what was given.
import { MOST_FILES } from '../../words/collecting'

/** Bytes from the beginning of a file in which what makes it a tokenizer.json would stand. */
const HEAD = 65_536

export interface Given {
  name: string
  file: File
}

/** Of a file input, whether it asked for files or for a folder. */
export function chosen(files: FileList | null): Given[] {
  return Array.from(files ?? [], (file) => ({ name: file.webkitRelativePath || file.name, file }))
}

/**
 * What was dropped. Called in the drop itself: afterwards the browser forgets it. Folders are walked until there is one file too
 * many, which is for the reader to refuse; what cannot be opened is left out, unless that is all.
 */
export async function dropped(transfer: DataTransfer): Promise<Given[]> {
  const plain = chosen(transfer.files)
  const entries = Array.from(transfer.items, (item) => item.webkitGetAsEntry?.() ?? null)
  // What is dragged out of some programs has files and no entries.
  if (!entries.some((entry) => entry?.isDirectory)) return plain
  const found: Given[] = []
  for (const entry of entries) if (entry) await walk(entry, found)
  return found.length > 0 ? found : plain
}

async function walk(entry: FileSystemEntry, found: Given[]): Promise<void> {
  if (found.length > MOST_FILES) return
  if (isFile(entry)) {
    const file = await new Promise<File | null>((resolve) => entry.file(resolve, () => resolve(null)))
    if (file) found.push({ name: entry.fullPath.replace(/^\//, ''), file })
  } else if (isFolder(entry)) {
    const reader = entry.createReader()
    // A hundred at a time, until none are left.
    for (;;) {
      const some = await new Promise<FileSystemEntry[]>((resolve) => reader.readEntries(resolve, () => resolve([])))
      if (some.length === 0) return
      for (const inner of some) await walk(inner, found)
    }
  }
}

const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile
const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory

/** The file is Hugging Face's tokenizer.json, by its name or by what it begins with. A text that quotes one escapes the quotes. */
export async function isTokenizerFile(file: File): Promise<boolean> {
  const name = file.name.toLowerCase()
  if (name === 'tokenizer.json') return true
  if (!name.endsWith('.json')) return false
  const head = await file.slice(0, HEAD).text()
  return head.trimStart().startsWith('{') && (head.includes('"added_tokens"') || head.includes('"pre_tokenizer"'))
}
