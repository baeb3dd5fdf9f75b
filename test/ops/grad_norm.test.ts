import { testOp } from '../check_op'
import { cases } from '../op_case'

testOp('grad_norm', cases.grad_norm, {
  'one number': { size: 1 },
  'fewer than the partial sums': { size: 77, slot: 0 },
  'more than all workgroups at once, not a multiple': { size: 16385 + 70 },
  'the third of three arenas': { size: 1000, arenas: 3, slot: 1023 },
  zeros: { size: 300, fill: () => 0 },
  'one large among small': { size: 5000, fill: (i, z) => (i === 4711 ? 1e6 : z) },
})
