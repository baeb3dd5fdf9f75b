// Files and records with something changed in them, read by what reads them: each is refused with a name, or gives exactly what was
// written. Where an edit has a seal of its own, or a file of version 1 none at all, what it gives must be whole and pass every check.
// Nothing else is ever thrown. Time is measured, not judged.
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { Rng } from '../../src/rng'
import { decodeCheckpoint, encodeCheckpoint } from '../../src/storage/checkpoint'
import { historyToJson, unpackHistory } from '../../src/storage/history'
import { joinPieces, piecesOf, writeOpen, writePiece } from '../../src/storage/pieces'
import { readRun, readText, writeRun, writeText } from '../../src/storage/record'
import { newRecord } from '../../src/storage/run_record'
import { writeSafetensors } from '../../src/storage/safetensors'
import { seal, unseal } from '../../src/storage/sealed'
import { describePiece } from '../../src/storage/pieces'
import { TEXT, tinyCheckpoint, tinyHistory, tinySpec } from '../storage/tiny'
import { named, Tally, Worst, type Finding } from './tally'

/** Something that is kept or exported, and what reads it. */
interface Source {
  name: string
  bytes: Uint8Array
  /** What the bytes say, as text that is the same only for the same; throws where they say nothing that holds. */
  read(bytes: Uint8Array): string
  /** Without a seal a change that leaves it whole cannot be told. */
  isBare?: boolean
}

const STEPS = 700
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')

/** A checkpoint is what it is written as. What cannot be written again was no checkpoint. */
const readCheckpoint = (bytes: Uint8Array) => {
  const { checkpoint, extra } = decodeCheckpoint(bytes)
  return base64(encodeCheckpoint(checkpoint, extra))
}

/** The fixture's profile: what a page of version 1 kept. */
function oldProfile(): { key: IDBValidKey[]; value: unknown }[] {
  const revived = (_: string, value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value
    const { $u8, $f64, $number } = value as Record<string, string | undefined>
    if ($u8 !== undefined) return new Uint8Array(Buffer.from($u8, 'base64'))
    if ($f64 !== undefined) return Array.from(new Float64Array(new Uint8Array(Buffer.from($f64, 'base64')).buffer))
    return $number === undefined ? value : Number($number)
  }
  const json = gunzipSync(readFileSync('test/fixtures/profile_v1.json.gz')).toString()
  const { databases } = JSON.parse(json, revived) as {
    databases: { glasshouse: { stores: { kept: { key: IDBValidKey[]; value: unknown }[] } } }
  }
  return databases.glasshouse.stores.kept
}

function sources(): Source[] {
  const history = tinyHistory(STEPS)
  const checkpoint = tinyCheckpoint(STEPS)
  const record = { ...newRecord(tinySpec, 100), id: 'a', history: piecesOf(history) }
  record.kept = { latest: { serial: 2, step: STEPS, size_bytes: 9 }, previous: null, best: null }
  const piece = writePiece(history, 'steps', 0)
  const open = writeOpen(history)
  const joined = (onePiece: Uint8Array, end: Uint8Array) => {
    const { history: read, damage } = joinPieces(piecesOf(history), () => onePiece, end)
    // Left out, and named.
    return damage.length > 0 ? refused(damage) : historyToJson(read)
  }
  const text = new TextEncoder().encode(TEXT)
  const old = oldProfile()
  const kept = (kind: string) => old.find(({ key, value }) => key[0] === kind && value !== undefined)!.value
  const asJson = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))
  const parsed = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes))
  return [
    {
      name: 'exported run',
      bytes: encodeCheckpoint(checkpoint, { text, history, notes: 'of mine' }),
      read: readCheckpoint,
    },
    { name: 'checkpoint', bytes: encodeCheckpoint(checkpoint), read: readCheckpoint },
    {
      name: 'record',
      bytes: writeRun(record),
      read: (bytes) => {
        const run = readRun('a', bytes)
        readRun('a', writeRun(run))
        return JSON.stringify(run)
      },
    },
    {
      name: 'piece',
      bytes: piece,
      read: (bytes) => {
        describePiece(bytes)
        return joined(bytes, open)
      },
    },
    { name: 'open end', bytes: open, read: (bytes) => joined(piece, bytes) },
    { name: 'text', bytes: writeText(TEXT), read: (bytes) => base64(readText(bytes)) },
    { name: 'checkpoint, version 1', bytes: kept('checkpoint') as Uint8Array, read: readCheckpoint, isBare: true },
    {
      name: 'record, version 1',
      bytes: asJson(kept('run')),
      read: (bytes) => JSON.stringify(readRun('a', parsed(bytes))),
      isBare: true,
    },
    {
      name: 'history, version 1',
      bytes: asJson(kept('history')),
      read: (bytes) => historyToJson(unpackHistory(parsed(bytes))),
      isBare: true,
    },
  ]
}

