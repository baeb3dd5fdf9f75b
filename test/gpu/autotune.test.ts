// The tuner by itself, on kernels made up for it: all write y = x, after as many rounds of idle arithmetic as they are told.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { KernelChoice } from '../../src/engine'
import { Autotuner, type TuneOptions } from '../../src/gpu/autotune'
import { openDevice, type Gpu } from '../../src/gpu/device'
import { Kernels, type Dispatch } from '../../src/gpu/kernel'
import type { Contest } from '../../src/gpu/ladder'
import { Queue } from '../../src/gpu/queue'
import { gpu } from '../gpu_env'

const source = `
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
override ROUNDS: u32 = 0u;
override OFF: f32 = 0.0; // added to every third number
override LANES: u32 = 64u;
@compute @workgroup_size(LANES) fn idle(@builtin(global_invocation_id) id: vec3u) {
  var bits = id.x;
  for (var round = 0u; round < ROUNDS; round++) { bits = bits * 1664525u + 1013904223u; }
  y[id.x] = x[id.x] + min(f32(bits), 0.0) + select(0.0, OFF, id.x % 3u == 0u); // the smaller is always zero, which no compiler knows
}
@compute @workgroup_size(1) fn make() { x2[0] = 7.0; }
@group(0) @binding(2) var<storage, read_write> x2: array<f32>;
`
const SIZE = 1024
const SLOW = { ROUNDS: 20_000 }
const MIDDLE = { ROUNDS: 3_000 }
const FAST = { ROUNDS: 10 }

/** Devices with timestamps and without. */
let stamped: Gpu
let baseline: Gpu
beforeAll(async () => {
  stamped = await openDevice({ gpu: await gpu() })
  baseline = await openDevice({ gpu: await gpu(), baseline: true })
})
afterAll(() => [stamped, baseline].forEach(({ device }) => device.destroy()))

/** A tuner, and what makes contests for it of variants by their overrides. */
function tunerOn(device: Gpu, options: TuneOptions = {}) {
  const kernels = new Kernels(device, '')
  const compile = vi.fn((program: Parameters<Kernels['compile']>[0]) => kernels.compile(program))
  const queue = new Queue(device)
  const tuner = new Autotuner({ gpu: device, queue, compile }, options)
  const contest = (variants: Record<string, Record<string, number>>, flops = 2 ** 23): Contest => ({
    key: 'idle small',
    variants: Object.keys(variants),
    flops,
    trial: () => ({
      flops,
      tensors: { x: [SIZE], y: [SIZE] },
      output: 'y',
      dispatches: (variant, tensors) => [
        kernels.dispatch({ name: 'idle', source }, 'idle', {
          label: variant,
          tensors,
          constants: variants[variant]!,
          workgroups: [SIZE / 64, 1, 1],
        }),
      ],
    }),
  })
  return { tuner, contest, compile, kernels, queue }
}

/** What is chosen after a contest, and on what grounds. */
async function decide(variants: Record<string, Record<string, number>>, device = stamped) {
  const { tuner, contest } = tunerOn(device)
  const asked = contest(variants)
  expect(tuner.choose(asked)).toBe('plain')
  const changed = await tuner.settle()
  const variant = tuner.choose(asked)
  expect(changed).toBe(variant !== 'plain')
  const [choice] = tuner.choices
  expect(choice).toMatchObject({ key: 'idle small', variant })
  return choice!
}

test('a kernel that agrees and is faster is taken', async () => {
  const { variant, ms, refused } = await decide({ plain: SLOW, fast: FAST })
  expect(variant).toBe('fast')
  expect(refused).toEqual([])
  expect(ms['fast']).toBeLessThan(ms['plain']!)
})

test('a kernel that is right and slower is not', async () => {
  const { variant, ms } = await decide({ plain: FAST, slow: SLOW })
  expect(variant).toBe('plain')
  expect(ms['slow']).toBeGreaterThan(ms['plain']!)
})

test('a kernel that disagrees is refused, however fast', async () => {
  const { variant, refused, ms } = await decide({ plain: SLOW, off: { ...FAST, OFF: 1e-3 } })
  expect(variant).toBe('plain')
  expect(refused).toEqual(['off'])
  expect(ms).toEqual({})
})

