import { testOp } from '../check_op'
import { cases } from '../op_case'

testOp('rope', cases.rope, {
  'one pair': { B: 1, T: 1, NH: 1, NKV: 1, HS: 2 },
  'several heads, odd sizes': { B: 3, T: 5, NH: 3, NKV: 3, HS: 6 },
  'grouped heads, a table longer than T': { B: 2, T: 7, NH: 6, NKV: 2, HS: 10, P: 16 },
  'in the middle of a text': { B: 1, T: 3, NH: 4, NKV: 1, HS: 8, P: 12, pos: 9 },
  'in the middle of a text, pairs not by fours': { B: 1, T: 3, NH: 4, NKV: 1, HS: 6, P: 12, pos: 9 },
  'by fours, larger than a workgroup': { B: 2, T: 33, NH: 6, NKV: 3, HS: 24, P: 40 },
  'larger than a workgroup': { B: 2, T: 65, NH: 5, NKV: 5, HS: 34 },
})
