// What each view says in a terminal: a few lines a view, the strongest first. All of the numbers are in --json and --out.
import type { Config } from '../config/config'
import type { Tokenizer } from '../data/tokenize/tokenizer'
import { entropy, topOf } from '../inspect/numbers'
import { table } from './command'
import type { Seen, Subject, View } from './inspect_views'

interface Names {
  config: Config
  tokenizer: Tokenizer
}

/** Lines of a list that is cut. */
const LINES = 12

/** A view as lines of text. */
export function describeView(view: View, seen: Seen, subject: Subject, names: Names): string {
  return { attention, lens, losses, ablate, patch, attribution }[view](seen, subject, names)
}

const data = ({ tensors }: Seen, name: string) => tensors.get(name)!.data
const shown = (tokenizer: Tokenizer, id: number) => JSON.stringify(tokenizer.token(id))
const signed = (x: number) => `${x < 0 ? '−' : '+'}${Math.abs(x).toFixed(4)}`
const places = ({ n_layer }: Config) => [
  'embedding',
  ...Array.from({ length: n_layer }, (_, l) => [`attention ${l}`, `MLP ${l}`]).flat(),
]

function attention(seen: Seen, { clean }: Subject, { config: { n_layer, n_head } }: Names): string {
  const pattern = data(seen, 'attention')
  const T = clean.length
  const rows = Array.from({ length: n_layer * n_head }, (_, head) => {
    const at = (i: number, j: number) => pattern[(head * T + i) * T + j]!
    let [back, before, first] = [0, 0, 0]
    for (let i = 0; i < T; i++) {
      for (let j = 0; j <= i; j++) back += (at(i, j) * (i - j)) / T
      if (i > 0) before += at(i, i - 1) / (T - 1)
      if (i > 0) first += at(i, 0) / (T - 1)
    }
    const name = `layer ${Math.floor(head / n_head)} head ${head % n_head}`
    return [name, back.toFixed(2), before.toFixed(2), T > 1 ? first.toFixed(2) : '']
  })
  return table([['attention', 'tokens back', 'on the token before', 'on the first token'], ...rows])
}

function lens(seen: Seen, { clean, position }: Subject, { config, tokenizer }: Names): string {
  const [T, V] = [clean.length, config.vocab_size]
  const all = data(seen, 'lens')
  const rows = places(config).map((place, depth) => {
    const row = all.subarray((depth * T + position) * V, (depth * T + position + 1) * V)
    const likeliest = topOf(row, 3).map((id) => `${shown(tokenizer, id)} ${Math.exp(row[id]!).toFixed(3)}`)
    return [`after ${place}`, likeliest.join('  '), entropy(row).toFixed(3)]
  })
  return table([['lens at the last token', 'likeliest next, with chance', 'entropy, nats'], ...rows])
}

function losses(seen: Seen, { clean, targets }: Subject, { tokenizer }: Names): string {
  const each = data(seen, 'token_losses')
  const hardest = topOf(each, LINES).filter((t) => targets[t]! >= 0)
  const rows = hardest.map((t) => [
    `${t}: ${shown(tokenizer, targets[t]!)} after ${shown(tokenizer, clean[t]!)}`,
    each[t]!.toFixed(4),
  ])
  return `mean loss ${seen.loss!.toFixed(4)} nats a token\n${table([['hardest tokens', 'loss, nats'], ...rows])}`
}

function ablate(seen: Seen, _: Subject, { config: { n_head } }: Names): string {
  const of = (part: 'head' | 'attn' | 'mlp', name: (i: number) => string) =>
    Array.from(data(seen, `ablate.${part}`), (rise, i) => ({
      name: name(i),
      rise,
      gradient: data(seen, `gate_grad.${part}`)[i]!,
    }))
  const rows = [
    ...of('head', (i) => `layer ${Math.floor(i / n_head)} head ${i % n_head}`),
    ...of('attn', (i) => `attention ${i}`),
    ...of('mlp', (i) => `MLP ${i}`),
  ].map(({ name, rise, gradient }) => [name, signed(rise), signed(gradient)])
  const positions = seen.tensors.get('ablate.positions')
  if (positions) rows.push(['positions', signed(positions.data[0]!), ''])
  return table([['switched off', 'loss rises by, nats', 'gradient of its gate'], ...rows])
}

function patch(seen: Seen, { clean, answer, instead }: Subject, { config, tokenizer }: Names): string {
  const T = clean.length
  const resid = data(seen, 'patch.resid')
  const strongest = topOf(resid, LINES).map((i) => {
    const t = i % T
    return [`after ${places(config)[Math.floor(i / T)]!}, ${t}: ${shown(tokenizer, clean[t]!)}`, signed(resid[i]!)]
  })
  const heads = Array.from(data(seen, 'patch.head'), (share, i) => [
    `layer ${Math.floor(i / config.n_head)} head ${i % config.n_head}`,
    signed(share),
  ])
  const question = `${shown(tokenizer, answer)} over ${shown(tokenizer, instead)}`
  return (
    `${question}, in logits: clean ${signed(seen.clean!)}, corrupted ${signed(seen.corrupted!)}\n` +
    table([['patched in', 'share restored'], ...strongest, ...heads])
  )
}

function attribution(seen: Seen, { answer }: Subject, { config, tokenizer }: Names): string {
  const rows = Array.from(data(seen, 'attribution'), (wrote, i) => [places(config)[i]!, signed(wrote)])
  return table([[`onto the logit of ${shown(tokenizer, answer)}`, 'logits'], ...rows])
}
