// What a file is, by its name and its first bytes. This says which reader it is for, whether it is no text at all, and whether
// anybody meant it.

/** Which reader a file is for. */
export type FileKind = 'zip' | 'docx' | 'pdf' | 'html' | 'csv' | 'json' | 'markdown' | 'text'

const BY_EXTENSION: Record<string, FileKind> = {
  zip: 'zip',
  docx: 'docx',
  pdf: 'pdf',
  html: 'html',
  htm: 'html',
  xhtml: 'html',
  csv: 'csv',
  tsv: 'csv',
  json: 'json',
  jsonl: 'json',
  ndjson: 'json',
  md: 'markdown',
  markdown: 'markdown',
}

/** Files that are never text, in one word each: not even opened in a folder, so that its photos do not count against the limit. */
const NO_TEXT: readonly [RegExp, string][] = [
  [/\.(png|jpe?g|gif|webp|bmp|tiff?|heic|avif|ico|psd|raw)$/i, 'a picture'],
  [/\.(mp3|wav|ogg|opus|m4a|flac|aac)$/i, 'a sound'],
  [/\.(mp4|mov|avi|mkv|webm|3gp|mpe?g)$/i, 'a film'],
  [/\.(exe|dll|so|dylib|o|a|class|pyc|wasm|jar|apk|dmg|iso|bin|msi|deb|rpm)$/i, 'a program'],
  [/\.(7z|rar|gz|tgz|bz2|xz|zst|tar)$/i, 'an archive that is not .zip'],
  [/\.(ttf|otf|woff2?|eot)$/i, 'a font'],
  [/\.(xlsx?|pptx?|od[tsp]|epub|mobi|pages|numbers|key)$/i, 'a document of another program'],
  [/\.(sqlite3?|db|parquet|arrow|npy|npz|pt|pth|safetensors|gguf|onnx|pkl)$/i, 'a data file of programs'],
]

/** What a name says that a file is, if that is nothing to read; null otherwise. */
export function noText(name: string): string | null {
  return NO_TEXT.find(([ending]) => ending.test(name))?.[1] ?? null
}

/** Files that systems leave in folders and archives: names that begin with a dot, resource forks, thumbnails, locks of Word. */
export function isHidden(path: string): boolean {
  return path.split('/').some((part) => /^\.(?!\.?$)|^__MACOSX$|^thumbs\.db$|^desktop\.ini$|^~\$/i.test(part))
}

/** The reader for a file: what its first bytes are counts more than what it is called. */
export function fileKind(name: string, head: Uint8Array): FileKind {
  const start = String.fromCharCode(...head.subarray(0, 512))
  const called = BY_EXTENSION[/\.(\w+)$/.exec(name)?.[1]?.toLowerCase() ?? '']
  if (/^PK(\x03\x04|\x05\x06)/.test(start)) return called === 'docx' ? 'docx' : 'zip'
  if (/^(\xef\xbb\xbf)?\s*%PDF-/.test(start)) return 'pdf'
  // An old Office document, or a new one with a password: no zip archive, and readText says what it is.
  if (start.startsWith('\xd0\xcf\x11\xe0')) return 'text'
  if (called && called !== 'markdown' && called !== 'html') return called
  if (/^(\xef\xbb\xbf)?\s*(<!doctype html|<html[\s>])/i.test(start)) return 'html'
  return called ?? 'text'
}
