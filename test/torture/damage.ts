// Every kind of damage to everything that is kept, through the real RunStore: what is damaged is named, and what comes back is what was
// written once. Runs beside it stay as they are, byte for byte; the next save mends the run, and a delete leaves nothing of it.
import 'fake-indexeddb/auto'
import { isDeepStrictEqual } from 'node:util'
import { createStore, del, entries, get, set } from 'idb-keyval'
import { newRecord } from '../../src/storage/run_record'
import { RunStore, type LoadedRun, type Progress } from '../../src/storage/runs'
import { checkpointKey, openKey, pieceKey, runKey, sharedKey } from '../../src/storage/keys'
import { seal, unseal } from '../../src/storage/sealed'
import type { RunRecord } from '../../src/storage/schema'
import { Rng } from '../../src/rng'
import type { Checkpoint, RunSpec } from '../../src/words/run'
import { TEXT, tinyCheckpoint, tinyHistory, tinySpec } from '../storage/tiny'
import { named, Tally, type Finding } from './tally'

/** Long enough that each list of steps has a closed piece beside its open end. */
const STEPS = { before: 600, newest: 700, next: 800 } as const
type Key = IDBValidKey[]

const otherSpec: RunSpec = { ...tinySpec, name: 'other', corpus: { ...tinySpec.corpus, fingerprint: '1'.repeat(64) } }
const progress = (latest: Checkpoint): Progress => ({
  status: 'paused',
  reason: null,
  latest,
  best: null,
  last_val_loss: 2,
  best_val_loss: 1.9,
  history: tinyHistory(latest.meta.step),
})

/** A store with three runs: the one that is hit, one on the same text, and one on a text of its own. */
class House {
  readonly name = `torture-${Math.random()}`
  readonly store = new RunStore(this.name)
  readonly raw = createStore(this.name, 'kept')
  hit!: RunRecord
  beside!: RunRecord
  apart!: RunRecord

  static async build(): Promise<House> {
    const house = new House()
    const grown = async (spec: RunSpec, text: string, offset: number) => {
      let run = newRecord(spec, 100)
      for (const step of [STEPS.before, STEPS.newest])
        run = await house.store.save(run, text, progress(tinyCheckpoint(step + offset, spec)))
      return run
    }
    house.hit = await grown(tinySpec, TEXT, 0)
    house.beside = await grown(tinySpec, TEXT, 1)
    // At the same steps as the one that is hit, with other weights.
    house.apart = await grown(otherSpec, TEXT.toUpperCase(), 0)
    const spec = house.apart.spec
    const checkpoint = tinyCheckpoint(STEPS.newest, spec)
    for (const { data } of checkpoint.tensors.values()) data.forEach((x, i) => (data[i] = x / 2))
    house.apart = await house.store.save(house.apart, null, progress(checkpoint))
    return house
  }

  /** Everything that the one that is hit is made of. */
  parts(): Record<string, Key> {
    const { id, kept } = this.hit
    return {
      record: runKey(id),
      'newest checkpoint': checkpointKey(id, kept.latest!.serial),
      'checkpoint before': checkpointKey(id, kept.previous!.serial),
      piece: pieceKey(id, 'steps', 0),
      'open end': openKey(id),
      text: sharedKey('text', tinySpec.corpus.fingerprint),
    }
  }
  /** The same part of the run apart from it. */
  twin(key: Key): Key {
    if (key[0] === 'shared') return sharedKey('text', otherSpec.corpus.fingerprint)
    const [kind, , ...rest] = key
    if (kind !== 'checkpoint') return [kind!, this.apart.id, ...rest]
    const { kept } = this.hit
    const role = rest[0] === kept.latest!.serial ? 'latest' : 'previous'
    return checkpointKey(this.apart.id, this.apart.kept[role]!.serial)
  }
  bytes = async (key: Key) => (await get<Uint8Array>(key, this.raw))!
  put = (key: Key, value: unknown) => set(key, value, this.raw)

  /** What belongs to others, as text; the text that all share only where it was not hit. */
  async others(butNot: Key): Promise<string> {
    const all = await entries<Key, unknown>(this.raw)
    return all
      .filter(([key]) => !key.includes(this.hit.id) && String(key) !== String(butNot))
      .map(
        ([key, value]) => `${String(key)} ${value instanceof Uint8Array ? Buffer.from(value).toString('base64') : ''}`,
      )
      .sort()
      .join('\n')
  }
}

interface Kind {
  name: string
  /** Parts that it can befall; all where it is absent. */
  of?: readonly string[]
  do(house: House, key: Key, rng: Rng): Promise<unknown>
}

const changed = (bytes: Uint8Array, change: (file: ReturnType<typeof unseal>) => void) => {
  const file = unseal(bytes)
  change(file)
  return seal(file.tensors, file.metadata)
}
const CHECKPOINTS = ['newest checkpoint', 'checkpoint before']

