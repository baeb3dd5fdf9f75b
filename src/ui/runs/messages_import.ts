// What is said where a model of another program is opened; loaded with it.
import type { Family, Importing, ImportSummary } from '../../words/imports'
import { bytes } from '../../words/sizes'
import { compact, integer } from '../format'

const PHASES: Record<Importing['phase'], string> = {
  look: 'Looking at',
  fetch: 'Fetching',
  read: 'Reading',
  keep: 'Keeping',
}
const FAMILY: Record<Family, string> = {
  gpt2: 'GPT-2',
  llama: 'Llama',
  arcee: 'Arcee',
  starcoder2: 'StarCoder2',
  stablelm: 'StableLM',
}
const READS = { char: 'characters', byte: 'bytes', word: 'words', bpe: 'byte pairs' }

export const importing = {
  title: 'Open a model made elsewhere',
  lead: 'GPT-2 and Llama models from other programs: a Hugging Face folder or a .zip of one, a .safetensors or a .gguf file (F32, F16, BF16, Q8_0). Drop it anywhere on this page, or choose it here. A run that was exported here opens the same way.',
  files: 'Choose files',
  folder: 'Choose a folder',
  hub: 'Or name one on the Hugging Face Hub',
  hubLabel: 'Model on the Hub',
  hubExample: 'openai-community/gpt2',
  look: 'See what it is',
  hubHint:
    'Nothing is asked before you press the button. Then huggingface.co is asked for the few files that say what the model is, and for its weights once you open it. It learns your address on the network, as with any page you visit, and nothing of your texts. The Hub lets pages read its public models (CORS); where that fails, download the files and drop them here.',
  doing: ({ phase, name }: Importing) => `${PHASES[phase]} ${name}`,
  progress: ({ done, total }: Importing) =>
    total > 0 ? `${bytes(done)} of ${bytes(total)}` : done > 0 ? bytes(done) : '',
  found: 'What is in it',
  name: 'Name it',
  from: 'From',
  format: 'Format',
  model: 'Model',
  shape: ({ family, config: c }: ImportSummary) =>
    `${FAMILY[family]}: ${integer(c.n_layer)} layers, ${integer(c.n_head)} heads${c.n_kv_head < c.n_head ? ` (${integer(c.n_kv_head)} for keys and values)` : ''}, ${integer(c.n_embd)} wide, context ${integer(c.block_size)}`,
  parameters: 'Parameters',
  params: (count: number) => `${compact(count)} (${integer(count)})`,
  tokenizer: 'Tokenizer',
  reads: ({ config, reads, numbers }: ImportSummary) =>
    numbers === null
      ? `${integer(config.vocab_size)} tokens, ${READS[reads]}`
      : `none that can be used; ${integer(config.vocab_size)} numbers`,
  memory: 'Memory here',
  takes: ({ memory }: ImportSummary) =>
    `${bytes(memory.open)} to write and be looked into; ${bytes(memory.train)} to be trained, one row at a time`,
  download: 'To fetch',
  alone:
    'It opens as weights alone: Chat writes with it and Look inside sees it. Nothing for training is built until you ask for it in Train.',
  open: (to_fetch: number) => (to_fetch > 0 ? `Fetch ${bytes(to_fetch)} and open` : 'Open it'),
  leave: 'Not now',
  opened: (name: string) => `“${name}” is open. It writes here, and Look inside sees it.`,
}
