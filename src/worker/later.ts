// Groups of calls whose files are loaded with their first call, or beforehand: a first visit does without them until then.
export class LaterGroups {
  readonly #groups: (() => Promise<object>)[] = []
  /** Calls that wait for their files, until they have begun. */
  readonly #waiting = new Set<Promise<void>>()

  /** A group of calls in the place of the one that `make` loads. A file that could not be loaded is tried again with the next call. */
  group<T extends object>(make: () => Promise<T>): T {
    let group: T | null = null
    let loading: Promise<T> | null = null
    const load = (): Promise<T> => {
      if (loading) return loading
      loading = make().then(
        (made) => (group = made),
        (error: unknown) => {
          loading = null
          throw error
        },
      )
      return loading
    }
    this.#groups.push(load)
    const call = async (name: keyof T, given: unknown[]): Promise<unknown> => {
      const begin = (calls: T): unknown => (calls[name] as (...given: unknown[]) => unknown)(...given)
      if (group) return begin(group)
      let answer: unknown
      const begun = load().then((calls) => void (answer = begin(calls)))
      this.#waiting.add(begun)
      await begun.finally(() => this.#waiting.delete(begun))
      return answer
    }
    return new Proxy({} as T, {
      get:
        (_, name) =>
        (...given: unknown[]) =>
          call(name as keyof T, given),
    })
  }

  /** Loads every group. One that cannot be had now is loaded with its first call. */
  async loadAll(): Promise<void> {
    for (const load of this.#groups) await load().catch(() => undefined)
  }

  /** Resolves when calls that wait for their files have begun. */
  async begun(): Promise<void> {
    while (this.#waiting.size > 0) await Promise.allSettled(this.#waiting)
  }
}
