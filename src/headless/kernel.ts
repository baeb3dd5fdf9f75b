// `npm run kernel -- list | wgsl | tensors | tensor`: looks into the first step of a golden case; see step_views.ts.
import { engineFor, forced, oneOf, pathOf, readFlags, runProgram, UsageError, type Io } from './command'
import { findCases, readCase } from './golden'
import { dispatchList, kernelSources, tensorList, tensorValues } from './step_views'

const USAGE = `npm run kernel -- list [WORD]        the dispatches of a training step: label, kernel, overrides, arithmetic
npm run kernel -- wgsl WORD          the final WGSL of the kernels whose label or name has WORD in it, prelude and constants included
npm run kernel -- tensors [WORD]     the tensors of a training step: address, shape, type
npm run kernel -- tensor ADDRESS     a tensor's values after the first step: h.0.attn.atty, h.1.mlp.dfch, logits

Looks into the first training step of a golden case.
  --golden DIR         a folder of golden cases (test/fixtures/golden)
  --case NAME          which of them (gpt2-tiny)
  --engine gpu|wasm|cpu  which engine (gpu); wasm: WebAssembly, cpu: the reference in plain JavaScript
  --kernel OP=VARIANT  the kernel that OP takes where it can, as in --kernel matmul=plain or "flash_attention=quad"; may be given
                       more than once. A name that no call can take is answered with those that can`

const VIEWS = ['list', 'wgsl', 'tensors', 'tensor'] as const

/** Prints one view of a training step. */
export async function main(args: readonly string[], io: Io): Promise<number> {
  const { values: flags, positionals } = readFlags(USAGE, args, {
    golden: { type: 'string' },
    case: { type: 'string', default: 'gpt2-tiny' },
    engine: { type: 'string', default: 'gpu' },
    kernel: { type: 'string', multiple: true },
  })
  const [what, word = '', ...more] = positionals
  if (what === undefined || more.length > 0) throw new UsageError(USAGE)
  const view = VIEWS.find((name) => name === what)
  if (!view) throw new UsageError(`There is no "${what}"; there are ${VIEWS.join(', ')}.\n\n${USAGE}`)
  if (word === '' && (view === 'wgsl' || view === 'tensor')) throw new UsageError(`${view} of what?\n\n${USAGE}`)
  const folder = flags.golden === undefined ? 'test/fixtures/golden' : pathOf(flags.golden)
  const golden = readCase(folder, oneOf('case', flags.case, findCases(folder)))
  if (view === 'tensors') {
    io.out(tensorList(golden, word))
    return 0
  }
  const engine = await engineFor(flags.engine, io, forced(flags.kernel))
  try {
    const of = { list: dispatchList, wgsl: kernelSources, tensor: tensorValues }[view]
    io.out(await of(engine, golden, word))
  } finally {
    engine.destroy()
  }
  return 0
}

await runProgram(import.meta.url, main)
