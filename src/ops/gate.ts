// Gates: see shaders/gate.wgsl.
import text from '../../shaders/gate.wgsl?raw'
import { gateSpan } from '../engine'
import { grid } from '../gpu/kernel'
import { sizeOf } from '../params'
import { elements, type GpuOp } from './op'

const source = { name: 'gate', source: text }

export const gate: GpuOp<'gate'> = (kernels) => ({
  forward({ name, t, attrs }) {
    const { shader, constants, workgroups } = plan(t, attrs.positions)
    return [
      kernels.dispatch(shader, 'forward', {
        label: `${name}.gate`,
        tensors: t,
        constants,
        workgroups,
        flops: constants.SIZE,
      }),
    ]
  },
  backward({ name, t, d, adds, attrs }) {
    const { shader, constants, workgroups } = plan(t, attrs.positions)
    const write = (key: 'dx' | 'dgate', entry: string, workgroups: [number, number, number], flops: number) =>
      d[key]
        ? [
            kernels.dispatch(shader, entry, {
              label: `${name}.gate.${key}`,
              tensors: { ...t, ...d },
              constants: { ...constants, ACCUMULATE: Number(adds.has(key)) },
              workgroups,
              flops,
            }),
          ]
        : []
    return [
      ...write('dx', 'backward_x', workgroups, constants.SIZE),
      ...write('dgate', 'backward_gate', grid(constants.G), 2 * constants.SIZE),
    ]
  },
})

function plan(t: Parameters<typeof gateSpan>[0], positions: boolean) {
  const [SIZE, G] = [sizeOf(t.x.shape), sizeOf(t.gate.shape)]
  const SPAN = gateSpan(t, positions)
  return { ...elements(source, SIZE, SPAN), constants: { SIZE, SPAN, G } }
}
