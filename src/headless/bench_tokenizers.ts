// How fast texts become tokens: learning byte pairs and reading with them, on one core. Times are this machine's.
import { markdown, seconds } from '../words/bench'
import { learnTokenizer } from '../data/tokenize/learn'
import { tokenizerOf } from '../data/tokenize/tokenizers'
import type { TokenizerChoice } from '../words/tokens'

const MB = 1e6
const BPE_VOCAB = 4096
const CHOICES: readonly TokenizerChoice[] = [
  { kind: 'char' },
  { kind: 'byte' },
  { kind: 'word', vocab_size: BPE_VOCAB },
  { kind: 'bpe', vocab_size: BPE_VOCAB },
]
/** What the larger text has of the smaller: enough for pieces to come back, as in any long text. */
const LONG_MB = 20

/** A table for a text as it is, and over and over until it has 20 MB. */
export function tokenizerTable(text: string): string {
  const long = text.repeat(Math.max(1, Math.ceil((LONG_MB * MB) / bytesOf(text))))
  const rows = [text, long].flatMap((sample) => CHOICES.map((choice) => row(sample, choice)))
  return markdown([['tokenizer', 'text', 'learning', 'tokens', 'reading', 'bytes a token'], ...rows])
}

function row(text: string, choice: TokenizerChoice): string[] {
  const bytes = bytesOf(text)
  const from = performance.now()
  const state = learnTokenizer(text, choice, [])
  const learned = performance.now()
  // A reader of its own: what it remembers of pieces is part of what is timed.
  const tokenizer = tokenizerOf(state)
  const opened = performance.now()
  const { ids } = tokenizer.encode(text)
  const read_s = (performance.now() - opened) / 1000
  return [
    choice.kind,
    `${(bytes / MB).toFixed(1)} MB`,
    seconds(learned - from),
    state.vocab.length.toLocaleString('en'),
    `${(bytes / MB / read_s).toFixed(1)} MB/s`,
    (bytes / ids.length).toFixed(2),
  ]
}

const bytesOf = (text: string) => new TextEncoder().encode(text).length
