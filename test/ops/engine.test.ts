// What the engine says when its device goes away.
import { expect, test } from 'vitest'
import { DeviceLostError } from '../../src/errors'
import { openDevice } from '../../src/gpu/device'
import { GpuEngine } from '../../src/ops/engine'
import { gpu } from '../gpu_env'

test('a loss is told as such, however late the news of it', async () => {
  const opened = await openDevice({ gpu: await gpu() })
  const lost = opened.lost.then(
    (error) => new Promise<DeviceLostError>((resolve) => setTimeout(() => resolve(error), 200)),
  )
  const engine = new GpuEngine({ ...opened, lost })
  const tensor = { label: 'x', shape: [4], dtype: 'f32' as const }
  const [x] = [...(await engine.allocate([{ label: 'x', size: 4, windows: [{ tensor, offset: 0 }] }])).values()]
  const reading = engine.read([x!])
  opened.device.destroy()
  await expect(reading).rejects.toThrow(DeviceLostError)
})
