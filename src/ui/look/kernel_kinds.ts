// Which ops are drawn alike.
import type { OpName } from '../../engine'

export type Kind = 'product' | 'attention' | 'other'

export function kindOf(op: OpName): Kind {
  if (op === 'matmul') return 'product'
  return op.includes('attention') ? 'attention' : 'other'
}
