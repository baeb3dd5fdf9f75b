import { test } from 'vitest'
import { openWasm } from '../../src/wasm/engine'
import { openCpu } from '../../src/cpu/engine'
import { openEngine } from '../../src/train/open_engine'
import { disagreement } from '../../src/train/agrees'
import { Benchmark } from '../../src/train/benchmark'
test('agree', async () => {
  for (let i = 0; i < 3; i++) {
    const t = performance.now()
    const wrong = await disagreement(openWasm(), openCpu())
    console.log(wrong, performance.now() - t)
  }
})
for (const size of (process.env.SIZES ?? 'S').split(','))
test('bench ' + size, async () => {
  const wasm = await Benchmark.open(openWasm(), size as never)
  console.log('losses', wasm.losses.slice(0,5).join(' '))
  const cpu = process.env.NOCPU ? null : await Benchmark.open(openCpu(), size as never)
  for (let r = 0; r < Number(process.env.ROUNDS ?? 3); r++) {
    const a = await wasm.round(Number(process.env.STEPS ?? 10))
    await wasm.product()
    const b = cpu ? await cpu.round(size === 'S' ? 3 : 1) : [0]
    await cpu?.product()
    const med = (x: number[]) => [...x].sort((a,b)=>a-b)[x.length >> 1]!
    console.log(size, 'wasm', med(a).toFixed(2), Math.min(...a).toFixed(2), 'js', med(b).toFixed(1), 'ratio', (med(b)/med(a)).toFixed(2))
  }
  const r = await wasm.result()
  console.log(size, 'product GF/s', r.matmul, 'step GF/s', r.gflop_per_s, 'gen tok/s', r.generation_tokens_per_s, 'first', r.first_step_ms, r.compile_ms)
  if (cpu) console.log('js', (await cpu.result()).matmul)
})
