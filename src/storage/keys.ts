// The addresses of everything in the one object store. A key is a list; in IndexedDB's order a list is greater than any text, so
// [...key, []] is the end of all that begins with `key`.
//
//   ['run', id]                          a run's record
//   ['checkpoint', id, serial]           a checkpoint
//   ['keyframe', id, step, size_bytes]   the weights of a step, to look back at; the key has the size, so that a list reads none
//   ['history', id, list, piece]         a closed piece of one of the history's lists; ['history', id, 'open'] has their open ends
//   ['shared', kind, name]               what several runs may need: a text by its fingerprint
//   ['needs', kind, name, id]            that this run needs it: its size in bytes. Says so whether or not the run can be read
//
// Version 1 had ['history', id], a history as a whole, and ['text', fingerprint], of which only the runs' records knew who needs it.
import type { Keyframe } from '../words/keyframes'

/** What belongs to one run: the first word of its keys. */
export const KINDS_OF_RUN = ['run', 'history', 'checkpoint', 'keyframe']

/** What several runs may need. */
export type SharedKind = 'text'

export const runKey = (id: string) => ['run', id]
export const checkpointKey = (id: string, serial: number) => ['checkpoint', id, serial]
export const keyframeKey = (id: string, { step, size_bytes }: Keyframe) => ['keyframe', id, step, size_bytes]
export const pieceKey = (id: string, list: string, piece: number) => ['history', id, list, piece]
export const openKey = (id: string) => ['history', id, 'open']
export const wholeHistoryKey = (id: string) => ['history', id]
export const sharedKey = (kind: SharedKind, name: string) => ['shared', kind, name]
export const needKey = (kind: SharedKind, name: string, id: string) => ['needs', kind, name, id]
export const bareTextKey = (fingerprint: string) => ['text', fingerprint]

/** The key itself and all that begins with it. */
export const under = (...key: string[]) => IDBKeyRange.bound(key, [...key, []])
