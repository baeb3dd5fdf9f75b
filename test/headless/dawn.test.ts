import * as timers from 'node:timers'
import { expect, test } from 'vitest'
import { gpu } from '../gpu_env'

test('Dawn asks by a timer whether something is done, where the kernels need the core that asks', async () => {
  expect(globalThis.setImmediate).toBe(timers.setImmediate)
  const adapter = (await (await gpu()).requestAdapter())!
  expect(globalThis.setImmediate !== timers.setImmediate).toBe(adapter.info.isFallbackAdapter)
  const device = await adapter.requestDevice()
  await device.queue.onSubmittedWorkDone()
  device.destroy()
})
