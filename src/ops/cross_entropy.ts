// Softmax cross-entropy: see shaders/cross_entropy.wgsl.
import source from '../../shaders/cross_entropy.wgsl?raw'
import type { Tensor } from '../engine'
import { invariant } from '../errors'
import { grid } from '../gpu/kernel'
import { sharesMemory } from '../gpu/tensor'
import { sizeOf } from '../params'
import { threads, type GpuOp } from './op'

const shader = { name: 'cross_entropy', source }

export const cross_entropy: GpuOp<'cross_entropy'> = (kernels) => ({
  forward({ name, t, attrs }) {
    const { N, V, constants } = plan(t, attrs)
    return [
      kernels.dispatch(shader, 'forward', {
        label: `${name}.cross_entropy`,
        tensors: t,
        constants,
        workgroups: grid(N),
        flops: 5 * N * V,
      }),
    ]
  },
  backward({ name, t, d, adds, attrs }) {
    const { N, V, PITCH, constants } = plan(t, attrs)
    const inPlace = d.dlogits !== undefined && sharesMemory(d.dlogits, t.logits)
    invariant(!(inPlace && adds.has('dlogits')), () => `${name}: dlogits cannot be added to logits that it writes over`)
    return [
      kernels.dispatch(shader, inPlace ? 'backward_in_place' : 'backward', {
        label: `${name}.cross_entropy.dlogits`,
        tensors: { ...t, ...d },
        constants: { ...constants, ACCUMULATE: Number(adds.has('dlogits')) },
        workgroups: threads(N * PITCH),
        flops: 5 * N * V,
      }),
    ]
  },
})

function plan({ logits, losses }: { logits: Tensor; losses: Tensor }, attrs: { label_smoothing: number; V?: number }) {
  const [N, PITCH] = [sizeOf(losses.shape), logits.shape.at(-1)!]
  const V = attrs.V ?? PITCH
  return { N, V, PITCH, constants: { N, V, ...(PITCH > V && { PITCH }), SMOOTHING: attrs.label_smoothing } }
}
