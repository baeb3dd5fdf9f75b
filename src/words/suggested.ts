// Public texts that are offered by a link, and fetched only when it is clicked. Many projects read them from these addresses, on
// hosts that let other pages read (CORS). None of them was fetched here, and hosts change. Where one fails, fetch_text.ts says
// what to do.

export interface SuggestedText {
  name: string
  /** One sentence: what it is. */
  about: string
  licence: string
  url: string
  /** Roughly. */
  characters: number
}

const GUTENBERG = 'Public domain in the USA; from Project Gutenberg, whose licence stands in the file'
/** A mirror of Project Gutenberg, which itself lets no other page read: a repository a book. */
const MIRROR = 'https://raw.githubusercontent.com/GITenberg'

export const SUGGESTED_TEXTS: readonly SuggestedText[] = [
  {
    name: 'Tiny Shakespeare',
    about: 'Scenes from Shakespeare’s plays, speaker by speaker: what small GPTs have been compared on since 2015.',
    licence: 'Public domain; collected by Andrej Karpathy for char-rnn (MIT)',
    url: 'https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt',
    characters: 1_115_394,
  },
  {
    name: 'Pride and Prejudice',
    about: 'Austen’s novel of 1813, half of it talk.',
    licence: GUTENBERG,
    url: `${MIRROR}/Pride-and-Prejudice_1342/master/1342.txt`,
    characters: 705_000,
  },
  {
    name: 'The Time Machine',
    about: 'Wells’s short novel of 1895: enough to learn words from, small enough for a slow computer.',
    licence: GUTENBERG,
    url: `${MIRROR}/The-Time-Machine_35/master/35.txt`,
    characters: 198_000,
  },
  {
    name: 'Alice’s Adventures in Wonderland',
    about: 'Carroll’s tale of 1865, with its verses.',
    licence: GUTENBERG,
    url: `${MIRROR}/Alice-s-Adventures-in-Wonderland_11/master/11.txt`,
    characters: 164_000,
  },
  {
    name: 'Names of makemore',
    about: '32,033 first names of the USA, one a line, which Karpathy’s lessons begin with.',
    licence: 'Public domain (US Social Security Administration); from makemore (MIT)',
    url: 'https://raw.githubusercontent.com/karpathy/makemore/master/names.txt',
    characters: 228_145,
  },
  {
    name: 'TinyStories, validation part',
    about: 'Short stories in words that small children know, written by GPT-4 (Eldan and Li, arXiv:2305.07759).',
    licence: 'CDLA-Sharing-1.0',
    url: 'https://huggingface.co/datasets/roneneldan/TinyStories/resolve/main/TinyStoriesV2-GPT4-valid.txt',
    characters: 22_500_000,
  },
]
