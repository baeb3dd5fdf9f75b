import { testOp } from '../check_op'
import { cases } from '../op_case'

testOp('dropout', cases.dropout, {
  'one number': { N: 1, C: 1, p: 0.5 },
  'odd sizes': { N: 5, C: 7, p: 0.2, stream: 3 },
  'nothing dropped': { N: 3, C: 5, p: 0 },
  'nearly all dropped': { N: 40, C: 9, p: 0.9 },
  'by fours, larger than a workgroup': { N: 65, C: 68, p: 0.3, stream: 4 },
  'larger than a workgroup': { N: 67, C: 65, p: 0.1, stream: 12 },
})