test('a kernel that leaves out what another wrote is refused', async () => {
  // One lane of 64 a workgroup: the first 16 elements.
  expect((await decide({ plain: SLOW, part: { ...FAST, LANES: 1 } })).refused).toEqual(['part'])
})

test('a kernel that the device does not compile is refused', async () => {
  const { variant, refused } = await decide({ plain: SLOW, huge: { ...FAST, LANES: 1e6 }, fast: FAST })
  expect(variant).toBe('fast')
  expect(refused).toEqual(['huge'])
  stamped.check()
})

test('without timestamps the clock is used', async () => {
  expect(stamped.device.features.has('timestamp-query')).toBe(true)
  expect(baseline.device.features.has('timestamp-query')).toBe(false)
  const querySets = vi.spyOn(baseline.device, 'createQuerySet')
  expect((await decide({ plain: SLOW, fast: FAST }, baseline)).variant).toBe('fast')
  expect(querySets).not.toHaveBeenCalled()
})

test('a forced variant is taken where it is possible, and there is no contest', async () => {
  const { tuner, contest, compile } = tunerOn(stamped, { force: { idle: 'slow' } })
  expect(tuner.choose(contest({ plain: FAST, slow: SLOW }))).toBe('slow')
  expect(tuner.choose(contest({ plain: SLOW, fast: FAST }))).toBe('plain')
  expect(await tuner.settle()).toBe(false)
  expect(compile).not.toHaveBeenCalled()
  expect(tuner.choices).toEqual([])
})

test('a forced variant that no call could take is refused by name, with those that could', async () => {
  const { tuner, contest } = tunerOn(stamped, { force: { idle: 'slwo' } })
  expect(tuner.choose(contest({ plain: FAST, slow: SLOW }))).toBe('plain')
  await expect(tuner.settle()).rejects.toThrow(/No call of idle can take the kernel "slwo" .*: plain, slow\./)
  const { tuner: other, contest: asked } = tunerOn(stamped, { force: { idol: 'slow' } })
  other.choose(asked({ plain: FAST }))
  await expect(other.settle()).rejects.toThrow(/No call of idol .* variants in this program: idle\./)
})

test('a variant that is given is taken without a contest', async () => {
  const { tuner, contest, compile } = tunerOn(stamped)
  expect(tuner.choose({ ...contest({ plain: FAST, slow: SLOW }), given: 'slow' })).toBe('slow')
  expect(await tuner.settle()).toBe(false)
  expect(compile).not.toHaveBeenCalled()
})

test('small calls, calls with one kernel and a tuner that is switched off start no contest', async () => {
  for (const [options, flops, variants] of [
    [{}, 1000, { plain: SLOW, fast: FAST }],
    [{}, 2 ** 30, { plain: SLOW }],
    [{ tune: false }, 2 ** 30, { plain: SLOW, fast: FAST }],
  ] as const) {
    const { tuner, contest, compile } = tunerOn(stamped, options)
    expect(tuner.choose(contest(variants, flops))).toBe('plain')
    expect(await tuner.settle()).toBe(false)
    expect(compile).not.toHaveBeenCalled()
  }
})

test('a small call takes what a large one of its class won', async () => {
  const { tuner, contest } = tunerOn(stamped)
  const variants = { plain: SLOW, fast: FAST }
  tuner.choose(contest(variants))
  await tuner.settle()
  expect(tuner.choose(contest(variants, 1000))).toBe('fast')
  // Where the winner is not possible, the plain kernel.
  expect(tuner.choose(contest({ plain: SLOW, other: FAST }))).toBe('plain')
})

test('of one class the heaviest call is tried, and once', async () => {
  const { tuner, contest } = tunerOn(stamped)
  const variants = { plain: SLOW, fast: FAST }
  for (const flops of [2 ** 24, 2 ** 25, 2 ** 23]) tuner.choose(contest(variants, flops))
  await tuner.settle()
  expect(tuner.choices.map(({ flops }) => flops)).toEqual([2 ** 25])
  tuner.choose(contest(variants, 2 ** 26))
  expect(await tuner.settle()).toBe(false)
})

