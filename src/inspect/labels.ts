// Labels of the places in a text that a linear reader is asked for: what comes next, whether a word ends, who speaks, and how the customer
// of a support chat began. Read off the text itself.
import { MOODS, moodOf } from '../data/made/support_moods'
import type { Tokenizer, Tokens } from '../data/tokenize/tokenizer'
import { characterClass } from '../words/characters'
import { NEXT_CLASSES, SPEAKERS, type ProbeLabel } from '../words/look_parts'
import { SPECIAL } from '../words/tokens'

/** No label at this place: it is neither learned from nor counted. */
export const NO_LABEL = -1

/** A chat's first turn is looked for so many tokens before a window. */
const LOOK_BACK = 4096

/** Labels [T] of the tokens from `from` on: places in the classes of the label (`PROBE_CLASSES`), or NO_LABEL. */
export type Labelling = (tokens: Tokens, from: number, T: number) => Int32Array

export function labelling(label: ProbeLabel, tokenizer: Tokenizer): Labelling {
  const { vocab, special } = tokenizer.state
  const idOf = (token: string) => (special?.includes(token) ? vocab.indexOf(token) : -1)
  const read: Record<ProbeLabel, () => Labelling> = {
    next: () => (tokens, from, T) => {
      const class_of = (id: number | undefined) =>
        id === undefined || special?.includes(vocab[id]!)
          ? NO_LABEL
          : NEXT_CLASSES.findIndex((one) => one === characterClass(tokenizer.token(id)))
      return Int32Array.from({ length: T }, (_, t) => class_of(tokens[from + t + 1]))
    },
    word: () => (tokens, from, T) => {
      const inWord = (text: string) => /^[\p{L}\p{M}\p{N}]/u.test(text)
      return Int32Array.from({ length: T }, (_, t) => {
        const next = tokens[from + t + 1]
        const last = Array.from(tokenizer.token(tokens[from + t]!)).at(-1) ?? ''
        if (next === undefined || !inWord(last)) return NO_LABEL
        return inWord(tokenizer.token(next)) ? 0 : 1
      })
    },
    speaker: () => {
      const speaks = new Map(SPEAKERS.map((role, i) => [idOf(SPECIAL[role]), i]))
      const [end, over] = [idOf(SPECIAL.end), idOf(SPECIAL.end_of_text)]
      return (tokens, from, T) => {
        let start = from
        while (start > 0 && from - start < LOOK_BACK && !speaks.has(tokens[start]!)) start--
        const labels = new Int32Array(T).fill(NO_LABEL)
        let who = NO_LABEL
        for (let at = start; at < from + T; at++) {
          const id = tokens[at]!
          who = id === over ? NO_LABEL : (speaks.get(id) ?? who)
          if (at >= from) labels[at - from] = who
          if (id === end) who = NO_LABEL
        }
        return labels
      }
    },
    mood: () => {
      const [user, end, over] = [idOf(SPECIAL.user), idOf(SPECIAL.end), idOf(SPECIAL.end_of_text)]
      const moodAt = (tokens: Tokens, opened: number) => {
        let stop = opened + 1
        while (stop < tokens.length && tokens[stop] !== end && tokens[stop] !== over) stop++
        const mood = moodOf(tokenizer.decode(tokens.subarray(opened + 1, stop)))
        return mood === null ? NO_LABEL : MOODS.indexOf(mood)
      }
      return (tokens, from, T) => {
        let start = from
        while (start > 0 && from - start < LOOK_BACK && tokens[start - 1] !== over) start--
        const labels = new Int32Array(T).fill(NO_LABEL)
        // Where a chat's beginning is out of sight, nothing is known of it.
        let fresh = start === 0 || tokens[start - 1] === over
        let mood = NO_LABEL
        for (let at = start; at < from + T; at++) {
          if (fresh && tokens[at] === user) {
            mood = moodAt(tokens, at)
            fresh = false
          }
          if (tokens[at] === over) {
            mood = NO_LABEL
            fresh = true
          } else if (at >= from) labels[at - from] = mood
        }
        return labels
      }
    },
  }
  return read[label]()
}
