// Asks the browser not to clear what this page keeps. Only a page can ask: a worker cannot.
let asked = false

/** Asks once, when there is something worth keeping. Not waited for: Firefox asks the person, who may take their time. */
export function askToPersist(): void {
  if (asked) return
  asked = true
  void persist()
}

/** Asks, and tells the answer. Browsers give it by how much a page is used, or ask the person. */
export async function persist(): Promise<boolean> {
  return (await navigator.storage?.persist?.().catch(() => false)) ?? false
}