test('choices of another time stop contests, and those made here stand', async () => {
  const { tuner, contest, compile } = tunerOn(stamped)
  const recalled: KernelChoice = {
    key: 'idle small',
    variant: 'slow',
    ms: { plain: 2, slow: 1 },
    flops: 1,
    refused: [],
  }
  tuner.recall([recalled])
  expect(tuner.choose(contest({ plain: FAST, slow: SLOW }))).toBe('slow')
  expect(await tuner.settle()).toBe(false)
  expect(compile).not.toHaveBeenCalled()
  tuner.recall([{ ...recalled, variant: 'plain' }])
  expect(tuner.choices).toEqual([recalled])
})

test('tensors that are functions of others are made before anything is compared', async () => {
  const { tuner, contest, kernels, queue } = tunerOn(stamped)
  const run = vi.spyOn(queue, 'run')
  const asked = contest({ plain: SLOW, fast: FAST })
  tuner.choose({
    ...asked,
    trial: (flops) => ({
      ...asked.trial(flops),
      before: ({ x }) => [
        kernels.dispatch({ name: 'idle', source }, 'make', {
          label: 'make',
          tensors: { x2: x },
          workgroups: [1, 1, 1],
        }),
      ],
    }),
  })
  expect(await tuner.settle()).toBe(true)
  expect(run.mock.calls.map(([program]) => program[0]!.label)).toEqual(['make', 'plain', 'fast'])
})

/** The kernels of a contest that were compiled, by their labels. */
const compiled = (compile: { mock: { calls: [readonly Dispatch[]][] } }) =>
  new Set(compile.mock.calls.flatMap(([program]) => program.map(({ label }) => label)))

describe('a ladder', () => {
  test('ends with the first kernel that wins, and compiles no other', async () => {
    const { tuner, contest, compile } = tunerOn(stamped)
    const asked = { ...contest({ plain: SLOW, other: FAST, likely: MIDDLE }), ladder: ['likely', 'other'] }
    tuner.choose(asked)
    expect(await tuner.settle()).toBe(true)
    expect(tuner.choose(asked)).toBe('likely')
    expect(compiled(compile)).toEqual(new Set(['plain', 'likely']))
  })

  test('goes on where a kernel is slower, disagrees or does not compile', async () => {
    const { tuner, contest } = tunerOn(stamped)
    const variants = {
      plain: MIDDLE,
      slow: SLOW,
      off: { ...FAST, OFF: 1e-3 },
      huge: { ...FAST, LANES: 1e6 },
      fast: FAST,
    }
    tuner.choose(contest(variants))
    await tuner.settle()
    expect(tuner.choices).toMatchObject([{ variant: 'fast', refused: ['off', 'huge'] }])
    expect(Object.keys(tuner.choices[0]!.ms)).toEqual(['plain', 'slow', 'fast'])
    stamped.check()
  })
})

