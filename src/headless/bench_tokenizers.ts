// How fast texts become tokens: learning byte pairs and reading with them, on one core. Times are this machine's.
import { markdown, seconds } from '../words/bench'
import { bytes } from '../words/sizes'
import { learnTokenizer } from '../data/tokenize/learn'
import { tokenizerOf } from '../data/tokenize/tokenizers'
import type { TokenizerChoice } from '../words/tokens'

const BPE_VOCAB = 4096
const CHOICES: readonly TokenizerChoice[] = [
  { kind: 'char' },
  { kind: 'byte' },
  { kind: 'word', vocab_size: BPE_VOCAB },
  { kind: 'bpe', vocab_size: BPE_VOCAB },
]
/** Bytes of the larger text, which is the smaller over and over: enough for pieces to come back, as in any long text. */
const LONG = 20e6

/** A table for a text as it is, and over and over until it has 20 MB. */
export function tokenizerTable(text: string): string {
  const long = text.repeat(Math.max(1, Math.ceil(LONG / bytesOf(text))))
  const rows = [text, long].flatMap((sample) => CHOICES.map((choice) => row(sample, choice)))
  return markdown([['tokenizer', 'text', 'learning', 'tokens', 'reading', 'bytes a token'], ...rows])
}

function row(text: string, choice: TokenizerChoice): string[] {
  const size = bytesOf(text)
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
    bytes(size),
    seconds(learned - from),
    state.vocab.length.toLocaleString('en'),
    `${bytes(size / read_s)}/s`,
    (size / ids.length).toFixed(2),
  ]
}

const bytesOf = (text: string) => new TextEncoder().encode(text).length
