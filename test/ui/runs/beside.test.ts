// Runs in order, in groups, as a family and as a table of differences.
import { describe, expect, test } from 'vitest'
import { toDelete } from '../../../src/ui/runs/budget'
import { asCsv, asTabs, compared } from '../../../src/ui/runs/compare'
import { groupFields, groupsBy } from '../../../src/ui/runs/groups'
import { lineageOf } from '../../../src/ui/runs/lineage'
import { lineOf, places, valueAt } from '../../../src/ui/runs/lines'
import { readDifferently } from '../../../src/ui/runs/losses'
import { COLUMNS, sorted } from '../../../src/ui/runs/order'
import { madeRun } from './runs'

const names = (runs: readonly { name: string }[]) => runs.map(({ name }) => name).join(' ')

describe('the order', () => {
  const a = madeRun('a', { best_val_loss: 2, bytes_per_token: 4, step: 10, train_loss: 1, updated: 3 })
  const b = madeRun('b', { best_val_loss: 1, bytes_per_token: 1, step: 30, updated: 2 })
  const c = madeRun('c', { step: 20, train_loss: 3, updated: 1 })
  test('is by any column, up and down, with what is not known last', () => {
    expect(names(sorted([a, b, c], { by: 'step', isDown: true }, 'nats'))).toBe('b c a')
    expect(names(sorted([c, b, a], { by: 'best', isDown: false }, 'nats'))).toBe('b a c')
    expect(names(sorted([c, b, a], { by: 'best', isDown: true }, 'nats'))).toBe('a b c')
    expect(names(sorted([c, b, a], { by: 'train', isDown: true }, 'nats'))).toBe('c a b')
    for (const by of COLUMNS) expect(sorted([a, b, c], { by, isDown: true }, 'bits')).toHaveLength(3)
  })
  test('by losses of runs that read differently is in bits a byte', () => {
    expect(names(sorted([a, b], { by: 'best', isDown: false }, 'bits'))).toBe('a b')
    expect(readDifferently([a, b])).toBe(false)
    expect(readDifferently([a, { ...b, tokenizer_key: 'x' }])).toBe(true)
  })
  test('by name counts numbers as numbers', () => {
    const runs = ['Run 10', 'Run 9'].map((name) => madeRun(name))
    expect(names(sorted(runs, { by: 'name', isDown: false }, 'nats'))).toBe('Run 9 Run 10')
  })
})

describe('groups', () => {
  const runs = [
    madeRun('a', { best_val_loss: 1 }, { n_layer: 12 }),
    madeRun('b', { best_val_loss: 3 }, { n_layer: 12 }),
    madeRun('c', { best_val_loss: 5 }, { n_layer: 4 }),
    madeRun('d', {}, { n_layer: 4, seed: 2 }),
    madeRun('e', {}, { n_layer: 6 }),
  ]
  test('have the mean and the range of what was measured, in the order of their numbers', () => {
    const groups = groupsBy(runs, 'n_layer', 'nats')
    expect(groups.map(({ value, best, measured, runs }) => [value, best, measured, names(runs)])).toEqual([
      ['4', { mean: 5, low: 5, high: 5 }, 1, 'c d'],
      ['6', null, 0, 'e'],
      ['12', { mean: 2, low: 1, high: 3 }, 2, 'a b'],
    ])
  })
  test('can be made by what differs only', () => {
    expect(groupFields(runs)).toEqual(['n_layer', 'seed'])
    expect(groupFields([runs[0]!])).toEqual([])
  })
})

describe('lineage', () => {
  const from = (run: string | null, how = 'fork', name = 'then') => ({ how, run, name, step: 7 })
  const rows = (...runs: Parameters<typeof lineageOf>[0]) =>
    lineageOf(runs).map(({ name, depth, parent, kind, came }) => [name, depth, parent, kind, came?.how ?? null])
  test('puts each run under the one it came from, by age', () => {
    const grand = madeRun('grand')
    const second = madeRun('second', { created: 5, origin: from('grand', 'restart') })
    const first = madeRun('first', { created: 4, origin: from('grand') })
    const leaf = madeRun('leaf', { created: 6, origin: from('first', 'copy') })
    expect(rows(leaf, second, madeRun('alone'), first, grand)).toEqual([
      ['grand', 0, -1, 'run', null],
      ['first', 1, 0, 'run', 'fork'],
      ['leaf', 2, 1, 'run', 'copy'],
      ['second', 1, 0, 'run', 'restart'],
    ])
  })
  test('names what is gone, what comes with the page, and what another program made', () => {
    const imported = { ...madeRun('i'), imported: { from: 'gpt2.gguf', format: 'GGUF' } }
    expect(
      rows(madeRun('x', { origin: from('dead') }), madeRun('y', { origin: from(null, 'fork', 'ours') }), imported),
    ).toEqual([
      ['then', 0, -1, 'gone', null],
      ['x', 1, 0, 'run', 'fork'],
      ['ours', 0, -1, 'shipped', null],
      ['y', 1, 2, 'run', 'fork'],
      ['gpt2.gguf', 0, -1, 'elsewhere', null],
      ['i', 1, 4, 'run', 'imported'],
    ])
  })
  test('survives records that name each other or themselves, and loses no run that has a family', () => {
    const [a, b] = [madeRun('a', { origin: from('b') }), madeRun('b', { origin: from('a') })]
    expect(
      rows(a, b, madeRun('c', { origin: from('c') }))
        .map(([name]) => name)
        .sort(),
    ).toEqual(['a', 'b'])
    expect(rows(madeRun('file', { origin: from(null, 'file') }))).toEqual([])
  })
})

