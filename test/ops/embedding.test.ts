import { testOp } from '../check_op'
import { cases } from '../op_case'

testOp('embedding', cases.embedding, {
  'one token': { B: 1, T: 1, C: 1, V: 1, P: 1 },
  'odd sizes, tokens that never occur, positions beyond T': { B: 3, T: 5, C: 7, V: 23, P: 9 },
  'without positions': { B: 2, T: 6, C: 5, V: 4 },
  'every position the same token': { B: 4, T: 33, C: 3, V: 1, P: 33 },
  'in the middle of a text': { B: 1, T: 3, C: 5, V: 11, P: 9, pos: 4 },
  'larger than a workgroup': { B: 2, T: 65, C: 66, V: 130, P: 70 },
})