class Refused extends Error {
  override name = 'Refused'
}
function refused(damage: readonly string[]): never {
  throw new Refused(damage.join(' '))
}

/** A change to bytes; null where it has nothing to change in these. `isFresh`: what it makes has a seal of its own. */
interface Mutation {
  name: string
  isFresh?: boolean
  make(bytes: Uint8Array, rng: Rng, isBare: boolean): Uint8Array | null
}

const LENGTH_BYTES = 8
const lengthOf = (bytes: Uint8Array) => Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true))
const isSafetensors = (bytes: Uint8Array) => bytes[LENGTH_BYTES] === 0x7b && bytes[0] !== 0x7b

const spliced = (bytes: Uint8Array, at: number, remove: number, insert: Uint8Array) => {
  const rest = bytes.subarray(at + remove)
  const all = new Uint8Array(at + insert.length + rest.length)
  all.set(bytes.subarray(0, at))
  all.set(insert, at)
  all.set(rest, at + insert.length)
  return all
}
const random = (length: number, rng: Rng) => Uint8Array.from({ length }, () => rng.below(256))
const pick = <T>(from: readonly T[], rng: Rng) => from[rng.below(from.length)]!

/** Values that no field expects, most of them. */
const ODD: readonly unknown[] = [
  null,
  true,
  [],
  {},
  '',
  'x',
  'NaN',
  -1,
  0,
  0.5,
  1e308,
  -1e308,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  2 ** 53 - 1,
  '\u0000',
  '\ud800',
  [[[[[[[[]]]]]]]],
  { __proto__x: 1 },
  Array.from({ length: 100 }, () => 0),
  '🦜'.repeat(20),
]

/** One place somewhere inside gets another value, goes, or comes twice. */
function edited(value: unknown, rng: Rng): unknown {
  const copy: unknown = structuredClone(value)
  const places: { of: Record<string, unknown>; name: string }[] = []
  const walk = (node: unknown) => {
    if (typeof node !== 'object' || node === null) return
    const of = node as Record<string, unknown>
    const names = Object.keys(of)
    // Of a long list a few places stand for all.
    const some = Array.isArray(node) && names.length > 20 ? Array.from({ length: 6 }, () => pick(names, rng)) : names
    for (const name of some) {
      places.push({ of, name })
      walk(of[name])
    }
  }
  walk(copy)
  if (places.length === 0 || rng.below(20) === 0) return pick(ODD, rng)
  const { of, name } = pick(places, rng)
  const way = rng.below(5)
  if (way === 0) {
    if (Array.isArray(of)) of.splice(Number(name), 1)
    else Reflect.deleteProperty(of, name)
  } else if (way === 1 && Array.isArray(of)) of.push(of[Number(name)])
  else if (way === 1) of[`${name}x`] = of[name]
  else if (way === 2 && typeof of[name] === 'number') of[name] = of[name] + pick([1, -1, 0.5, 1e9, -1e9], rng)
  else if (way === 3) {
    const other = pick(places, rng)
    of[name] = structuredClone(other.of[other.name])
  } else of[name] = pick(ODD, rng)
  return copy
}

