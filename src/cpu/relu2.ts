// Squared ReLU (So et al., arXiv 2109.08668): out = max(x, 0)².
import { elementwise } from './elementwise'

// out = max(x, 0)²  ⇒  out′ = 2·max(x, 0)
export const relu2 = elementwise(
  'relu2',
  (x) => Math.max(x, 0) ** 2,
  (x) => 2 * Math.max(x, 0),
  [2, 3],
)
