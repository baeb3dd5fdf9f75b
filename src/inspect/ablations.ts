// What each part is worth: the mean loss of a text with one gate at 0, minus the loss as the model is; and what the loss says about turning
// each gate a little, its gradient. Parts that stand in for one another look worthless one by one.
import { gateTable } from '../model/gates'
import { gateLabels, POSITION_GATES } from '../words/gates'
import type { Gates } from '../words/run'
import { layers } from './addresses'
import type { Between, Probe, Question } from './probe'

/** A number for each part: head [L, NH], attn and mlp [L]; positions, where the model has learned ones. Nats a token. */
export interface ByPart {
  head: Float32Array
  attn: Float32Array
  mlp: Float32Array
  positions: number | null
}

/** How much the mean loss rises with each part off, and what it is with all as they are. Throws as `Probe.losses` does. */
export async function ablate(probe: Probe, question: Question, between?: Between): Promise<ByPart & { clean: number }> {
  const c = probe.config
  const own = { ...probe.weights.gates, ...question.gates }
  const counts = new Map(gateTable(c).map(({ label, count }) => [label, count]))
  const off = (label: string, which?: number): Gates => ({
    [label]: Array.from({ length: counts.get(label)! }, (_, i) =>
      which === undefined || which === i ? 0 : (own[label]?.[i] ?? 1),
    ),
  })
  const heads = layers(c).flatMap((l) => Array.from({ length: c.n_head }, (_, h) => off(gateLabels(l).heads, h)))
  const attn = layers(c).map((l) => off(gateLabels(l).attn))
  const mlp = layers(c).map((l) => off(gateLabels(l).mlp))
  const positions = counts.has(POSITION_GATES) ? [off(POSITION_GATES)] : []
  const [clean, ...losses] = await probe.losses(question, [{}, ...heads, ...attn, ...mlp, ...positions], between)
  const next = (n: number) => Float32Array.from(losses.splice(0, n), (loss) => loss - clean!)
  return {
    clean: clean!,
    head: next(heads.length),
    attn: next(attn.length),
    mlp: next(mlp.length),
    positions: next(positions.length)[0] ?? null,
  }
}

/** d(mean loss)/d(gate) of each part, at the gates as they are. `positions` is the sum over them all. Throws as `Probe.ask` does. */
export async function gateGradients(probe: Probe, question: Question): Promise<ByPart> {
  const { gateGradients: found } = await probe.ask({ ...question, backward: true })
  const all = (of: 'heads' | 'attn' | 'mlp') =>
    Float32Array.from(layers(probe.config).flatMap((l) => [...found.get(gateLabels(l)[of])!]))
  return {
    ...{ head: all('heads'), attn: all('attn'), mlp: all('mlp') },
    positions: found.get(POSITION_GATES)?.reduce((a, b) => a + b, 0) ?? null,
  }
}