const KINDS: readonly Kind[] = [
  {
    name: 'one flipped bit',
    async do(house, key, rng) {
      const bytes = (await house.bytes(key)).slice()
      const bit = rng.below(bytes.length * 8)
      bytes[bit >> 3]! ^= 1 << (bit & 7)
      await house.put(key, bytes)
    },
  },
  {
    name: 'cut short',
    do: async (house, key, rng) => {
      const bytes = await house.bytes(key)
      await house.put(key, bytes.slice(0, rng.below(bytes.length)))
    },
  },
  { name: 'empty', do: (house, key) => house.put(key, new Uint8Array(0)) },
  {
    name: 'not bytes',
    do: (house, key, rng) => house.put(key, ['bytes', 42, null, [], {}, new Float64Array(9), true][rng.below(7)]),
  },
  {
    name: 'of zeros',
    do: async (house, key) => house.put(key, new Uint8Array((await house.bytes(key)).length)),
  },
  {
    name: 'of another step',
    of: CHECKPOINTS,
    async do(house, key) {
      const { previous, latest } = house.hit.kept
      const from = key[2] === latest!.serial ? previous! : latest!
      await house.put(key, await house.bytes(checkpointKey(house.hit.id, from.serial)))
    },
  },
  // A text says by its fingerprint whose it is: the worker asks for it before it trains.
  {
    name: 'of another run',
    of: ['record', ...CHECKPOINTS, 'piece', 'open end'],
    do: async (house, key) => house.put(key, await house.bytes(house.twin(key))),
  },
  {
    name: 'of another kind',
    async do(house, key, rng) {
      const others = Object.values(house.parts()).filter((other) => String(other) !== String(key))
      await house.put(key, await house.bytes(others[rng.below(others.length)]!))
    },
  },
  {
    name: 'two of the run swapped',
    of: CHECKPOINTS,
    async do(house, key) {
      const { previous, latest } = house.hit.kept
      const other = checkpointKey(house.hit.id, key[2] === latest!.serial ? previous!.serial : latest!.serial)
      const [mine, theirs] = [await house.bytes(key), await house.bytes(other)]
      await house.put(key, theirs)
      await house.put(other, mine)
    },
  },
  {
    name: 'under a wrong key',
    async do(house, key) {
      const bytes = await house.bytes(key)
      await del(key, house.raw)
      const wrong = key[0] === 'run' ? runKey(`${house.hit.id}x`) : [...key.slice(0, -1), 99]
      await house.put(wrong, bytes)
      return wrong
    },
  },
  {
    name: 'of a newer version',
    async do(house, key) {
      await house.put(
        key,
        changed(await house.bytes(key), ({ metadata }) => metadata.set('version', '3')),
      )
    },
  },
  { name: 'missing', do: (house, key) => del(key, house.raw) },
  {
    name: 'not a number, sealed',
    of: CHECKPOINTS,
    async do(house, key, rng) {
      const bytes = changed(await house.bytes(key), ({ tensors }) => {
        const all = [...tensors.values()]
        all[rng.below(all.length)]!.data[0] = [NaN, Infinity, -Infinity][rng.below(3)]!
      })
      await house.put(key, bytes)
    },
  },
  {
    name: 'a tensor missing, sealed',
    of: [...CHECKPOINTS, 'piece', 'open end', 'text'],
    async do(house, key, rng) {
      const bytes = changed(await house.bytes(key), ({ tensors }) => {
        const names = [...tensors.keys()]
        tensors.delete(names[rng.below(names.length)]!)
      })
      await house.put(key, bytes)
    },
  },
  {
    name: 'no meta, sealed',
    of: ['record', ...CHECKPOINTS, 'piece', 'open end'],
    async do(house, key, rng) {
      const meta = ['null', '[]', '{}', '7', '"x"', '', '{"entries":7}', '{"list":"steps"}'][rng.below(8)]!
      await house.put(
        key,
        changed(await house.bytes(key), ({ metadata }) => metadata.set('meta', meta)),
      )
    },
  },
]

/** The rows of a run's steps up to one, as text. */
function rowsOf({ history }: Pick<LoadedRun, 'history'>): string[] {
  return Array.from(history.steps.rows(), (row) => JSON.stringify(row))
}
const WRITTEN = rowsOf({ history: tinyHistory(STEPS.newest) })

const sameWeights = (a: Checkpoint, b: Checkpoint) =>
  a.meta.step === b.meta.step &&
  [...a.tensors].every(([name, { data }]) => {
    const other = b.tensors.get(name)?.data
    return other?.length === data.length && data.every((x, i) => x === other[i])
  })

