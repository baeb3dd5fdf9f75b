// Which kernels were chosen on this device, kept so that no visit measures them again and a resumed run computes the same bits.
// A convenience, not a person's work: where the disk says no, they are measured anew.
import { get, set, type UseStore } from 'idb-keyval'
import * as v from 'valibot'
import type { KernelChoice } from '../engine'
import { openStore } from './database'
import { ChoicesSchema } from './schema'

/** Counted up when a kernel changes so that its old times say nothing any more. */
const VERSION = 1

let opened: UseStore | null = null
const store = () => (opened ??= openStore('glasshouse-device', 'kernels'))
const keyOf = (adapter: string) => `${VERSION} ${adapter}`

/** Choices made on an adapter before; none where nothing is kept or the disk cannot be read. */
export async function recallKernels(adapter: string): Promise<KernelChoice[]> {
  const kept = v.safeParse(ChoicesSchema, await get(keyOf(adapter), store()).catch(() => null))
  return kept.success ? kept.output : []
}

/** Keeps what was chosen; a disk that is full or closed to this page keeps nothing, and loses nothing that cannot be measured. */
export async function keepKernels(adapter: string, choices: readonly KernelChoice[]): Promise<void> {
  await set(keyOf(adapter), choices, store()).catch(() => undefined)
}
