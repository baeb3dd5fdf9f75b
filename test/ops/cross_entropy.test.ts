import { expect, test } from 'vitest'
import { openCpu } from '../../src/cpu/engine'
import type { Engine, Tensor, Work } from '../../src/engine'
import { openGpu } from '../../src/ops/engine'
import { Rng } from '../../src/rng'
import { openWasm } from '../../src/wasm/engine'
import { testOp } from '../check_op'
import { gpu } from '../gpu_env'
import { cases } from '../op_case'

testOp('cross_entropy', cases.cross_entropy, {
  'one token to choose from': { N: 1, V: 1 },
  'odd sizes': { N: 5, V: 7 },
  'targets not counted': { N: 7, V: 5, ignore: 3 },
  'no target counted': { N: 4, V: 5, ignore: 1 },
  'rows of their own weights': { N: 9, V: 11, label_smoothing: 0.1, ignore: 4, weighted: true },
  'label smoothing, targets not counted': { N: 9, V: 11, label_smoothing: 0.1, ignore: 4 },
  'a vocabulary wider than a workgroup': { N: 3, V: 199, label_smoothing: 0.2 },
  'logits of ±80': { N: 6, V: 8, fill: (_, z) => 80 * Math.sign(z) },
  'logits all the same': { N: 5, V: 9, label_smoothing: 0.3, fill: () => -3 },
})

/** Loss and gradient of some logits [N, V]; `inPlace`: dlogits is another name of their memory. */
async function lossAndGradient<T extends Tensor, W extends Work>(
  engine: Engine<T, W>,
  { N, V, logits }: { N: number; V: number; logits: ArrayLike<number> },
  inPlace = true,
): Promise<Float32Array[]> {
  const tensor = (label: string, shape: number[], dtype: 'f32' | 'i32' = 'f32') => ({ label, shape, dtype })
  const alone = [
    tensor('targets', [N], 'i32'),
    ...['losses', 'lse', 'scale'].map((label) => tensor(label, [N])),
    ...(inPlace ? [] : [tensor('dlogits', [N, V])]),
  ].map((tensor) => ({
    label: tensor.label,
    size: tensor.shape.reduce((a, b) => a * b),
    windows: [{ tensor, offset: 0 }],
  }))
  const names = inPlace ? ['logits', 'dlogits'] : ['logits']
  const windows = names.map((label) => ({ tensor: tensor(label, [N, V]), offset: 0 }))
  const placed = await engine.allocate([...alone, { label: 'logits', size: N * V, windows }])
  const at = (label: string) => placed.get(label)!
  engine.write(at('logits'), Float32Array.from(logits))
  engine.write(
    at('targets'),
    Int32Array.from({ length: N }, (_, n) => (n % 3 === 1 ? -1 : n % V)),
  )
  engine.write(at('scale'), new Float32Array(N).fill(1 / N))
  const t = { logits: at('logits'), targets: at('targets'), scale: at('scale'), losses: at('losses'), lse: at('lse') }
  const call = { name: 'head', t, attrs: { label_smoothing: 0.1 } }
  const { forward, backward } = engine.ops.cross_entropy
  const program = [...forward(call), ...backward({ ...call, d: { dlogits: at('dlogits') }, adds: new Set() })]
  await engine.compile(program)
  await engine.run(program)
  const read = await engine.read([at('losses'), at('dlogits')])
  engine.free(placed.values())
  return read
}

test('in place of the logits the gradient has the same bits', async () => {
  const sizes = { N: 7, V: 21 }
  const rng = new Rng(1, 79)
  const logits = Float32Array.from({ length: sizes.N * sizes.V }, () => 3 * rng.normal())
  for (const engine of [await openGpu({ gpu: await gpu() }), openCpu(), openWasm()]) {
    const apart = await lossAndGradient(engine as Engine, { ...sizes, logits }, false)
    expect(await lossAndGradient(engine as Engine, { ...sizes, logits })).toEqual(apart)
    expect(apart[1]!.some((d) => d !== 0)).toBe(true)
    engine.destroy()
  }
})