describe('the comparer', () => {
  const a = madeRun('a', { best_val_loss: 1.5, notes: 'first, "best"' }, { n_layer: 4 })
  const b = madeRun('=b', { best_val_loss: 1.5, params: 12_345, notes: '@sum' }, { n_layer: 6, learning_rate: 3e-4 })
  const rows = compared([a, b], ({ status }) => status)
  test('shows what differs and nothing else', () => {
    expect(rows.map(({ label, values }) => [label, ...values])).toEqual([
      ['Parameters', '100', '12,345'],
      ['Layers', '4', '6'],
      ['Learning rate', '0.001', '3e−4'],
      ['Notes', 'first, "best"', '@sum'],
    ])
    expect(compared([a, { ...a, id: 'c' }], () => '')).toEqual([])
  })
  test('is taken away as CSV and as columns, numbers as machines read them, no formulas', () => {
    expect(asCsv([a, b], rows)).toBe(
      `What,a,'=b\r\nParameters,100,12345\r\nLayers,4,6\r\nLearning rate,0.001,3e-4\r\nNotes,"first, ""best""",'@sum\r\n`,
    )
    expect(asTabs([a, b], rows).split('\n')[1]).toBe('Parameters\t100\t12345')
  })
})

describe('lines', () => {
  const curve = {
    step: [1, 2, 4],
    tokens: [8, 16, 32],
    elapsed_s: [1, 2, 6],
    loss: [4, 3, 2],
    evals: [
      { step: 0, val_loss: 5 },
      { step: 3, val_loss: 2.5 },
    ],
  }
  const same = (x: number) => x
  test('lie along steps, tokens or time, in the unit, without what a logarithm has no place for', () => {
    expect(lineOf(curve, 'train', 'tokens', (x) => x * 2, false)).toEqual({ x: [8, 16, 32], y: [8, 6, 4] })
    expect(lineOf(curve, 'val', 'step', same, false)).toEqual({ x: [0, 3], y: [5, 2.5] })
    expect(lineOf(curve, 'val', 'time', same, false).x).toEqual([0, 4])
    expect(lineOf(curve, 'val', 'step', same, true)).toEqual({ x: [3], y: [2.5] })
  })
  test('have a value between their points and none beyond them', () => {
    const line = { x: [0, 2, 4], y: [4, 2, 1] }
    expect([0, 1, 2, 3, 4].map((x) => valueAt(line, x))).toEqual([4, 3, 2, 1.5, 1])
    expect([valueAt(line, -1), valueAt(line, 5), valueAt({ x: [], y: [] }, 0)]).toEqual([null, null, null])
  })
  test('have places to walk to from the first to the last of all', () => {
    expect(
      places(
        [
          { x: [0, 10], y: [] },
          { x: [5, 20], y: [] },
        ],
        3,
        false,
      ),
    ).toEqual([0, 10, 20])
    expect(places([{ x: [1, 100], y: [] }], 3, true)).toEqual([1, 10, 100])
    expect(places([], 3, false)).toEqual([])
  })
})

test('the advice to delete is as small as can be, and spares stars and the open run', () => {
  const space = (id: string, size_bytes: number) => ({
    what: 'run' as const,
    id,
    name: id,
    size_bytes,
    runs: 0,
    freed_bytes: size_bytes,
  })
  const spaces = [space('starred', 90), space('open', 80), space('big', 50), space('small', 20)]
  const runs = spaces.map(({ id }) => madeRun(id, { starred: id === 'starred' }))
  expect(toDelete(spaces, runs, 'open', 240, 200)).toEqual({ ids: ['big'], freed: 50 })
  expect(toDelete(spaces, runs, 'open', 240, 100)).toEqual({ ids: ['big', 'small'], freed: 70 })
  expect(toDelete(spaces, runs, 'open', 240, 240)).toEqual({ ids: [], freed: 0 })
})
