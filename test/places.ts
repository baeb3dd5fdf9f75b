// Places in JSON, for tests that change one of them.

export interface JsonPlace {
  of: Record<string, unknown>
  name: string
}

/** Every place in a value, depth first: the object or list that it lies in, and its name there. */
export function placesIn(value: unknown): JsonPlace[] {
  if (typeof value !== 'object' || value === null) return []
  const of = value as Record<string, unknown>
  return Object.keys(of).flatMap((name) => [{ of, name }, ...placesIn(of[name])])
}
