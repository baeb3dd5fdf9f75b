// Products by subgroups. The variant needs eight lanes, and vectors as narrow as the other tests have them leave four: it would not be taken.
import { expect, test } from 'vitest'
import { openDevice } from '../../src/gpu/device'
import { testOp } from '../check_op'
import { gpu } from '../gpu_env'
import { cases } from '../op_case'
import { bits, large } from './products'

// Mesa reads it when the first device is opened.
process.env['LP_NATIVE_VECTOR_WIDTH'] = '256'

test('subgroups have eight lanes or more', async () => {
  const { device, info } = await openDevice({ gpu: await gpu() })
  expect(device.features.has('subgroups')).toBe(true)
  expect(info.subgroupMinSize).toBeGreaterThanOrEqual(8)
  device.destroy()
})

testOp('matmul', cases.matmul, large, undefined, ['subgroup'])

test.each([
  ['nn, nt and tn', false],
  ['nt, nn and tn', true],
])('the same bits as the plain variant, %s', async (_, transposed) => {
  expect(await bits('subgroup', transposed)).toEqual(await bits('plain', transposed))
})
