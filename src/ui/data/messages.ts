// What the Data stage says: the part of the message catalogue for the text that is in use.
import { compact, percent, plural } from '../format'

export const data = {
  title: 'Data',
  lead: 'A model learns from one text, by guessing what comes next in it, again and again. Bring your own, or choose one that is here.',
  builtIn: 'Texts that come with the page',
  use: 'Use',
  using: 'In use',
  loading: 'Reading',
  about: (characters: number) => `about ${compact(characters)} characters`,
  own: 'Your own text',
  paste: 'Paste text here',
  pasteName: 'Pasted text',
  usePasted: 'Use the pasted text',
  pastedCount: (characters: number) => plural(characters, 'character', 'characters'),
  drop: 'Drop it to train on it',
  dropText:
    'Files and folders become the text, a .safetensors file exported here becomes a run, a tokenizer.json a tokenizer.',
  summary: 'What the model will see',
  none: 'No text chosen yet.',
  lines: 'Lines',
  alphabet: 'Alphabet',
  letters: 'The alphabet, most frequent first',
  lettersHint: 'The model knows these characters and no others. The bar is how often each one occurs.',
  tokenList: 'The tokens, most frequent first',
  tokenListHint: 'The model knows these tokens and no others. The bar is how often each one occurs.',
  more: (count: number) => `and ${plural(count, 'more', 'more')}`,
  excerpt: 'How it begins',
  notices: 'Worth knowing',
  next: 'Next: the tokens',
  token: (token: string, count: number, share: number) =>
    `${token}: ${plural(count, 'time', 'times')}, ${percent(share)}`,
}