/** What is wrong with a run that was hit and comes back. */
function wrongWith({ record, checkpoint, history, text, damage }: LoadedRun): string[] {
  const wrong: string[] = []
  const written = [STEPS.before, STEPS.newest].map((step) => tinyCheckpoint(step))
  if (checkpoint && !written.some((one) => sameWeights(one, checkpoint)))
    wrong.push(`it opens with weights that were never its own (step ${checkpoint.meta.step})`)
  const own = record.spec.corpus.fingerprint === otherSpec.corpus.fingerprint ? TEXT.toUpperCase() : TEXT
  if (text !== null && text !== own) wrong.push('it opens with a text that is not its own')
  const rows = rowsOf({ history })
  const taken = new Set(WRITTEN)
  const strange = rows.filter((row) => !taken.has(row)).length
  if (strange > 0) wrong.push(`${strange} steps of its history were never taken`)
  const isWhole = checkpoint?.meta.step === STEPS.newest && rows.length === STEPS.newest
  // A text that is not there says so by itself.
  if (!isWhole && damage.length === 0)
    wrong.push(`nothing says that it is damaged: step ${checkpoint?.meta.step ?? '–'}, ${rows.length} steps of history`)
  return wrong
}

/** One kind of damage to one part: what is wrong with how it ends. */
async function trial(kind: Kind, part: string, rng: Rng): Promise<string[]> {
  const house = await House.build()
  const key = house.parts()[part]!
  const before = await house.others(key)
  const wrongKey = await kind.do(house, key, rng)
  const aside = Array.isArray(wrongKey) ? (wrongKey as Key) : key
  const hitValue = await get<unknown>(key, house.raw)
  const wrong: string[] = []
  const store = new RunStore(house.name)
  const { id } = house.hit
  /** The result, or null where it was refused with a name. */
  const attempt = async <T>(what: string, call: () => Promise<T>): Promise<T | null> => {
    try {
      return await call()
    } catch (error) {
      if (!named(error)) wrong.push(`${what} threw ${String(error)}`)
      return null
    }
  }
  const othersStay = async (when: string) => {
    const now = (await house.others(key)).split('\n').filter((line) => !line.startsWith(`${String(aside)} `))
    const lost = before.split('\n').filter((line) => !now.includes(line))
    if (lost.length > 0) wrong.push(`${when}, ${lost.length} records of other runs are not what they were`)
  }

  const list = await attempt('the list', () => store.list())
  if (list && !list.runs.some((run) => run.id === house.apart.id)) wrong.push('another run is not listed any more')
  const loaded = await attempt('opening', () => store.load(id))
  const isListed = list?.runs.some((run) => run.id === id) ?? false
  const isNamed = list?.unreadable.some((run) => run.id === id) ?? false
  if (loaded) wrong.push(...wrongWith(loaded))
  if (!loaded && isListed) wrong.push('it is listed as readable and does not open')
  if (!loaded && !isNamed && part !== 'record') wrong.push('it is not named as unreadable')
  await attempt('what takes space', () => store.space())
  for (const run of [house.beside, house.apart]) {
    const other = await attempt('opening another', () => store.load(run.id))
    const hurts = part === 'text' && run === house.beside
    if (!other || (other.damage.length > 0 && !hurts)) wrong.push('another run does not open whole')
  }
  await attempt('freeing', () => store.free())
  await othersStay('after freeing')
  if (loaded && part !== 'text' && !(await attempt('opening after freeing', () => store.load(id))))
    wrong.push('freeing took what it needs')
  await attempt('renaming', () => store.rename(id, 'renamed'))
  if (list && isNamed && list.unreadable.some((run) => run.id === id && run.isNewer)) {
    if (!isDeepStrictEqual(await house.bytes(key), hitValue)) wrong.push('a newer record was changed')
  } else if (loaded) {
    const next = tinyCheckpoint(STEPS.next, loaded.record.spec)
    const saved = await attempt('saving', () => store.save(loaded.record, loaded.text ?? TEXT, progress(next)))
    const again = saved && (await attempt('opening again', () => new RunStore(house.name).load(id)))
    if (!again || again.damage.length > 0 || again.checkpoint?.meta.step !== STEPS.next)
      wrong.push(`the next save does not mend it: ${again?.damage.join(' ') ?? 'it does not open'}`)
  }
  await othersStay('after a save')
  await attempt('deleting', () => store.delete(id))
  const left = (await entries<Key, unknown>(house.raw)).filter(([k]) => k[0] !== 'needs' && k[1] === id)
  if (left.length > 0 && (isListed || isNamed)) wrong.push(`${left.length} records of it are left after a delete`)
  await othersStay('after a delete')
  return wrong
}

/** Every kind of damage to every part that it can befall, `rounds` times where chance has a say. */
export async function damage(seed: number, rounds: number): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const [i, kind] of KINDS.entries()) {
    const tally = new Tally(`damage: ${kind.name}`)
    const rng = new Rng(seed, 7000 + i)
    const parts = kind.of ?? ['record', ...CHECKPOINTS, 'piece', 'open end', 'text']
    const isChance = kind.do.length > 2
    for (let round = 0; round < (isChance ? rounds : 1); round++)
      for (const part of parts) tally.add(`${part}, round ${round}`, await trial(kind, part, rng))
    findings.push(tally.finding)
  }
  return findings
}
