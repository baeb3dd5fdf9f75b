import { testOp } from '../check_op'
import { cases } from '../op_case'

testOp('adamw', cases.adamw, {
  'one number': { size: 1, decayed: 1 },
  'odd sizes, half decayed': { size: 77, decayed: 33 },
  'nothing decayed, the first step': { size: 64, decayed: 0, step: 1 },
  'a gradient to be clipped': { size: 65, decayed: 65, grad_clip: 1, norm: 25 },
  'a gradient shorter than the clip': { size: 65, decayed: 10, grad_clip: 1, norm: 0.5 },
  'gradients of zero': { size: 20, decayed: 7, step: 1000, fill: () => 0 },
  'gradients of 1e-12 and 1e6': { size: 40, decayed: 7, fill: (i, z) => z * (i % 2 ? 1e-12 : 1e6) },
  'by fours, half decayed, clipped': { size: 2000, decayed: 1012, grad_clip: 1, norm: 25 },
  'by fours but for what is decayed': { size: 80, decayed: 33 },
  'larger than a workgroup': { size: 5001, decayed: 2048 },
})
