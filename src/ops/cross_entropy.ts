// Softmax cross-entropy: see shaders/cross_entropy.wgsl.
import source from '../../shaders/cross_entropy.wgsl?raw'
import { invariant } from '../errors'
import { grid } from '../gpu/kernel'
import { sharesMemory } from '../gpu/tensor'
import { sizeOf } from '../params'
import { threads, type GpuOp } from './op'

const shader = { name: 'cross_entropy', source }

export const cross_entropy: GpuOp<'cross_entropy'> = (kernels) => ({
  forward({ name, t, attrs }) {
    const [N, V] = [sizeOf(t.losses.shape), t.logits.shape.at(-1)!]
    const constants = { N, V, SMOOTHING: attrs.label_smoothing }
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
    const [N, V] = [sizeOf(t.losses.shape), t.logits.shape.at(-1)!]
    const inPlace = d.dlogits !== undefined && sharesMemory(d.dlogits, t.logits)
    invariant(!(inPlace && adds.has('dlogits')), () => `${name}: dlogits cannot be added to logits that it writes over`)
    const constants = { N, V, SMOOTHING: attrs.label_smoothing, ACCUMULATE: Number(adds.has('dlogits')) }
    return [
      kernels.dispatch(shader, inPlace ? 'backward_in_place' : 'backward', {
        label: `${name}.cross_entropy.dlogits`,
        tensors: { ...t, ...d },
        constants,
        workgroups: threads(N * V),
        flops: 5 * N * V,
      }),
    ]
  },
})
