import { testOp } from '../check_op'
import { cases } from '../op_case'

testOp('rmsnorm', cases.rmsnorm, {
  'one number': { N: 1, C: 1, eps: 0.5 },
  'odd sizes': { N: 5, C: 7 },
  'wider than a workgroup': { N: 3, C: 131 },
  'by fours, teams of 16, rows left over': { N: 37, C: 192 },
  'by fours, a whole workgroup a row': { N: 3, C: 772 },
  'more rows than a workgroup': { N: 150, C: 6 },
  'rows of equal values': { N: 4, C: 9, fill: (i) => Math.floor(i / 9) },
  'large and small rows': { N: 6, C: 33, fill: (i, z) => z * 10 ** (Math.floor(i / 33) - 3) },
})
