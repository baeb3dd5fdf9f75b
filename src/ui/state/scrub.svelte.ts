// The step of the run that somebody looks back at from the run strip; the stage Look inside puts it into slot B.
class Scrub {
  /** Null while nobody has asked. */
  step = $state<number | null>(null)
}

export const scrub = new Scrub()
