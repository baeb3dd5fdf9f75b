import { testOp } from '../check_op'
import { cases } from '../op_case'

testOp('layernorm', cases.layernorm, {
  'one number': { N: 1, C: 1, bias: true },
  'odd sizes': { N: 5, C: 7 },
  'odd sizes, bias': { N: 5, C: 7, bias: true },
  'wider than a workgroup': { N: 3, C: 131, bias: true },
  'by fours, teams of 16, rows left over': { N: 37, C: 192, bias: true },
  'by fours, a whole workgroup a row': { N: 3, C: 772 },
  'more rows than a workgroup': { N: 150, C: 6, bias: true },
  'rows of equal values': { N: 4, C: 9, bias: true, fill: (i) => Math.floor(i / 9) },
  'rows far from zero': { N: 4, C: 9, bias: true, fill: (i, z) => 4 * Math.floor(i / 18) + z },
  'rows of zeros': { N: 4, C: 9, bias: true, fill: () => 0 },
  'large and small rows': { N: 6, C: 33, fill: (i, z) => z * 10 ** (Math.floor(i / 33) - 3) },
})
