// A kernel's text is its instructions: each is named, and a small kernel reads as WebAssembly's text format has it.
import { expect, test } from 'vitest'
import { verify } from '../../src/inspect/verify'
import { openWasm } from '../../src/wasm/engine'
import { kernel, pointers, integers, textOf } from '../../src/wasm/kernel'

const doubled = kernel('doubled', { ...pointers('x', 'out'), ...integers('i') }, ({ x, out, i }) => {
  out.store(i, x.at(i).mul(2).add(-0.5))
})

test('a small kernel', () => {
  expect(textOf([doubled])).toMatchInlineSnapshot(`
    "(func $doubled
      (param $x i32)
      (param $out i32)
      (param $i i32)
      local.get $out
      local.get $i
      i32.const 2
      i32.shl
      i32.add
      local.get $x
      local.get $i
      i32.const 2
      i32.shl
      i32.add
      f32.load
      f32.const 2
      f32.mul
      f32.const -0.5
      f32.add
      f32.store)"
  `)
})

test('every instruction that a kernel uses has a name', async () => {
  const engine = openWasm()
  const names = new Set<string>()
  const kernelOf = engine.kernelOf.bind(engine)
  engine.kernelOf = (work) => {
    const told = kernelOf(work)
    names.add(told.name)
    // As deep at the end as at the start: nothing was read as an operand that is none.
    let depth = 0
    for (const line of told.source.split('\n')) {
      if (/^\s*(block|loop|if)\b/.test(line)) depth++
      if (/^\s*end\b/.test(line)) depth--
    }
    expect(depth, told.name).toBe(0)
    return told
  }
  await verify(engine, [], () => Promise.resolve())
  expect(names.size).toBeGreaterThan(30)
})
