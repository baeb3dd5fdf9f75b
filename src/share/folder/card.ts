// README.md of an exported folder: a model card after Mitchell et al. (arXiv 1810.03993), filled from the run. Text that came from outside
// is quoted so that it stays text.
import type { Config } from '../../config/config'
import { countParams } from '../../params'
import type { CorpusInfo } from '../../words/corpus'
import { bitsPerByte } from '../../words/loss_unit'
import { shareableCorpus } from '../../words/shareable'
import type { Leaving } from './leaving'
import { howToOpen, type Contents } from './open_in'

/** Rows of the table of results. */
const MOST_ROWS = 12
/** Characters of a sample. */
const LONGEST_SAMPLE = 600

const integer = (n: number) => n.toLocaleString('en')

/** `left`: what the folder lacks, a sentence each; `notes`: what is other than in Glasshouse. */
export function modelCard(run: Leaving, contents: Contents, left: readonly string[], notes: readonly string[]): string {
  const { spec, step } = run
  const { config: c } = spec
  const params = integer(countParams(c))
  // Weights that were brought from elsewhere have no text.
  const isKnown = spec.corpus.characters > 0
  return [
    frontMatter(spec.corpus),
    `# ${plain(spec.name)}`,
    '',
    `A language model of ${params} parameters${isKnown ? `, trained on ${plain(spec.corpus.name)} with Glasshouse` : ''}. It continues text, ${unit(spec.tokenizer.kind)} by ${unit(spec.tokenizer.kind)}.`,
    '',
    ...section('Intended use', [
      'For learning, teaching and demonstration. It writes in the manner of the one text that it has read.',
    ]),
    ...section('Limits', [
      `- It knows one text. It answers no questions${contents.chat ? ' beyond the manner of the conversations that it has read' : ''}, and what it writes is not true because it reads well.`,
      `- It looks back ${integer(c.block_size)} tokens. ${c.position === 'learned' ? 'It has no positions beyond that.' : 'It was trained on no more.'}`,
      '- It can repeat what stands in its text, word for word. What the text should not tell, the model should not either.',
      ...unknown(spec.tokenizer.kind),
      ...notes.map((note) => `- ${note}`),
      ...left.map((sentence) => `- ${sentence}`),
    ]),
    ...section('How to open it', howToOpen(run, contents)),
    ...section(
      'Data',
      isKnown ? dataTable(shareableCorpus(spec.corpus), c) : ['What its first weights were trained on is not said.'],
    ),
    ...section('Training', trainingTable(run)),
    ...section('Results', results(run, contents)),
    ...section('Model', settingsTable(c, step)),
  ].join('\n')
}

function frontMatter(corpus: CorpusInfo): string {
  const language = corpus.card?.language
  return [
    '---',
    'pipeline_tag: text-generation',
    'tags:',
    '- glasshouse',
    ...(language ? [`language: ${JSON.stringify(language)}`] : []),
    '---',
    '',
  ].join('\n')
}

const section = (title: string, lines: readonly string[]) => [`## ${title}`, '', ...lines, '']
const unit = (kind: string) => ({ char: 'character', byte: 'byte', word: 'word', bpe: 'token' })[kind] ?? 'token'
function unknown(kind: string): string[] {
  if (kind === 'char') return ['- Characters that its text lacks are dropped.']
  if (kind === 'word')
    return ['- Words that its vocabulary lacks are dropped in Glasshouse; other programs refuse them.']
  return []
}

