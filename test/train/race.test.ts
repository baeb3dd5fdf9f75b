// Two engines compared by one product: from made-up clocks, since a real one says something else each time.
import { expect, test, vi } from 'vitest'
import { race } from '../../src/train/race'
import { openWasm } from '../../src/wasm/engine'

/** A WebAssembly engine whose product takes so long, and whose every report comes so late. */
function taking(ms: number, late: number) {
  const engine = openWasm()
  engine.run = (_, times = 1) => {
    clock += ms * times + late
    return Promise.resolve()
  }
  return engine
}
let clock = 0

test('the time of a product is what a row of them takes beyond one, however late reports come', async () => {
  vi.spyOn(performance, 'now').mockImplementation(() => clock)
  expect(await race(taking(3, 100), taking(1.5, 0))).toEqual({ size: 256, gpu_ms: 3, processor_ms: 1.5 })
  // Nine slow ones would take too long; one is enough to tell.
  expect((await race(taking(400, 0), taking(1, 0))).gpu_ms).toBe(400)
  expect((await race(taking(0, 100), taking(1, 0))).gpu_ms).toBe(0.01)
  vi.restoreAllMocks()
})
