// Peers without their packages: a program that speaks as they do (test/bench/peers/job.mjs), and those that fail in each way a peer can.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { benchConfig } from '../../src/words/bench'
import {
  agree,
  disagreements,
  PeerRun,
  peerTable,
  withJob,
  type Peer,
  type PeerResult,
} from '../../src/headless/bench_peers'
import { benchInput } from '../../src/train/benchmark'

const OURS = [4.1597, 4.0378, 3.951, 3.8715, 3.8385]
let folder: string
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'glasshouse-'))))
afterAll(() => rmSync(folder, { recursive: true }))

/** A peer that is this module. */
function peer(name: string, code: string): Peer {
  const file = join(folder, `${name}.mjs`)
  writeFileSync(file, code)
  return { name, command: process.execPath, args: (job) => [file, job] }
}
/** One whose loss in each step is what `loss` makes of the step, the weights `w` and the batch. */
const honest = (name: string, loss: string) =>
  peer(
    name,
    `import { job, corrections, readWeights, serve } from ${JSON.stringify(resolve('test/bench/peers/job.mjs'))}
     console.log('a package that talks')
     await serve({ version: '1.2', adapter: 'here' }, async () => {
       const w = readWeights()
       return async (batch, step) => async () => ${loss}
     })`,
  )
const config = benchConfig('S', true)
const run = (of: Peer, rounds = [[1], [1]]) =>
  withJob(config, async (job) => {
    const it = await PeerRun.start(of, job)
    for (const ours of rounds) await it.round(2, ours)
    return it.result()
  })

describe('a peer', () => {
  test('is given our weights and batches, and answers round by round', async () => {
    const of = honest('sums', `w.get('transformer.wte.weight')[7] + batch.tokens[3] + 100 * batch.targets[500]`)
    const result = await run(of)
    const { weights, batches } = benchInput(config)
    const wte = weights.get('transformer.wte.weight')!
    expect(result).toMatchObject({ name: 'sums', version: '1.2', adapter: 'here', failure: null })
    expect(result.losses).toEqual(batches.slice(0, 5).map((b) => wte[7]! + b.tokens[3]! + 100 * b.targets[500]!))
    expect(result.ratios).toHaveLength(2)
    expect(result.cpu_ms).toHaveLength(2)
    expect(result.first_step_ms).toBeGreaterThan(0)
    expect(result.step_ms.median).toBeGreaterThanOrEqual(0)
  })

  test("is given AdamW's corrections and which weights decay", async () => {
    const of = honest('corrects', `corrections(step)[0] + (job.params.filter((p) => p.decay).length)`)
    const { losses } = await run(of, [])
    expect(losses[1]).toBeCloseTo(1 - config.beta1 ** 2 + 2 + 4 * 2, 10)
  })

  test.each<[string, () => Peer, RegExp]>([
    ['ends at once', () => peer('ends', 'process.exit(0)'), /ended without a word/],
    ['cannot be loaded', () => peer('breaks', `import 'nowhere'`), /\S/],
    ['is not there', () => ({ name: 'x', command: '/nowhere/python', args: () => [] }), /ENOENT/],
    [
      'tells why',
      () => honest('tells', `{ throw new Error('out of memory') }`.replace(/^/, '(() => ').replace(/$/, ')()')),
      /out of memory/,
    ],
    [
      'fails later',
      () => honest('later', `step < 6 ? step : (() => { throw new Error('at step ' + step) })()`),
      /at step 6/,
    ],
  ])('that %s is told of, and holds nobody up', async (_, of, why) => {
    const result = await run(of())
    expect(result.failure).toMatch(why)
    expect(result.ratios).toEqual([])
    expect(
      peerTable(
        { adapter: 'here', first_step_ms: 1, step_ms: { median: 20, p10: 10, p90: 30 }, cpu_ms: [30], losses: OURS },
        [result],
      ),
    ).toMatch(why)
  })
})

describe('losses', () => {
  const of = (losses: number[], change: Partial<PeerResult> = {}): PeerResult => ({
    name: 'peer',
    version: '1',
    adapter: 'here',
    coarse: false,
    first_step_ms: 1000,
    step_ms: { median: 20, p10: 10, p90: 30 },
    ratios: [2, 4, 3],
    cpu_ms: [40],
    losses,
    failure: null,
    ...change,
  })
  const off = (by: number) => OURS.map((loss, i) => (i === 3 ? loss + by : loss))

  test('agree to four decimals, all of the first five, or the work is not the same', () => {
    expect(agree(OURS, off(4e-5))).toBe(true)
    expect(agree(OURS, off(6e-5))).toBe(false)
    expect(agree(OURS, off(-6e-5))).toBe(false)
    expect(agree(OURS, off(NaN))).toBe(false)
    expect(agree(OURS, OURS.slice(0, 4))).toBe(false)
    expect(disagreements(OURS, [of(OURS), of(off(1e-3))])).toEqual([
      expect.stringMatching(/peer does not do the same work: its loss at step 3 is 3\.872\d*, ours 3\.8715/),
    ])
    expect(disagreements(OURS, [of(off(NaN))])).toHaveLength(1)
  })

  test('of 16 bits, and of a peer that did not get so far, are not held against it', () => {
    expect(disagreements(OURS, [of(off(1e-2), { coarse: true }), of([4.1], { failure: 'too slow' })])).toEqual([])
  })

  test('stand in the table with the ratio of each round', () => {
    const table = peerTable(
      { adapter: 'here', first_step_ms: 500, step_ms: of([]).step_ms, cpu_ms: [30], losses: OURS },
      [of(OURS), of([], { adapter: 'elsewhere', failure: 'no memory', ratios: [], first_step_ms: NaN })],
    )
    expect(table).toMatch(
      /\| peer 1 +\| +1\.00 s \| +20\.0 \(10\.0–30\.0\) \| +3\.00× \(2\.00 4\.00 3\.00\) \| +40\.0 \| 4\.1597 4\.0378 /,
    )
    expect(table).toMatch(/\| peer 1 on elsewhere \(no memory\) +\| +– \| +– \| +– \| +– \|/)
  })
})
