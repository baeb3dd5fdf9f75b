// How much the browser lets this page keep, and what to say when it is used up.
import { StorageFullError, StorageRefusedError } from '../errors'
import { bytes } from '../words/sizes'

export interface Usage {
  used_bytes: number
  /** 0 where the browser does not tell. */
  quota_bytes: number
  /** Whether the browser has promised not to clear it by itself. */
  persisted: boolean
}

/** What is used and what is allowed; both are the browser's own estimates. */
export async function estimateUsage(
  storage: (Pick<StorageManager, 'estimate'> & Partial<Pick<StorageManager, 'persisted'>>) | undefined = globalThis
    .navigator?.storage,
): Promise<Usage> {
  // A frame without an origin of its own is refused an answer.
  const { usage = 0, quota = 0 } = (await storage?.estimate().catch(() => null)) ?? {}
  const persisted = (await storage?.persisted?.().catch(() => false)) ?? false
  return { used_bytes: usage, quota_bytes: quota, persisted }
}

/** What browsers throw that let a page keep nothing: in a frame without an origin, a private window, with site data blocked. */
const REFUSALS = ['SecurityError', 'NotAllowedError', 'InvalidStateError', 'UnknownError']

/** The error of a browser that lets this page keep nothing. */
export function refusal(cause: unknown): StorageRefusedError {
  if (cause instanceof StorageRefusedError) return cause
  const why = cause instanceof Error ? cause.message : String(cause)
  return new StorageRefusedError(
    `This browser lets the page keep nothing (${why}). A run lives until the tab is closed: export what you want to keep.`,
    { cause },
  )
}

/** The error of a failed write: a full disk, with numbers where they are known, and a refusal by their own names; anything else as it was. */
export async function explainWrite(cause: unknown, needed_bytes: number | null): Promise<unknown> {
  if (!(cause instanceof Error)) return cause
  if (REFUSALS.includes(cause.name)) return refusal(cause)
  if (cause.name !== 'QuotaExceededError') return cause
  const { used_bytes, quota_bytes } = await estimateUsage()
  const needed = needed_bytes === null ? '' : `, ${bytes(needed_bytes)} more were needed`
  const used = quota_bytes > 0 ? `, ${bytes(used_bytes)} of ${bytes(quota_bytes)} are used` : ''
  return new StorageFullError(
    `The browser’s disk is full${needed}${used}. Nothing that was saved before is damaged. Delete runs that you no longer need (export them first), then save again.`,
    { cause },
  )
}
