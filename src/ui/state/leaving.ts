// When a page is about to go: hidden, frozen, reloaded, left or closed. What is not saved by then is saved at the first sign
// (wicg.github.io/page-lifecycle).

/**
 * How long a page that goes for good holds on. Its worker ends with it, in the midst of a save, and no browser waits for a worker: only
 * a page that does not return from its last event keeps it alive. A save of a small model takes 5 to 50 ms.
 */
const HOLD_MS = 250

/** Calls `save` when the page is about to go. Signs that come while it saves are one sign. `isBehind`: there is something to save. */
export function onLeaving(save: () => Promise<void>, isBehind: () => boolean): void {
  let saving: Promise<void> | null = null
  const leave = () => {
    // Nobody is left to read an error. Where the disk refuses, the strip says so as it does of any save.
    saving ??= save()
      .catch(() => undefined)
      .finally(() => (saving = null))
  }
  addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') leave()
  })
  addEventListener('freeze', leave)
  addEventListener('pagehide', ({ persisted }) => {
    leave()
    if (persisted || !isBehind()) return
    const until = performance.now() + HOLD_MS
    while (performance.now() < until);
  })
}
