// Long work takes turns with others by the clock. Tests of that must not depend on how fast a machine is.
import { onTestFinished, vi } from 'vitest'

/**
 * Until the test ends, a turn is over whenever the clock is looked at: long work takes hundreds of turns, and a text of four words is
 * there after a few.
 */
export function shortTurns(): void {
  let now = 0
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => (now += 1000))
  onTestFinished(() => clock.mockRestore())
}