/** The header as text, replaced by another with its length set right. */
function withHeader(bytes: Uint8Array, change: (header: string) => string): Uint8Array {
  const length = lengthOf(bytes)
  const header = new TextDecoder().decode(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length))
  const next = new TextEncoder().encode(change(header))
  const all = spliced(bytes, LENGTH_BYTES, length, next)
  new DataView(all.buffer).setBigUint64(0, BigInt(next.length), true)
  return all
}

/** As it would be written, with a seal; or as version 1 wrote it. */
const written = ({ tensors, metadata }: Pick<ReturnType<typeof unseal>, 'tensors' | 'metadata'>, isBare: boolean) =>
  isBare ? writeSafetensors(tensors, metadata) : seal(tensors, metadata)

const MUTATIONS: readonly Mutation[] = [
  {
    name: 'one flipped bit',
    make(bytes, rng) {
      const copy = bytes.slice()
      const bit = rng.below(bytes.length * 8)
      copy[bit >> 3]! ^= 1 << (bit & 7)
      return copy
    },
  },
  {
    name: 'one flipped bit of the header',
    make(bytes, rng) {
      const copy = bytes.slice()
      const bit = rng.below((LENGTH_BYTES + Math.min(lengthOf(bytes), bytes.length - LENGTH_BYTES)) * 8)
      copy[bit >> 3]! ^= 1 << (bit & 7)
      return copy
    },
  },
  {
    name: 'several bytes',
    make(bytes, rng) {
      const copy = bytes.slice()
      const length = 1 + rng.below(64)
      copy.set(random(length, rng).subarray(0, bytes.length), rng.below(Math.max(1, bytes.length - length)))
      return copy
    },
  },
  { name: 'cut short', make: (bytes, rng) => bytes.slice(0, rng.below(bytes.length)) },
  {
    name: 'cut out',
    make: (bytes, rng) => spliced(bytes, rng.below(bytes.length), 1 + rng.below(64), new Uint8Array(0)),
  },
  {
    name: 'put in',
    make: (bytes, rng) => spliced(bytes, rng.below(bytes.length), 0, random(1 + rng.below(64), rng)),
  },
  {
    name: 'header edited, length set right',
    make(bytes, rng) {
      if (!isSafetensors(bytes)) return null
      return withHeader(bytes, (header) => {
        const at = rng.below(header.length)
        const put = pick(['', '"', '{', '}', '[', ']', ',', '0', '9'.repeat(20), '\\', 'null', '\u0000', '-'], rng)
        return header.slice(0, at) + put + header.slice(at + rng.below(4))
      })
    },
  },
  {
    name: 'header edited as JSON, length set right',
    make(bytes, rng) {
      if (!isSafetensors(bytes)) return null
      return withHeader(bytes, (header) => JSON.stringify(edited(JSON.parse(header), rng)) ?? '')
    },
  },
  {
    name: 'meta edited, fresh seal',
    isFresh: true,
    make(bytes, rng, isBare) {
      if (!isSafetensors(bytes)) {
        const value: unknown = JSON.parse(new TextDecoder().decode(bytes))
        return new TextEncoder().encode(JSON.stringify(edited(value, rng)))
      }
      const file = unseal(bytes)
      const meta: unknown = JSON.parse(file.metadata.get('meta')!)
      file.metadata.set('meta', JSON.stringify(edited(meta, rng)))
      return written(file, isBare)
    },
  },
  {
    name: 'metadata edited, fresh seal',
    isFresh: true,
    make(bytes, rng, isBare) {
      if (!isSafetensors(bytes)) return null
      const file = unseal(bytes)
      const name = pick([...file.metadata.keys()], rng)
      if (rng.below(3) === 0) file.metadata.delete(name)
      else file.metadata.set(name, pick(['', '0', '1', '2', '3', 'null', '[]', 'run', 'history', 'text'], rng))
      return written(file, isBare)
    },
  },
  {
    name: 'numbers edited, fresh seal',
    isFresh: true,
    make(bytes, rng, isBare) {
      if (!isSafetensors(bytes)) return null
      const file = unseal(bytes.slice())
      const names = [...file.tensors.keys()]
      if (names.length === 0) return null
      const name = pick(names, rng)
      const tensor = file.tensors.get(name)!
      const way = rng.below(5)
      if (way === 0) file.tensors.delete(name)
      else if (way === 1) file.tensors.set(`${name}x`, tensor)
      else if (way === 2) file.tensors.set(name, file.tensors.get(pick(names, rng))!)
      else if (way === 3) file.tensors.set(name, { dtype: 'U8', shape: [2], data: random(2, rng) })
      else tensor.data[rng.below(tensor.data.length)] = pick([NaN, Infinity, -Infinity, -1, 1e30, 0, 255], rng)
      return written(file, isBare)
    },
  },
]

