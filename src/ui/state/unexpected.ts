// Errors that no command answers for: one that a component throws, one in a handler, a promise that nobody awaits. A person reads of
// each once, however often it comes; the browser's console has them all.
import { SupersededError } from '../../errors'
import { asError } from './lab.svelte'
import { m } from '../messages'
import { toasts } from './toasts.svelte'

/** Errors that stand where a part of the page stood. */
const shown = new WeakSet<Error>()
/** Where errors came from that were told. */
const told = new Set<string>()

/** An error that is shown in the place of what it took: it goes to the console, and is not told again. */
export function showInPlace(cause: unknown): void {
  const error = asError(cause)
  shown.add(error)
  reportError(error)
}

/** What the window hears of an error. Browsers report a layout that did not come to rest in one frame this way, with no error. */
export function tellUnexpected(cause: unknown): void {
  if (cause === null || cause === undefined || cause instanceof SupersededError) return
  const error = asError(cause)
  // Numbers in its words may change from time to time; the place does not.
  const place = `${error.name} ${error.stack?.replace(error.message, '') ?? error.message}`
  if (shown.has(error) || told.has(place)) return
  told.add(place)
  const { title, text, kept, todo } = m.errors.describe(error)
  toasts.show({ level: 'error', text: `${title}. ${text} ${kept} ${todo}` })
}
