// The small form of `npm run torture` in a browser: a few kills in training and in calls, a full disk at the first save and later. All three at
// once: most of their time they wait for browsers to open and for runs to be saved.
import { expect, test } from 'vitest'
import { killsInCalls, killsInTraining } from '../torture/kills'
import { quota } from '../torture/quota'
import type { Finding } from '../torture/tally'

const SEED = 1
const quiet = () => {}
const broken = (findings: readonly Finding[]) => findings.flatMap((finding) => finding.broken)

test.concurrent('a browser that is killed in training loses nothing that it showed as saved', async () => {
  expect(broken([await killsInTraining(SEED, 2, quiet)])).toEqual([])
})

test.concurrent('killed in the middle of a copy, nothing is there by halves', async () => {
  expect(broken(await killsInCalls(SEED, 1, quiet))).toEqual([])
})

test.concurrent('on a full disk a run trains on in sight, and is saved once there is room', async () => {
  expect(broken(await quota([20_000], quiet))).toEqual([])
})