const ms = (time: number) => (time < 10 ? time.toFixed(1) : String(Math.round(time)))

/** Reads one input; what is wrong with how that ended. */
function trial(source: Source, original: string, mutation: Mutation, input: Uint8Array): string[] {
  let result: string
  try {
    result = source.read(input)
  } catch (error) {
    if (named(error) || error instanceof Refused) return []
    // Records of version 1 are objects: what is no JSON never was one.
    if (error instanceof SyntaxError && !isSafetensors(source.bytes)) return []
    return [`${mutation.name} threw ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`]
  }
  if (result === original || mutation.isFresh || source.isBare) return []
  return [`${mutation.name} was accepted, and is not what was written`]
}

/** `count` inputs, shared evenly by all that is kept and all that can be changed in it. */
export function mutations(seed: number, count: number): Finding[] {
  const all = sources()
  const findings = all.map((source, i) => {
    const tally = new Tally(`mutated: ${source.name}`)
    const worst = new Worst()
    const rng = new Rng(seed, 8000 + i)
    const original = source.read(source.bytes)
    const share = Math.ceil(count / all.length)
    for (let n = 0, skipped = 0; n < share;) {
      const mutation = MUTATIONS[(n + skipped) % MUTATIONS.length]!
      const input = mutation.make(source.bytes, rng, source.isBare ?? false)
      if (!input) {
        skipped++
        continue
      }
      const from = performance.now()
      tally.add(`input ${n}`, trial(source, original, mutation, input))
      worst.see(performance.now() - from, mutation.name)
      n++
    }
    tally.worst = `${ms(worst.value)} ms (${worst.where})`
    return tally.finding
  })
  return [...findings, hostile()]
}

