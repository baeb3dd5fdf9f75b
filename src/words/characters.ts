// Kinds of characters, as labels and colours tell them apart.

/** `other`: special tokens, parts of a character, and what is none of these. */
export const CHARACTER_CLASSES = ['letter', 'capital', 'digit', 'punctuation', 'space', 'other'] as const
export type CharacterClass = (typeof CHARACTER_CLASSES)[number]

/** The kind of a text's first character; `other` of an empty text. */
export function characterClass(text: string): CharacterClass {
  if (/^\p{Lu}/u.test(text)) return 'capital'
  if (/^[\p{L}\p{M}]/u.test(text)) return 'letter'
  if (/^\p{N}/u.test(text)) return 'digit'
  if (/^\s/u.test(text)) return 'space'
  if (/^[\p{P}\p{S}]/u.test(text) && !text.startsWith('\ufffd')) return 'punctuation'
  return 'other'
}
