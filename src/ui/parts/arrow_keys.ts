// Walking a list by keys, as every chart and text of the page does it.

const WAYS = {
  across: { ArrowLeft: -1, ArrowRight: 1 },
  down: { ArrowUp: -1, ArrowDown: 1 },
  /** A curve: up and down go along it too. */
  both: { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 },
} as const

/**
 * Where a key leads from `at` (null: nowhere yet) in a list of `count`, and keeps the page from scrolling; null for a key that leads nowhere.
 * From nowhere the first step goes to the end that it comes from.
 */
export function walked(event: KeyboardEvent, at: number | null, count: number, ways: keyof typeof WAYS): number | null {
  const by = (WAYS[ways] as Readonly<Record<string, number>>)[event.key]
  const last = count - 1
  const to =
    event.key === 'Home' ? 0 : event.key === 'End' ? last : by === undefined ? null : (at ?? (by < 0 ? count : -1)) + by
  if (to === null || last < 0) return null
  event.preventDefault()
  return Math.min(last, Math.max(0, to))
}
