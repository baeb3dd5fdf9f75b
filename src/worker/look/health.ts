// The health of a slot's model at its step, and over the kept steps of its run. Each window is one short turn.
import { healthOn, movedPerStep, normOf, spreadOf, type Seen } from '../../inspect/health'
import { paramTable } from '../../params'
import type { HealthCourse, HealthTold, UpdateFrom } from '../../words/health'
import type { SlotName } from '../../words/look'
import type { Job } from '../desk'
import { evenly, type Looked, type Slots } from './slots'
import { heldOut, LOSS_WINDOWS } from './windows'

/** Kept steps that a course goes through at most, evenly taken; and windows at each. */
const MOST_STEPS = 24
const COURSE_WINDOWS = 2

export async function healthView(slots: Slots, slot: SlotName, job: Job<never>): Promise<HealthTold> {
  const looked = slots.at(slot)
  const windows = looked.info.hasText ? await heldOut(looked, LOSS_WINDOWS) : []
  const seen = windows.length > 0 ? await seenOn(looked, windows, job) : null
  const { weights, step, ratios } = await looked.probe(async ({ weights }, model) => ({
    weights: await weights.state(),
    step: model.step,
    ratios: await model.updateRatios?.(),
  }))
  const { updates, updateFrom } = ratios
    ? { updates: ratios, updateFrom: ratios.size > 0 ? ({ from: 'moments' } as const) : null }
    : await sinceBefore(slots, slot, step, weights)
  return {
    ...{ step, windows: windows.length, window_tokens: windows[0]?.length ?? 0, loss: seen?.loss ?? null, updateFrom },
    tensors: [...weights].map(([name, { shape, data }]) => ({
      ...{ name, shape, norm: normOf(data), ...spreadOf(data) },
      gradient: seen?.gradients.get(name) ?? null,
      update: updates.get(name) ?? null,
    })),
    activations: seen?.activations ?? [],
    dead: seen?.dead ?? new Float32Array(),
    saturated: seen?.saturated ?? new Float32Array(),
  }
}

/** How far the weights moved since the kept step before, for each step between. */
async function sinceBefore(
  slots: Slots,
  slot: SlotName,
  step: number,
  weights: ReadonlyMap<string, { data: Float32Array }>,
): Promise<{ updates: Map<string, number>; updateFrom: UpdateFrom }> {
  const before = (await slots.steps(slot)).findLast((other) => other < step)
  if (before === undefined) return { updates: new Map(), updateFrom: null }
  const from = await slots.weightsOf(slot, before)
  const updates = new Map(
    [...weights].map(([name, { data }]) => [name, movedPerStep(from.get(name)!, data, step - before)]),
  )
  return { updates, updateFrom: { from: 'step', step: before } }
}

export async function courseView(slots: Slots, slot: SlotName, job: Job<never>): Promise<HealthCourse> {
  const { config, hasText } = slots.at(slot).info
  const steps = evenly(await slots.steps(slot), MOST_STEPS)
  const names = paramTable(config).map(({ name }) => name)
  const none: HealthCourse = {
    ...{ steps, tensors: names, activations: [] },
    ...{ spread: blank(steps, names.length), gradient: blank(steps, names.length), update: blank(steps, names.length) },
    ...{ activation: blank(steps, 0), dead: blank(steps, 0), saturated: blank(steps, 0) },
  }
  if (steps.length === 0) return none
  const all: (Seen | null)[] = []
  let before: Map<string, Float32Array> | null = null
  await slots.walk(slot, steps, async (looked, { step, weights }) => {
    await job.pause()
    const i = all.length
    const windows = hasText ? await heldOut(looked, COURSE_WINDOWS) : []
    all.push(windows.length > 0 ? await seenOn(looked, windows, job) : null)
    names.forEach((name, n) => {
      const at = i * names.length + n
      const data = weights.get(name)!
      none.spread[at] = spreadOf(data).std
      none.gradient[at] = all[i]?.gradients.get(name) ?? NaN
      if (before) none.update[at] = movedPerStep(before.get(name)!, data, step - steps[i - 1]!)
    })
    before = weights
  })
  const stacked = (of: (seen: Seen) => ArrayLike<number>) =>
    Float32Array.from(all.flatMap((seen) => (seen ? Array.from(of(seen)) : [])))
  return {
    ...none,
    activations: all[0]?.activations.map(({ address }) => address) ?? [],
    activation: stacked(({ activations }) => activations.map(({ std }) => std)),
    dead: stacked(({ dead }) => dead),
    saturated: stacked(({ saturated }) => saturated),
  }
}

function seenOn(looked: Looked, windows: readonly number[][], job: Job<never>): Promise<Seen> {
  return healthOn(async (use) => {
    await job.pause()
    return looked.probe((probe) => use(probe))
  }, windows)
}

const blank = (steps: readonly number[], count: number) => new Float32Array(steps.length * count).fill(NaN)
