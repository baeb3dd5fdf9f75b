// What is seen in a model is what PyTorch sees in it: every view's numbers on the golden cases of kind `inspect`.
import { expect, test } from 'vitest'
import { openCpu } from '../../src/cpu/engine'
import type { Engine } from '../../src/engine'
import { compareInspect, findInspectCases, readInspectCase, runInspectCase } from '../../src/headless/inspect_case'
import { isWithin } from '../../src/headless/parity_case'
import { openGpu } from '../../src/ops/engine'
import { openWasm } from '../../src/wasm/engine'
import { gpu } from '../gpu_env'

const FOLDER = 'test/fixtures/inspect'

const engines: [string, () => Promise<Engine>][] = [
  ['wasm', () => Promise.resolve(openWasm())],
  ['cpu', () => Promise.resolve(openCpu())],
  ['gpu', async () => openGpu({ gpu: await gpu() })],
]

test('the golden cases are there', () => expect(findInspectCases(FOLDER)).toEqual(['inspect-gpt2', 'inspect-llama']))

test.each(engines)('on the %s engine', async (_, open) => {
  const engine = await open()
  for (const name of findInspectCases(FOLDER)) {
    const golden = readInspectCase(FOLDER, name)
    const rows = compareInspect(golden, await runInspectCase(engine, golden))
    expect(rows.length).toBe(15)
    expect(
      rows.filter((row) => !isWithin(row)),
      name,
    ).toEqual([])
  }
  engine.destroy()
})