describe('among kernels of equal bits', () => {
  /** A call that is recorded before its class is decided. */
  function waiting(variants: Record<string, Record<string, number>>, options: TuneOptions = {}) {
    const all = tunerOn(stamped, options)
    const { tuner, contest } = all
    const asked = { ...contest(variants), equal: true }
    const { device } = stamped
    const buffer = device.createBuffer({ size: 4 * SIZE, usage: GPUBufferUsage.STORAGE })
    const other = device.createBuffer({ size: 4 * SIZE, usage: GPUBufferUsage.STORAGE })
    const tensor = { shape: [SIZE], dtype: 'f32' as const, offset: 0, size: 4 * SIZE }
    const tensors = { x: { ...tensor, label: 'x', buffer }, y: { ...tensor, label: 'y', buffer: other } }
    const record = (flops = 2 ** 23) =>
      tuner.dispatches({ ...asked, flops }, (variant) => asked.trial(flops).dispatches(variant, tensors))
    return { ...all, record }
  }
  const kernelOf = ([work]: readonly Dispatch[]) => work!.kernel.name

  test('the plain one computes at once, and the winner takes its place in the recorded program', async () => {
    const tuned = vi.fn()
    const { tuner, record, compile, queue, kernels } = waiting({ plain: SLOW, fast: FAST }, { tuned })
    const [large, small] = [record(), record(1000)]
    expect(await tuner.settle()).toBe(false)
    expect(compile).not.toHaveBeenCalled()
    const plain = kernelOf(large)
    expect(plain).toContain('"ROUNDS":20000')
    await kernels.compile(large)
    // A compiler is at work: nobody waits for it.
    expect(tuner.improve()).toBeNull()
    expect(tuner.trying).toBe(true)
    await queue.run(large)
    await tuner.improve(true)
    for (const work of [large, small]) expect(kernelOf(work)).toContain('"ROUNDS":10')
    expect(kernelOf(record())).toContain('"ROUNDS":10')
    expect(tuner.trying).toBe(false)
    expect(tuner.improve()).toBeNull()
    expect(tuned).toHaveBeenCalledExactlyOnceWith([expect.objectContaining({ variant: 'fast' })])
    await queue.run(large)
    stamped.check()
  })

  test('a step at a time: compiled between two turns, measured in one', async () => {
    const { tuner, record } = waiting({ plain: SLOW, fast: FAST })
    const work = record()
    await tuner.settle()
    let turns = 0
    await vi.waitFor(
      async () => {
        const turn = tuner.improve()
        if (turn) turns++
        await turn
        expect(tuner.trying).toBe(false)
      },
      { timeout: 60_000, interval: 5 },
    )
    expect(turns).toBe(2)
    expect(kernelOf(work)).toContain('"ROUNDS":10')
  })

  test('one whose bits differ here is refused, though it agrees', async () => {
    const { tuner, record } = waiting({ plain: SLOW, off: { ...FAST, OFF: 1e-6 } })
    const work = record()
    await tuner.settle()
    await tuner.improve(true)
    expect(tuner.choices).toMatchObject([{ variant: 'plain', refused: ['off'] }])
    expect(kernelOf(work)).toContain('"ROUNDS":20000')
  })

  test('the ladder is climbed for as long as each kernel is faster', async () => {
    const { tuner, record, compile } = waiting({ plain: SLOW, middle: MIDDLE, fast: FAST, slow: SLOW, never: FAST })
    record()
    await tuner.settle()
    await tuner.improve(true)
    expect(tuner.choices).toMatchObject([{ variant: 'fast', refused: [] }])
    expect(compiled(compile)).toEqual(new Set(['plain', 'middle', 'fast', 'slow']))
  })

  test('a kept choice is taken at once, and nothing is compiled for a contest', async () => {
    const { tuner, record, compile } = waiting({ plain: SLOW, fast: FAST })
    tuner.recall([{ key: 'idle small', variant: 'fast', ms: {}, flops: 1, refused: [] }])
    expect(kernelOf(record())).toContain('"ROUNDS":10')
    expect(await tuner.settle()).toBe(false)
    expect(tuner.improve()).toBeNull()
    expect(compile).not.toHaveBeenCalled()
  })

  test('a contest for which the device has no room is not held; what else goes wrong is thrown', async () => {
    const { tuner, contest } = tunerOn(stamped)
    const asked = { ...contest({ plain: SLOW, fast: FAST }), equal: true }
    tuner.choose({ ...asked, trial: (flops) => ({ ...asked.trial(flops), tensors: { x: [2 ** 40], y: [SIZE] } }) })
    await tuner.settle()
    await tuner.improve(true)
    expect([tuner.choices, tuner.trying]).toEqual([[], false])
    tuner.choose({ ...asked, trial: (flops) => ({ ...asked.trial(flops), output: 'nowhere' }) })
    await tuner.settle()
    await expect(tuner.improve(true)).rejects.toThrow('no output nowhere')
    expect([tuner.improve(), tuner.trying]).toEqual([null, false])
  })

  test('a winner that does not compile for a waiting call is refused', async () => {
    const { tuner, record, compile, kernels } = waiting({ plain: SLOW, fast: FAST })
    const work = record()
    await tuner.settle()
    let times = 0
    compile.mockImplementation((program) =>
      program[0]!.label === 'fast' && ++times > 1 ? Promise.reject(new Error('too long')) : kernels.compile(program),
    )
    await tuner.improve(true)
    expect(times).toBeGreaterThan(1)
    expect(tuner.choices).toMatchObject([{ variant: 'plain', refused: ['fast'] }])
    expect(kernelOf(work)).toContain('"ROUNDS":20000')
    expect(kernelOf(record())).toContain('"ROUNDS":20000')
  })
})
