import { testOp } from '../check_op'
import { cases } from '../op_case'

testOp('attention', cases.attention, {
  'one token': { B: 1, T: 1, NH: 1, NKV: 1, HS: 1 },
  'odd sizes, several heads': { B: 2, T: 5, NH: 3, NKV: 3, HS: 7 },
  'grouped queries': { B: 2, T: 9, NH: 6, NKV: 2, HS: 4 },
  'one key head for all, dropout': { B: 2, T: 6, NH: 4, NKV: 1, HS: 3, p: 0.3, stream: 5 },
  'longer than a workgroup, dropout': { B: 1, T: 97, NH: 2, NKV: 2, HS: 10, p: 0.1, stream: 1 },
  'heads larger than flash attention takes': { B: 1, T: 6, NH: 2, NKV: 1, HS: 80 },
  'scores of ±80': { B: 1, T: 12, NH: 2, NKV: 1, HS: 4, fill: (i, z) => (i % 16 < 12 ? 6.3 * Math.sign(z) : z) },
  'equal keys': { B: 1, T: 11, NH: 2, NKV: 2, HS: 5, fill: (i, z) => (i % 30 >= 10 && i % 30 < 20 ? 1 : z) },
})
