import { testOp } from '../check_op'
import { cases } from '../op_case'

testOp('cross_entropy', cases.cross_entropy, {
  'one token to choose from': { N: 1, V: 1 },
  'odd sizes': { N: 5, V: 7 },
  'targets not counted': { N: 7, V: 5, ignore: 3 },
  'no target counted': { N: 4, V: 5, ignore: 1 },
  'label smoothing, targets not counted': { N: 9, V: 11, label_smoothing: 0.1, ignore: 4 },
  'a vocabulary wider than a workgroup': { N: 3, V: 199, label_smoothing: 0.2 },
  'logits of ±80': { N: 6, V: 8, fill: (_, z) => 80 * Math.sign(z) },
  'logits all the same': { N: 5, V: 9, label_smoothing: 0.3, fill: () => -3 },
})
