// What differs between two short texts, character by character: the longest common subsequence stays, the rest is marked.
export interface DiffPart {
  text: string
  changed: boolean
}

/** Both texts in parts. Takes time in proportion to the product of their lengths: for places, not for whole texts. */
export function diff(before: string, after: string): { before: DiffPart[]; after: DiffPart[] } {
  const a = [...before]
  const b = [...after]
  const width = b.length + 1
  /** Length of the longest common subsequence of what is left from i and from j on. */
  const common = new Uint16Array((a.length + 1) * width)
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      common[i * width + j] =
        a[i] === b[j]
          ? common[(i + 1) * width + j + 1]! + 1
          : Math.max(common[(i + 1) * width + j]!, common[i * width + j + 1]!)
  const parts = { before: [] as DiffPart[], after: [] as DiffPart[] }
  let [i, j] = [0, 0]
  while (i < a.length || j < b.length)
    if (i < a.length && j < b.length && a[i] === b[j]) {
      add(parts.before, a[i++]!, false)
      add(parts.after, b[j++]!, false)
    } else if (j === b.length || (i < a.length && common[(i + 1) * width + j]! >= common[i * width + j + 1]!))
      add(parts.before, a[i++]!, true)
    else add(parts.after, b[j++]!, true)
  return parts
}

function add(parts: DiffPart[], character: string, changed: boolean): void {
  const last = parts.at(-1)
  if (last?.changed === changed) last.text += character
  else parts.push({ text: character, changed })
}

/** A changed part with what has no shape written out: a space as ␣, a zero-width space as ⟨200B⟩. */
export function shapes(text: string): string {
  const signs: Record<string, string> = { ' ': '␣', '\n': '↵', '\t': '⇥', '\u00a0': '⍽' }
  return text.replace(
    /[\p{Z}\p{C}]/gu,
    (c) => signs[c] ?? `⟨${c.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}⟩`,
  )
}
