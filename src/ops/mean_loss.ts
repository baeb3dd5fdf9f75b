// The batch's mean loss, written to a ring: see shaders/mean_loss.wgsl.
import source from '../../shaders/mean_loss.wgsl?raw'
import { sizeOf } from '../params'
import { noBackward, type GpuOp } from './op'

const shader = { name: 'mean_loss', source }

export const mean_loss: GpuOp<'mean_loss'> = (kernels) => ({
  forward({ name, t }) {
    const N = sizeOf(t.losses.shape)
    return [
      kernels.dispatch(shader, 'forward', {
        label: name,
        tensors: t,
        constants: { N },
        workgroups: [1, 1, 1],
        flops: 2 * N,
      }),
    ]
  },
  backward: noBackward,
})