/** Headers and metadata that are made to take long. */
function hostile(): Finding {
  const tally = new Tally('hostile headers')
  const worst = new Worst()
  const header = (json: string, numbers = 0) => {
    const bytes = new TextEncoder().encode(json)
    const all = new Uint8Array(LENGTH_BYTES + bytes.length + numbers)
    new DataView(all.buffer).setBigUint64(0, BigInt(bytes.length), true)
    all.set(bytes, LENGTH_BYTES)
    return all
  }
  const empty = (n: number) =>
    Array.from({ length: n }, (_, i) => `"t${i}":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`).join(',')
  const meta = (json: string) =>
    seal(
      new Map(),
      new Map([
        ['format', 'glasshouse-checkpoint'],
        ['version', '2'],
        ['meta', json],
      ]),
    )
  const claims = (length: bigint) => {
    const bytes = new Uint8Array(64).fill(0x20)
    new DataView(bytes.buffer).setBigUint64(0, length, true)
    bytes[LENGTH_BYTES] = 0x7b
    return bytes
  }
  const honest: { spec: { config: Record<string, number> } } & Record<string, unknown> = JSON.parse(
    JSON.stringify(tinyCheckpoint(1).meta),
  )
  const huge = (field: string, value: number) =>
    meta(JSON.stringify({ ...honest, spec: { ...honest.spec, config: { ...honest.spec.config, [field]: value } } }))
  const vocab = Array.from({ length: 200_000 }, (_, i) => `"${i}"`).join(',')
  const inputs: Record<string, Uint8Array> = {
    '4 MB of nested lists': header(`{"a":${'['.repeat(2_000_000)}${']'.repeat(2_000_000)}}`),
    '4 MB of open lists': header(`{"a":${'['.repeat(4_000_000)}`),
    '4 MB of nested objects': header(`{"a":${'{"a":'.repeat(800_000)}`),
    '4 MB of empty lists': header(`{"a":[${'[],'.repeat(1_300_000)}[]]}`),
    '23.5 MB of empty tensors': header(`{${empty(400_000)}}`),
    '15 MB of empty tensors': header(`{${empty(260_000)}}`),
    '29,000 empty tensors': header(`{${empty(9_600)}}`),
    '15 MB of one text': header(`{"a":"${'x'.repeat(15_000_000)}"}`),
    '15 MB of quotes': header(`{"a":${'"'.repeat(15_000_000)}}`),
    '15 MB of blanks': header(`{${' '.repeat(15_000_000)}}`),
    '15 MB of blanks after names': header(`{${`"a"${' '.repeat(50)},`.repeat(270_000)}}`),
    '15 MB of names in one object': header(`{${Array.from({ length: 1_300_000 }, (_, i) => `"${i}":0`).join(',')}}`),
    '15 MB of a number': header(`{"a":${'9'.repeat(15_000_000)}}`),
    'a header of 2⁶⁴ − 1 bytes': claims(2n ** 64n - 1n),
    'a header of 2⁵³ bytes': claims(2n ** 53n),
    'a header of 100 MB': claims(100_000_000n),
    '12 MB of nested lists as meta': meta('['.repeat(6_000_000) + ']'.repeat(6_000_000)),
    '12 MB of empty lists as meta': meta(`[${'[],'.repeat(4_000_000)}[]]`),
    '12 MB of names as meta': meta(`{${Array.from({ length: 1_000_000 }, (_, i) => `"${i}":0`).join(',')}}`),
    '12 MB of one name as meta': meta(`{${'"a":0,'.repeat(2_000_000)}"a":0}`),
    '200,000 tokens of another vocabulary': meta(
      JSON.stringify({ ...honest, spec: { ...honest.spec, tokenizer: { kind: 'char', vocab: [] } } }).replace(
        '"vocab":[]',
        `"vocab":[${vocab}]`,
      ),
    ),
    'a million layers': huge('n_layer', 1_000_000),
    'a thousand million layers': huge('n_layer', 1_000_000_000),
    'a width of 2⁵³ − 1': huge('n_embd', 2 ** 53 - 1),
    'a vocabulary of 2⁵³ − 1': huge('vocab_size', 2 ** 53 - 1),
    'a context of 2⁵³ − 1': huge('block_size', 2 ** 53 - 1),
    'a shape of 2⁵³ − 1': header('{"a":{"dtype":"F32","shape":[9007199254740991],"data_offsets":[0,0]}}'),
    'a shape of ten thousand sizes': header(
      `{"a":{"dtype":"F32","shape":[${'2,'.repeat(10_000)}2],"data_offsets":[0,0]}}`,
    ),
    'offsets of 2⁵³ − 1': header(
      '{"a":{"dtype":"F32","shape":[1],"data_offsets":[9007199254740987,9007199254740991]}}',
    ),
  }
  for (const [name, bytes] of Object.entries(inputs)) {
    const from = performance.now()
    const wrong: string[] = []
    try {
      decodeCheckpoint(bytes)
      wrong.push('was accepted')
    } catch (error) {
      if (!named(error)) wrong.push(`threw ${String(error)}`)
    }
    worst.see(performance.now() - from, name)
    tally.add(name, wrong)
  }
  tally.worst = `${ms(worst.value)} ms (${worst.where})`
  return tally.finding
}
