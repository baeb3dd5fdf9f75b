// GELU (Hendrycks and Gimpel, arXiv 1606.08415), GPT-2's tanh form: out = ½·x·(1 + tanh(u)), u = √(2/π)·(x + 0.044715·x³).
// Computed as out = x·σ(2u), σ(z) = 1/(1 + e^−z), which is the same number: ½·(1 + tanh(u)) = σ(2u).
import { elementwise } from './elementwise'

const SCALE = Math.sqrt(2 / Math.PI)
const sigmoid2u = (x: number) => 1 / (1 + Math.exp(-2 * SCALE * (x + 0.044715 * x * x * x)))

// out = x·σ(2u)  ⇒  out′ = σ + x·σ·(1 − σ)·2u′
export const gelu = elementwise(
  'gelu',
  (x) => x * sigmoid2u(x),
  (x) => {
    const sigma = sigmoid2u(x)
    return sigma + x * sigma * (1 - sigma) * 2 * SCALE * (1 + 3 * 0.044715 * x * x)
  },
  [9, 17],
)
