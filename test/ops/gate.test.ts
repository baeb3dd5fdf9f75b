import { testOp } from '../check_op'
import { cases } from '../op_case'

testOp('gate', cases.gate, {
  'one number': { N: 1, M: 1, G: 1 },
  'one gate for all, odd sizes': { N: 5, M: 7, G: 1 },
  'heads of an odd size': { N: 5, M: 9, G: 3 },
  'heads by fours': { N: 6, M: 24, G: 3 },
  neurons: { N: 7, M: 12, G: 12 },
  'positions, by fours': { N: 10, M: 8, G: 5, positions: true },
  'positions, more than a workgroup': { N: 134, M: 3, G: 67, positions: true },
  'one gate for more than a workgroup': { N: 37, M: 21, G: 1 },
})
