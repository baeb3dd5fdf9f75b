// Token and position embedding: see shaders/embedding.wgsl.
import source from '../../shaders/embedding.wgsl?raw'
import { sizeOf } from '../params'
import { threads, type GpuOp } from './op'

const shader = { name: 'embedding', source }

export const embedding: GpuOp<'embedding'> = (kernels) => ({
  forward({ name, t }) {
    const entry = !t.wpe ? 'forward' : t.pos ? 'forward_positions_from' : 'forward_positions'
    const constants = { ...sizes(t), P: 0 }
    const size = sizeOf(t.out.shape)
    return [
      kernels.dispatch(shader, entry, {
        label: `${name}.embedding`,
        tensors: t,
        constants,
        workgroups: threads(size),
        flops: size,
      }),
    ]
  },
  backward({ name, t, d, adds }) {
    const write = (key: 'dwte' | 'dwpe', entry: string) => {
      const target = d[key]
      if (!target) return []
      const constants = { ...sizes(t), P: t.wpe?.shape[0] ?? 0, ACCUMULATE: Number(adds.has(key)) }
      const workgroups = threads(sizeOf(target.shape))
      return [
        kernels.dispatch(shader, entry, {
          label: `${name}.embedding.${key}`,
          tensors: { ...t, ...d },
          constants,
          workgroups,
          flops: sizeOf(t.out.shape),
        }),
      ]
    }
    return [...write('dwte', 'backward_wte'), ...write('dwpe', 'backward_wpe')]
  },
})

function sizes(t: { tokens: { shape: readonly number[] }; wte: { shape: readonly number[] } }) {
  const [B = 1, T = 1] = t.tokens.shape
  const [V = 1, C = 1] = t.wte.shape
  return { B, T, C, V }
}
