// What lies on the disk, as the Runs stage shows it.

/** A run that is kept and cannot be read. */
export interface UnreadableRun {
  id: string
  /** Null where none can be found. */
  name: string | null
  why: string
  /** A newer page wrote it, and can read it. */
  isNewer: boolean
  size_bytes: number
}

/** One thing that takes space; `unused` is what no run needs, all together. */
export interface Space {
  what: 'run' | 'unreadable' | 'text' | 'unused'
  /** The run's id, the text's fingerprint. */
  id: string
  name: string | null
  size_bytes: number
  /** Runs that need a text. */
  runs: number
}
