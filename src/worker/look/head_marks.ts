// Marks on a run's curve where a head becomes something: its label, which was null when the heads were looked at before, is clear now. Each
// head and kind is marked once while the page is open.
import type { HeadKind, HeadScores } from '../../words/look'

const NAMES: Record<HeadKind, string> = {
  previous: 'looks at the token before',
  first: 'looks at the first token',
  same: 'looks at the same token',
  induction: 'looks at what followed the same token before (induction)',
  spread: 'spreads its attention evenly',
}

export class HeadMarks {
  #run: string | null = null
  #before: readonly (HeadKind | null)[] = []
  readonly #marked = new Set<string>()

  /** A sentence for each head that has become something since its run was looked at last; none at the first look. */
  hear(run: string, heads: readonly HeadScores[], n_head: number): string[] {
    const isFirst = this.#run !== run
    const before = this.#before
    this.#run = run
    this.#before = heads.map(({ label }) => label)
    if (isFirst) this.#marked.clear()
    return heads.flatMap(({ label }, i) => {
      const key = `${i} ${label}`
      if (label === null || label === before[i] || this.#marked.has(key)) return []
      this.#marked.add(key)
      return isFirst ? [] : [`Head ${i % n_head} of layer ${Math.floor(i / n_head)} ${NAMES[label]} from here on.`]
    })
  }
}
