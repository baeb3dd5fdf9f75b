// Files as one zip whose bytes depend on nothing but theirs: every date is the format's first. Numbers, which do not shrink, are stored.
import { zipSync, type Zippable } from 'fflate'

/** Files by path, text as UTF-8. */
export type Files = ReadonlyMap<string, string | Uint8Array>

const STORED = /\.(safetensors|gguf|onnx|bin|png)$/

/** Writes a zip of files, all under `folder` where it is given. */
export function zip(files: Files, folder?: string): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder()
  const entries: Zippable = {}
  // The first date that the format can say; it has no time zone.
  const mtime = new Date(1980, 0, 1)
  for (const [path, content] of files)
    entries[folder === undefined ? path : `${folder}/${path}`] = [
      typeof content === 'string' ? encoder.encode(content) : content,
      { mtime, level: STORED.test(path) ? 0 : 6 },
    ]
  return zipSync(entries)
}
