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

/**
 * Where the first weights of a run came from, if not from chance. `fork`: a kept step of another run. `restart`: the weights of another run,
 * from step 0. `tuned`: the same, on another text. `copy`: the whole of another run. `file`: a run that was exported. A newer page may
 * know other ways.
 */
export interface Origin {
  how: string
  /** The run it came from; null where that is the model that comes with the page, or a file. */
  run: string | null
  /** Its name at that time: it may be deleted since. */
  name: string
  /** Updates that the weights had. */
  step: number
}

/** A run's curve, thin enough to lie beside others: columns of equal length, oldest step first. */
export interface Curve {
  step: number[]
  tokens: number[]
  /** Seconds of training until then. */
  elapsed_s: number[]
  /** Training loss, nats a token: the mean of the steps since the row before. */
  loss: number[]
  /** Measurements on held-out text, nats a token. */
  evals: { step: number; val_loss: number }[]
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
  /** Of a run, in bytes: what resuming takes, the steps kept to look back at, and its curve, samples and notes. */
  parts?: { checkpoints: number; steps: number; history: number } | undefined
  /** Of a run: what deleting it would free, in bytes. A text that another run needs stays. */
  freed_bytes?: number | undefined
}
