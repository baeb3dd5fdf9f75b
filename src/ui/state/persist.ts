// Asks the browser not to clear what this page keeps. Only a page can ask: a worker cannot.
let asked = false

/** Asks once. Not waited for: Firefox asks the person, who may take their time. */
export function askToPersist(): void {
  if (asked) return
  asked = true
  navigator.storage?.persist?.().catch(() => undefined)
}
