// The errors with a name: what failed, with numbers, and what to do. Comlink carries only name, message and stack, so the
// client turns a name back into its class through ERRORS.

/** WebGPU is missing or gave no adapter; the CPU engine takes over. */
export class NoWebGpuError extends Error {
  override name = 'NoWebGpuError'
}

/** The GPU device went away in the middle of work (driver reset, sleep, `destroy()`). The run is kept. */
export class DeviceLostError extends Error {
  override name = 'DeviceLostError'
}

/** The device refused a buffer; the message says how much was asked for and what fits. */
export class OutOfMemoryError extends Error {
  override name = 'OutOfMemoryError'
}

/** The browser's disk is full; what was saved before is untouched. */
export class StorageFullError extends Error {
  override name = 'StorageFullError'
}

/** The browser lets this page keep nothing at all; a run lives until its tab is closed. */
export class StorageRefusedError extends Error {
  override name = 'StorageRefusedError'
}

/** A checkpoint or safetensors file that cannot be trusted: cut short, lying header, unknown version, not finite. */
export class CheckpointError extends Error {
  override name = 'CheckpointError'
}

/** A kernel was asked for by a name that no call of its op can take; the message lists those that can. */
export class NoVariantError extends Error {
  override name = 'NoVariantError'
}

/** A shared link that cannot be opened. */
export class LinkError extends Error {
  override name = 'LinkError'
}

/** A model that a format cannot hold; the message says what is in the way. */
export class ExportError extends Error {
  override name = 'ExportError'
}

/** Text that cannot become a dataset: empty, binary, too short, too large. */
export class CorpusError extends Error {
  override name = 'CorpusError'
}

/** Long work was called off by a person. What was there before still is. */
export class CancelledError extends Error {
  override name = 'CancelledError'
}

/** Long work was ended because something newer was asked for, or its text is no longer the current one: nobody waits for it. */
export class SupersededError extends CancelledError {
  override name = 'SupersededError'
}

/** A configuration that `validate` has refused; `message` lists its problems, each with a way out. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

/** A question that a model cannot be asked: a text that does not fit it, or an address or part that it lacks. */
export class ProbeError extends Error {
  override name = 'ProbeError'
}

/** The loss or the gradient norm stopped being a finite number; the run stopped there. */
export class NotFiniteError extends Error {
  override name = 'NotFiniteError'
}

/** Another tab holds the run's lock; this one may only look. */
export class RunLockedError extends Error {
  override name = 'RunLockedError'
}

const ERRORS = {
  NoWebGpuError,
  DeviceLostError,
  OutOfMemoryError,
  StorageFullError,
  StorageRefusedError,
  CheckpointError,
  NoVariantError,
  LinkError,
  ExportError,
  CorpusError,
  CancelledError,
  SupersededError,
  ConfigError,
  ProbeError,
  NotFiniteError,
  RunLockedError,
}

/** The class of an error that has come across a thread, by its name; anything else is returned as an Error. */
export function revive(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error))
  const known = Object.entries(ERRORS).find(([name]) => name === error.name)
  if (!known || error instanceof known[1]) return error
  const revived = new known[1](error.message)
  if (error.stack) revived.stack = error.stack
  return revived
}

/** Our own mistake, never the user's: throws with a message built only when it is needed. */
export function invariant(condition: unknown, message: () => string): asserts condition {
  if (!condition) throw new Error(`invariant: ${message()}`)
}
