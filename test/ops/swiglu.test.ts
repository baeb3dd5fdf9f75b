import { testOp } from '../check_op'
import { cases } from '../op_case'

testOp('swiglu', cases.swiglu, {
  'one number': { N: 1, C: 1 },
  'odd sizes': { N: 5, C: 7 },
  'from −30 to 30, where tanh and exp run out': { N: 9, C: 31, fill: (i) => (i % 61) - 30 },
  'very large and very small': { N: 4, C: 9, fill: (i, z) => z * 10 ** ((i % 13) - 8) },
  zeros: { N: 3, C: 4, fill: () => 0 },
  'by fours, larger than a workgroup': { N: 65, C: 68 },
  'larger than a workgroup': { N: 67, C: 65 },
})
