import { expect, test } from 'vitest'
import { openGpu } from '../../src/ops/engine'
import { testOp } from '../check_op'
import { gpu } from '../gpu_env'
import { cases } from '../op_case'

testOp('residual', cases.residual, {
  'one number': { N: 1, C: 1 },
  'odd sizes': { N: 5, C: 7 },
  'by fours, larger than a workgroup': { N: 65, C: 68 },
  'larger than a workgroup': { N: 67, C: 65 },
})

test('more workgroups than one dimension of a grid takes', async () => {
  const engine = await openGpu({ gpu: await gpu() })
  const size = 65536 * 64 + 127 // odd, so that one workgroup adds 64 elements
  const tensors = await engine.allocate(
    ['a', 'b', 'out'].map((label) => {
      const tensor = { label, shape: [size], dtype: 'f32' as const }
      return { label, size, windows: [{ tensor, offset: 0 }] }
    }),
  )
  const [a, b, out] = ['a', 'b', 'out'].map((label) => tensors.get(label)!)
  const values = new Float32Array(size)
  for (let i = 0; i < size; i++) values[i] = i
  engine.write(a!, values)
  engine.write(b!, values.fill(1))
  const program = engine.ops.residual.forward({ name: 'sum', t: { a: a!, b: b!, out: out! }, attrs: {} })
  await engine.compile(program)
  await engine.run(program)
  const [sums] = await engine.read([out!])
  expect(sums!.findIndex((sum, i) => sum !== i + 1)).toBe(-1)
  engine.destroy()
})
