// Every kernel against its reference on this device: small models that have every op between them train a step, write a few tokens and are
// looked into, call by call beside plain JavaScript in double precision (mirror.ts).
import type { Config } from '../config/config'
import { defaultConfig } from '../config/fields'
import { batchOf } from '../data/dataset/loader'
import type { Engine } from '../engine'
import { initWeights } from '../model/init'
import { hash } from '../rng'
import { Decoder } from '../train/decoder'
import { everyOp } from '../train/agrees'
import { Trainer } from '../train/trainer'
import { mirror, type Checked } from './mirror'
import { Probe } from './probe'
import type { Verdict } from '../words/kernels'
import { watched } from './watch'

/** Largest ‖got − want‖ / ‖want‖ of a kernel that agrees: single precision strays by 1e-6 on these sizes. */
export const AGREEMENT = 1e-5

const [B, T, V] = [2, 33, 71]
const SMALL = {
  n_layer: 1,
  n_head: 4,
  n_kv_head: 4,
  n_embd: 64,
  n_inner: 96,
  block_size: T,
  batch_size: B,
  dropout: 0.1,
}
const MODELS = everyOp(SMALL, { n_kv_head: 2, odd: { n_embd: 40, n_inner: 50 } })

/**
 * Checks every kernel that the engine would take for these models; with `variants`, those too that it could take instead. `between` is
 * waited for between calls, with the share that is done. Throws OutOfMemoryError, DeviceLostError.
 */
export async function verify(
  engine: Engine,
  variants: readonly Readonly<Record<string, string>>[],
  between: (share: number) => Promise<void>,
): Promise<Verdict[]> {
  const found = new Map<string, Checked[]>()
  const passes = [{}, ...variants]
  for (const [p, chosen] of passes.entries())
    for (const [i, model] of MODELS.entries()) {
      const tell = (checked: Checked) => {
        const key = [checked.op, checked.pass, ...checked.kernels.map(shortName)].join(' ')
        found.set(key, [...(found.get(key) ?? []), checked])
      }
      const share = (p + i / MODELS.length) / passes.length
      await exercise(
        mirror(engine, chosen, tell, () => between(share)),
        { ...defaultConfig(V), ...model },
      )
    }
  return [...found.values()].map(verdictOf)
}

/** The kernels that an engine could take instead, by op: what calls of these models come up with. */
export async function otherKernels(engine: Engine): Promise<Record<string, string>[]> {
  const { recordAs } = engine
  if (!recordAs || engine.info.software) return []
  const offered = new Map<string, Record<string, string>>()
  for (const model of MODELS) {
    const watching = watched(engine, {}, ({ op, classes }) => {
      for (const { variants, variant } of classes)
        for (const other of variants) if (other !== variant) offered.set(`${op} ${other}`, { [op]: other })
    })
    const config = { ...defaultConfig(V), ...model }
    const trainer = await Trainer.open(watching, config, initWeights(config, 1))
    trainer.destroy()
  }
  return [...offered.values()]
}

/** A step, an evaluation, the size of an update, a few tokens, and a look inside. */
async function exercise(engine: Engine, config: Config): Promise<void> {
  const ids = (stream: number) => Uint32Array.from({ length: B * T }, (_, i) => hash(7, stream, i) % V)
  const batch = batchOf(ids(1), Int32Array.from(ids(2)), V)
  const trainer = await Trainer.open(engine, config, initWeights(config, 1))
  let decoder: Decoder | null = null
  const probe = new Probe(trainer.weights)
  try {
    await trainer.train(0, () => batch)
    await trainer.updates()
    await trainer.updateRatio(0)
    decoder = await Decoder.open(trainer.weights)
    await decoder.draw([...batch.tokens.subarray(0, 5)], { temperature: 0.8, top_k: 0, top_p: 1, seed: 1 }, 0, 2)
    await probe.ask({ tokens: batch.tokens.subarray(0, T), backward: true })
  } finally {
    decoder?.destroy()
    probe.destroy()
    trainer.destroy()
  }
}

function verdictOf(calls: readonly Checked[]): Verdict {
  const [{ op, pass, kernels }] = calls as [Checked]
  const wrote = calls.flatMap((call) => call.wrote)
  const bad = ({ norm, element }: { norm: number; element: number }) =>
    Number.isFinite(norm) && Number.isFinite(element) ? norm : Infinity
  const worst = wrote.reduce((a, b) => (bad(b) > bad(a) ? b : a), wrote[0] ?? NOTHING)
  const times = calls.map(({ ms }) => ms).sort((a, b) => a - b)
  return {
    ...{ op, pass, kernel: kernels.map(shortName).join(' + ') || op, calls: calls.length },
    ...{ norm: worst.norm, element: worst.element, tensor: worst.name, shape: worst.shape },
    ms: times[Math.floor(times.length / 2)]!,
    agrees: worst.norm <= AGREEMENT,
  }
}
/** A call that wrote nothing has shown nothing: it does not agree. */
const NOTHING = { name: '', shape: [], norm: NaN, element: NaN }

/** A kernel without its constants: `matmul.tile.forward`. */
const shortName = (kernel: string) => kernel.replace(/ \{.*$/, '')
