// What the matrices of a model are multiplied with: the second moments Σ x xᵀ of the inputs of each, over windows of a text. They tell which
// errors of a matrix its output feels. A tied embedding counts as the head that it is.
import type { ModelConfig } from '../config/config'
import { paramTable } from '../params'
import { gatheredAddress, layers } from './addresses'
import { gateLabels } from '../words/gates'
import type { Between, Probe } from './probe'

/** The address of the inputs [T, width] of each matrix that has some, by its parameter's name. */
export function inputAddresses(c: ModelConfig, turned: ReadonlySet<string>): Map<string, string> {
  const found = new Map<string, string>()
  for (const l of layers(c)) {
    const h = `transformer.h.${l}`
    found.set(`${h}.attn.c_attn.weight`, `h.${l}.ln1`)
    found.set(`${h}.attn.c_proj.weight`, gatheredAddress(l, turned))
    found.set(`${h}.mlp.c_fc.weight`, `h.${l}.ln2`)
    const isTurned = turned.has(gateLabels(l).neurons)
    found.set(`${h}.mlp.c_proj.weight`, isTurned ? `h.${l}.mlp.fch_gated` : `h.${l}.mlp.fch_${c.mlp}`)
  }
  found.set(c.tie ? 'transformer.wte.weight' : 'lm_head.weight', 'lnf')
  return found
}

/** Second moments [width, width] by parameter name. Throws as `Probe.ask` does. */
export async function inputMoments(
  probe: Probe,
  windows: readonly ArrayLike<number>[],
  between?: Between,
): Promise<Map<string, Float64Array>> {
  const { config, weights } = probe
  const addresses = inputAddresses(config, weights.turned)
  const shapes = new Map(paramTable(config).map(({ name, shape }) => [name, shape]))
  const widthOf = (name: string) => shapes.get(name)![name.startsWith('transformer.h.') ? 0 : 1]!
  const moments = new Map([...addresses.keys()].map((name) => [name, new Float64Array(widthOf(name) ** 2)]))
  const keep = [...new Set(addresses.values())]
  for (const [i, tokens] of windows.entries()) {
    const { tensors } = await probe.ask({ tokens, keep })
    for (const [name, address] of addresses) add(moments.get(name)!, tensors.get(address)!.data, widthOf(name))
    await between?.((i + 1) / windows.length)
  }
  for (const [name, sum] of moments) mirror(sum, widthOf(name))
  return moments
}

function add(sum: Float64Array, rows: Float32Array, width: number): void {
  for (let from = 0; from < rows.length; from += width)
    for (let i = 0; i < width; i++) {
      const x = rows[from + i]!
      if (x === 0) continue
      for (let j = 0; j <= i; j++) sum[i * width + j]! += x * rows[from + j]!
    }
}

function mirror(sum: Float64Array, width: number): void {
  for (let i = 0; i < width; i++) for (let j = 0; j < i; j++) sum[j * width + i] = sum[i * width + j]!
}
