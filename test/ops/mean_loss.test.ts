import { testOp } from '../check_op'
import { cases } from '../op_case'

testOp('mean_loss', cases.mean_loss, {
  'one loss': { N: 1 },
  'an odd number, the first slot': { N: 37, slot: 0 },
  'rows of their own weights': { N: 131, weighted: true },
  'more than a workgroup, the last slot': { N: 1001, slot: 1023 },
})
