// What the Chat stage says.
import { integer, list } from '../format'
import { type Reads, countOf, token, tokens as tokensIn } from '../units'

export const chat = {
  title: 'Chat',
  lead: 'Give it a beginning and let it go on. A small model continues text in the manner of what it has read; it does not answer questions.',
  noRun: 'There is no model to ask yet. Train one, or open one from Runs.',
  shipped: (name: string) =>
    `This is ${name}, the run that comes with the page. Train one of your own, and it is the one that writes here.`,
  prompt: 'Beginning',
  generate: 'Generate',
  stop: 'Stop',
  settings: 'How it chooses',
  temperature: 'Temperature',
  top_k: 'Top k',
  top_p: 'Top p',
  seed: 'Seed',
  max_tokens: 'Length',
  why: (setting: 'temperature' | 'top_k' | 'top_p' | 'seed' | 'max_tokens', reads: Reads) =>
    ({
      temperature: `0 always takes the likeliest ${token(reads)}; higher is bolder.`,
      top_k: `Only the k likeliest ${tokensIn(reads)}; 0 switches it off.`,
      top_p: 'Only the likeliest that make up this share; 1 switches it off.',
      seed: 'The same seed gives the same text.',
      max_tokens: `${reads === 'char' ? 'Characters' : reads === 'byte' ? 'Bytes' : 'Tokens'} at most.`,
    })[setting],
  newSeed: 'Another seed after each text',
  stopText: 'Stop at',
  stopWhy: 'Ends when this appears; \\n is a line break. Empty: never.',
  writing: 'Writing',
  unknown: (characters: string[]) =>
    `Left out of the beginning, because the model has never seen ${characters.length === 1 ? 'it' : 'them'}: ${list(characters.map((c) => `“${c}”`))}`,
  ended: {
    length: (count: number, reads: Reads = 'char') => `${countOf(count, reads)}, the length asked for`,
    stop: (count: number, reads: Reads = 'char') => `${countOf(count, reads)}, ended at the stop text`,
    cancelled: (count: number, reads: Reads = 'char') => `${countOf(count, reads)}, stopped by you`,
  },
  from: (run: string, step: number) => `${run}, step ${integer(step)}`,
  outputs: 'What it wrote',
  empty: 'What it writes appears here.',
  bad: (field: string, low: number, high: number) =>
    `${field} must be a number from ${integer(low)} to ${integer(high)}.`,
}
