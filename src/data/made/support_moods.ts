// How a customer of the generated support chats begins: annoyed, plainly or with a greeting. Which openings are annoyed is a judgement of
// this file; the corpus was not written for it.
import { SCENARIOS } from './support_phrases'

/** `friendly`: greets or says please, and is not annoyed. */
export const MOODS = ['annoyed', 'plain', 'friendly'] as const
export type Mood = (typeof MOODS)[number]

export const ANNOYED: readonly string[] = [
  'I have been waiting for my {item} for nine days now. What is going on?',
  'You charged me {amount} twice!',
  'Why was my card charged {amount} on {weekday}? I only ordered a {item}.',
  'Can someone explain the bill for {order}? It is {amount} too high.',
  'Hello, my name is {name} and I was billed {amount} for something I cancelled.',
  'Your site keeps throwing me out when I open order {order}.',
  'Somebody seems to have logged in to my account on {weekday}. It wasn’t me.',
  'Your {item} makes a terrible noise. I want another one or my {amount} back.',
  'I want to close my account and have everything deleted.',
  'How do I stop your newsletters? I get three a day.',
]

/** What stands in a blank is shorter than this. */
const BLANK = '.{1,80}?'

const openings = SCENARIOS.flatMap(({ openings }) => openings).map((opening) => ({
  // A careless customer writes in small letters.
  pattern: new RegExp(
    `^${opening
      .split(/\{\w+\}/)
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join(BLANK)}`,
    'isu',
  ),
  mood: moodOfOpening(opening),
}))

function moodOfOpening(opening: string): Mood {
  if (ANNOYED.includes(opening)) return 'annoyed'
  return /^(hi|hello|good (morning|evening))\b|\bplease\b/i.test(opening) ? 'friendly' : 'plain'
}

/** The mood of what a customer said first; null where it is no opening of these chats. */
export function moodOf(said: string): Mood | null {
  return openings.find(({ pattern }) => pattern.test(said))?.mood ?? null
}
