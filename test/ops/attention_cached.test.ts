import { testOp } from '../check_op'
import { cases } from '../op_case'

testOp('attention_cached', cases.attention_cached, {
  'the first token of all': { T: 1, P: 1, pos: 0, NH: 1, NKV: 1, HS: 1 },
  'one token in the middle, the cache beyond it stale': { T: 1, P: 9, pos: 4, NH: 3, NKV: 3, HS: 5 },
  'a prompt at the beginning': { T: 7, P: 12, pos: 0, NH: 4, NKV: 2, HS: 6 },
  'a chunk up to the end, grouped queries': { T: 5, P: 11, pos: 6, NH: 6, NKV: 1, HS: 3 },
  'a past longer than a workgroup': { T: 3, P: 140, pos: 131, NH: 2, NKV: 2, HS: 10 },
  'a whole context in one pass': { T: 70, P: 70, pos: 0, NH: 2, NKV: 1, HS: 4 },
  'scores of ±80': { T: 2, P: 16, pos: 8, NH: 2, NKV: 1, HS: 4, fill: (_, z) => 40 * z },
})
