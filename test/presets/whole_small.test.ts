// The small presets, trained until they have reached what they promise. On the CPU engine, which gives the same bits on every
// machine and is what a browser without WebGPU trains on; that the GPU computes the same is held elsewhere (parity, ops).
import { test } from 'vitest'
import { openCpu } from '../../src/cpu/engine'
import { beatsTrigrams, newNames, recites, sortsNineOfTen } from './promises'
import { openPreset, wholeRun } from './train'

test('names: beats the trigram line, with names that are new', async () => {
  const run = await openPreset(openCpu(), 'names', { change: { eval_iters: 20 } })
  await wholeRun('names', run, { from: 600, every: 50, to: 800 }, () => beatsTrigrams(run))
  await newNames(run)
})

test('sort-letters: nine of ten unseen words are right', async () => {
  const run = await openPreset(openCpu(), 'sort-letters')
  await wholeRun('sort-letters', run, { from: 700, every: 100, to: 1200 }, () => sortsNineOfTen(run))
})

test('by-heart: recites its paragraph word for word', async () => {
  const run = await openPreset(openCpu(), 'by-heart')
  await wholeRun('by-heart', run, { from: 450, every: 50, to: 500 }, () => recites(run))
})
