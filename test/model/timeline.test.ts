// The order of a step: down and up again, but for stretches that are run again or turn back at once.
import { describe, expect, test } from 'vitest'
import { Tape } from '../../src/model/tape'
import type { Stretch } from '../../src/model/timeline'

/** in → a → b → c → d, with b and c a stretch of some kind. ReLU²'s backward reads what went in, the residual's nothing. */
function chain(kind: Stretch['kind'] | null, training = true): string[] {
  const tape = new Tape({ training })
  const a = tape.relu2('a', tape.param('in', [3]))
  if (kind) tape.begin(kind)
  const b = tape.relu2('b', a)
  const c = tape.relu2('c', b)
  const d = tape.residual('d', c, b)
  tape.end()
  tape.relu2('e', d)
  tape.reverse()
  const signs = { forward: '', again: '↻', backward: '−' }
  return tape.timeline.map(({ node, pass }) => `${signs[pass]}${node.name}`)
}

describe('the moments of a step', () => {
  test('forward, then backward in reverse', () => {
    expect(chain(null).join(' ')).toBe('a b c d e −e −d −c −b −a')
  })
  test('a stretch that is run again runs what its backward reads, and no more', () => {
    // Of b, c, d only b is read by a backward of theirs.
    expect(chain('again').join(' ')).toBe('a b c d e −e ↻b −d −c −b −a')
  })
  test('a stretch that turns back at once', () => {
    expect(chain('at once').join(' ')).toBe('a b c d −d −c −b e −e −a')
  })
  test('without training, the forward alone', () => {
    expect(chain('again', false).join(' ')).toBe('a b c d e')
  })
})

test('the first gradient in time is written, later ones are added', () => {
  const tape = new Tape({ training: true })
  const x = tape.param('x', [3])
  for (const name of ['a', 'b']) {
    tape.begin('at once')
    tape.relu2(name, x)
    tape.end()
  }
  tape.reverse()
  expect(tape.nodes.map(({ name, grads }) => [name, grads[0]!.first])).toEqual([
    ['a', true],
    ['b', false],
  ])
})
