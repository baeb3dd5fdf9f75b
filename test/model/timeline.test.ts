// The order of a step: down and up again, but for stretches that are run again or turn back at once.
import { describe, expect, test } from 'vitest'
import { Recorder } from '../../src/model/recorder'
import { Tape } from '../../src/model/tape'
import type { Stretch } from '../../src/model/timeline'

/** in → a → b → c → d, with b and c a stretch of some kind. ReLU²'s backward reads what went in, the residual's nothing. */
function chain(kind: Stretch['kind'] | null, training = true): string[] {
  const record = new Recorder()
  const a = record.relu2('a', record.param('in', [3]))
  if (kind) record.begin(kind)
  const b = record.relu2('b', a)
  const c = record.relu2('c', b)
  const d = record.residual('d', c, b)
  record.end()
  record.relu2('e', d)
  const tape = new Tape(record, { training })
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
  const record = new Recorder()
  const x = record.param('x', [3])
  for (const name of ['a', 'b']) {
    record.begin('at once')
    record.relu2(name, x)
    record.end()
  }
  const tape = new Tape(record, { training: true })
  expect(tape.nodes.map(({ name, grads }) => [name, grads[0]!.first])).toEqual([
    ['a', true],
    ['b', false],
  ])
})