/** One line, without what Markdown or HTML would read. */
export function plain(text: string): string {
  const escaped = text.replace(/\s+/g, ' ').replace(/[\\`*_[\]|#]/g, '\\$&')
  return escaped.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
const table = (rows: readonly (readonly [string, string])[]) => [
  '| | |',
  '|---|---|',
  ...rows.map(([name, value]) => `| ${name} | ${value} |`),
]

function dataTable(corpus: CorpusInfo, { val_fraction }: Config): string[] {
  const { card, split } = corpus
  const rows: [string, string][] = [
    ['Text', plain(corpus.name)],
    ['Licence', plain(corpus.licence)],
    ['Characters', integer(corpus.characters)],
    ['SHA-256', corpus.fingerprint],
    [
      'Held out',
      `${Math.round(100 * val_fraction)} %, ${split?.by === 'document' ? 'whole documents' : 'the end of the text'}`,
    ],
  ]
  if (card) {
    rows.push(['Words', integer(card.words)], ['Lines', integer(card.lines)])
    if (card.documents > 0)
      rows.push(['Documents', integer(card.documents)], ['Conversations', integer(card.conversations)])
    rows.push(['Different characters', integer(card.alphabet.size)])
    rows.push(['Repeated lines', `${(100 * card.duplicate_share).toFixed(1)} %`])
    rows.push(['Language', card.language ?? 'not known'])
    rows.push([
      'Cleaning',
      card.recipe.map(({ step, count }) => `${step.kind} (${integer(count)})`).join(', ') || 'none',
    ])
    const sum = (of: 'found' | 'went_through') => card.personal?.kinds.reduce((all, kind) => all + kind[of], 0) ?? 0
    rows.push([
      'Personal data',
      card.personal
        ? `${integer(sum('found'))} places found, ${integer(sum('went_through'))} of them left as they were`
        : 'nobody looked for it',
    ])
    if (card.generated) rows.push(['Made by a program', `${plain(card.generated.task)}, seed ${card.generated.seed}`])
  }
  return table(rows)
}

function trainingTable({ spec, step, tokens, elapsed_s, adapter }: Leaving): string[] {
  const { config: c } = spec
  const rate = c.schedule === 'constant' ? String(c.learning_rate) : `${c.learning_rate} to ${c.min_lr}, ${c.schedule}`
  return table([
    ['Steps', `${integer(step)} of ${integer(c.max_iters)}`],
    ...(tokens === null ? [] : [['Tokens seen', integer(tokens)] as const]),
    [
      'Batch',
      `${c.batch_size} × ${c.block_size}${c.gradient_accumulation_steps > 1 ? ` × ${c.gradient_accumulation_steps}` : ''} tokens`,
    ],
    ['Optimiser', `AdamW, β ${c.beta1} and ${c.beta2}, decay ${c.weight_decay}, clip ${c.grad_clip}`],
    ['Learning rate', `${rate}, ${integer(c.warmup_iters)} steps of warm-up`],
    ['Dropout', String(c.dropout)],
    ['Seed', String(c.seed)],
    ...(elapsed_s === null ? [] : [['Time', `${integer(Math.round(elapsed_s))} s`] as const]),
    ...(adapter === null ? [] : [['Device', plain(adapter)] as const]),
  ])
}

function results({ spec, history, step }: Leaving, { curve }: Contents): string[] {
  const evals = history?.evals.filter((e) => e.step <= step && Number.isFinite(e.val_loss)) ?? []
  const each = Math.max(1, Math.ceil(evals.length / MOST_ROWS))
  const shown = evals.filter((_, i) => (evals.length - 1 - i) % each === 0)
  const bits = (loss: number) =>
    spec.bytes_per_token === undefined ? '' : bitsPerByte(loss, spec.bytes_per_token).toFixed(3)
  const rows = shown.map(
    (e) => `| ${e.step} | ${e.train_loss?.toFixed(4) ?? ''} | ${e.val_loss.toFixed(4)} | ${bits(e.val_loss)} |`,
  )
  const sample = history?.samples.findLast((s) => s.step <= step)
  const written = sample ? (sample.prompt + sample.tokens.join('')).slice(0, LONGEST_SAMPLE) : ''
  return [
    ...(rows.length > 0
      ? [
          'Losses in nats a token; the last column is validation loss in bits a byte of text.',
          '',
          '| step | training | validation | bits a byte |',
          '|---|---|---|---|',
          ...rows,
        ]
      : ['It was not measured on held-out text.']),
    ...(curve ? ['', '![Loss by step](curve.svg)'] : []),
    ...(sample && written.trim() !== ''
      ? ['', `What it wrote at step ${integer(sample.step)}:`, '', ...written.split('\n').map((line) => `    ${line}`)]
      : []),
  ]
}

function settingsTable(c: Config, step: number): string[] {
  return [
    ...table([
      [
        'Layers, heads, width',
        `${c.n_layer}, ${c.n_head}${c.n_kv_head === c.n_head ? '' : ` (${c.n_kv_head} of keys and values)`}, ${c.n_embd}`,
      ],
      ['MLP', `${c.mlp}, ${c.n_inner} wide`],
      ['Norm', `${c.norm}, epsilon ${c.norm_eps}`],
      ['Positions', c.position === 'rope' ? `RoPE, base ${c.rope_theta}` : c.position],
      ['Biases', c.bias ? 'yes' : 'no'],
      ['Head', c.tie ? 'shares the embedding' : 'has weights of its own'],
      ['Vocabulary, context', `${integer(c.vocab_size)}, ${integer(c.block_size)}`],
    ]),
    '',
    `settings.json has every setting, and the step (${integer(step)}).`,
  ]
}
