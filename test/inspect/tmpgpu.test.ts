import { expect, test } from 'vitest'
import { otherKernels, verify } from '../../src/inspect/verify'
import { openGpu } from '../../src/ops/engine'
import { gpu } from '../gpu_env'
import { Xray } from '../../src/inspect/xray'
import { measurePeaks } from '../../src/inspect/peaks'
import { defaultConfig } from '../../src/config/fields'
import { batchOf } from '../../src/data/dataset/loader'
test('gpu', async () => {
  const engine = await openGpu({ gpu: await gpu() })
  console.log(engine.info.name, engine.info.software, JSON.stringify(await otherKernels(engine)))
  const v = await verify(engine, [], () => Promise.resolve())
  console.log(v.map((x) => [x.op, x.pass, x.kernel, x.calls, x.norm.toExponential(1), x.element.toExponential(1), x.tensor, x.ms.toFixed(1), x.agrees].join(' ')).join('\n'))
  expect(v.filter((x) => !x.agrees)).toEqual([])
  const config = { ...defaultConfig(13), n_layer: 1, n_head: 2, n_kv_head: 2, n_embd: 16, n_inner: 24, block_size: 8, batch_size: 2, dropout: 0 }
  const ids = Array.from({ length: 16 }, (_, i) => (5 * i) % 13)
  const x = await Xray.open(engine, config, batchOf(ids, ids, 13))
  const m = await x.measure((use) => use())
  console.log(m.by, m.step_ms, m.pieces.slice(0, 5), m.classes, Object.keys(m.sources).length)
  console.log(await measurePeaks(engine, (use) => use()))
}, 900000)
