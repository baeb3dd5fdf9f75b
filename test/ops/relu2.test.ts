import { testOp } from '../check_op'
import { cases } from '../op_case'

testOp('relu2', cases.relu2, {
  'one number': { N: 1, C: 1 },
  'odd sizes': { N: 5, C: 7 },
  'zeros, and below': { N: 3, C: 4, fill: (i) => -(i % 3) },
  'from −30 to 30': { N: 9, C: 31, fill: (i) => (i % 61) - 30 },
  'by fours, larger than a workgroup': { N: 65, C: 68 },
  'larger than a workgroup': { N: 67, C: 65 },
})
