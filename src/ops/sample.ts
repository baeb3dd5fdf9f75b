// The next token, drawn on the device: see shaders/sample.wgsl.
import source from '../../shaders/sample.wgsl?raw'
import { invariant } from '../errors'
import { sizeOf } from '../params'
import { STREAM } from '../rng'
import { noBackward, type GpuOp } from './op'
import { SAMPLE } from './shared'

const shader = { name: 'sample', source }

export const sample: GpuOp<'sample'> = (kernels) => ({
  forward({ name, t }) {
    const V = t.logits.shape.at(-1)!
    invariant(V <= SAMPLE.last_id + 1, () => `${name}: a place in the order has 16 bits for one of ${V} tokens`)
    return [
      kernels.dispatch(shader, 'forward', {
        label: name,
        tensors: t,
        constants: { V, FIRST: sizeOf(t.logits.shape) - V, STREAM: STREAM.sample },
        workgroups: [1, 1, 1],
        // A cut or a draw passes about six times over the row, with one or two exponentials an element.
        flops: 50 * V,
      }),
    ]
  },
  backward: noBackward,
})
