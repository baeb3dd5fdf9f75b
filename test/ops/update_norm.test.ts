import { testOp } from '../check_op'
import { cases } from '../op_case'

testOp('update_norm', cases.update_norm, {
  'one number': { size: 1, decayed: 1 },
  'fewer than the partial sums, half of them decayed': { size: 77, decayed: 33 },
  'the first step': { size: 64, decayed: 64, step: 1 },
  'more than all workgroups at once, not a multiple': { size: 16385 + 70, decayed: 16385 + 3 },
  'the third of three arenas': { size: 1000, decayed: 800, arenas: 3 },
  'moments of zero': { size: 300, decayed: 200, fill: () => 0 },
  'one large among small': { size: 5000, decayed: 5000, fill: (i, z) => (i === 4711 ? 1e6 : z) },
})
