// Tokenizers under a person's hands: the first pane follows the text until someone chooses, and nothing is read anew but by them; a
// file becomes a choice; a run's settings are its own only while the text is read as the run reads it.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { CorpusError } from '../../../src/errors'
import type { Preparation } from '../../../src/words/recipe'
import type { TokenizerChoice, TokenizerState } from '../../../src/words/tokens'
import type { Lab } from '../../../src/worker/protocol'
import { openEmpty, stubBrowser } from '../page_env'

const UNTOUCHED: Preparation = { clean: [], anonymise: null, split: { by: 'position' }, tokenizer: { kind: 'char' } }
const STATE: TokenizerState = { kind: 'bpe', vocab: ['a', 'b', 'ab'], merges: [['a', 'b']] }
const prepared: Preparation[] = []
const places: number[] = []
let refusal: Error | null = null

/** As much of a summary as the state reads. */
const summary = (fingerprint: string, preparation: Preparation | null) =>
  ({
    corpus: { name: fingerprint, fingerprint, characters: 1, licence: '' },
    vocab_size: 256,
    excerpt: 'text',
    preparation,
    tokenizer_key: JSON.stringify(preparation?.tokenizer ?? 'own'),
  }) as unknown as Awaited<ReturnType<Lab['prepare']>>

const worker: Partial<Lab> = {
  open: openEmpty,
  loadText: async (name) => summary(name, UNTOUCHED),
  loadRunCorpus: async () => summary('mine', null),
  prepare: async (preparation) => {
    if (refusal) throw refusal
    prepared.push(preparation)
    return summary('mine', structuredClone(preparation))
  },
  passageAt: async (share) => {
    places.push(share)
    return `at ${share}`
  },
  readPassage: async (choice, passage) =>
    ({ kind: 'bpe', vocab_size: 3, tokens: [], special: [passage], choice }) as unknown as Awaited<
      ReturnType<Lab['readPassage']>
    >,
  tokenizerInUse: async () => ({ kind: 'given', state: STATE }),
  readTokenizerFile: async (json): Promise<TokenizerChoice> => {
    if (json !== 'good') throw new CorpusError('it has no model')
    return { kind: 'given', state: STATE }
  },
}
vi.mock('../../../src/worker/client', () => ({ openLab: () => worker }))

async function opened() {
  stubBrowser()
  const { lab } = await import('../../../src/ui/state/lab.svelte')
  const { draft } = await import('../../../src/ui/state/draft.svelte')
  const { tokens, isTokenizerFile } = await import('../../../src/ui/tokens/tokens.svelte')
  await lab.open()
  await lab.loadText('mine', 'x')
  await tokens.follow()
  return { lab, draft, tokens, isTokenizerFile }
}
beforeEach(() => {
  prepared.length = places.length = 0
  refusal = null
})
afterEach(() => {
  vi.unstubAllGlobals()
})

test('the first pane shows what is in use, and a choice is used by nobody but the person', async () => {
  const { lab, tokens } = await opened()
  expect([tokens.first.kind, tokens.isInUse, tokens.passage]).toEqual(['char', true, 'at 0'])
  tokens.choose({ kind: 'bpe', size: 300 })
  expect([tokens.isInUse, prepared.length]).toEqual([false, 0])
  // Another text comes with a tokenizer of its own; what was chosen stays.
  await lab.loadText('other', 'y')
  await tokens.follow()
  expect([tokens.first.kind, tokens.first.size, tokens.isInUse]).toEqual(['bpe', 300, false])
  expect(await tokens.use()).toBe(true)
  expect(prepared).toEqual([{ ...UNTOUCHED, tokenizer: { kind: 'bpe', vocab_size: 300 } }])
  expect(tokens.isInUse).toBe(true)
  await tokens.undo({ kind: 'char' })
  expect([tokens.first.kind, tokens.isInUse, prepared.length]).toEqual(['char', true, 2])
})

test('two panes never show the same', async () => {
  const { tokens } = await opened()
  expect(tokens.second.kind).toBe('bpe')
  tokens.choose({ kind: 'bpe' })
  expect(tokens.second.kind).toBe('char')
})

test('a size that cannot be is no choice, and says what could be', async () => {
  const { tokens } = await opened()
  tokens.choose({ kind: 'word', size: NaN })
  expect([tokens.first.choice, tokens.first.problem?.fix]).toEqual([null, 1024])
  expect(await tokens.use()).toBe(false)
  tokens.choose({ size: 4096 })
  expect(tokens.first.choice).toEqual({ kind: 'word', vocab_size: 4096 })
})

test('what the worker refuses leaves the choice and says why', async () => {
  const { tokens } = await opened()
  tokens.choose({ kind: 'byte' })
  refusal = new CorpusError('no')
  expect(await tokens.use()).toBe(false)
  expect([tokens.error, tokens.first.kind, tokens.using, tokens.isInUse]).toEqual([refusal, 'byte', false, false])
})

test('a typed passage stays with another text, one of the text does not', async () => {
  const { lab, tokens } = await opened()
  await lab.loadText('other', 'y')
  await tokens.follow()
  expect(places).toEqual([0, 0])
  tokens.type('my own')
  await lab.loadText('third', 'z')
  await tokens.follow()
  expect([tokens.passage, places.length]).toEqual(['my own', 2])
})

test('a file becomes a choice; one that is no tokenizer says so and changes nothing', async () => {
  const { tokens } = await opened()
  await tokens.takeFile(new File(['bad'], 'x.json'))
  expect([tokens.error?.message, tokens.file, tokens.first.kind]).toEqual(['it has no model', 'x.json', 'char'])
  await tokens.takeFile(new File(['good'], 'gpt2.json'))
  expect([tokens.error, tokens.given?.name, tokens.first.kind, tokens.isInUse]).toEqual([
    null,
    'gpt2.json',
    'given',
    false,
  ])
  expect(await tokens.use()).toBe(true)
  // It came back from the worker as another object.
  expect(tokens.isInUse).toBe(true)
  await tokens.follow()
  expect(tokens.given?.name).toBe('gpt2.json')
  expect(tokens.first.hasMerges).toBe(true)
})

test.each([
  ['tokenizer.json', '{"messages": []}', true],
  ['mine.json', '\n{"version": "1.0", "added_tokens": []}', true],
  ['chat.json', '[{"role": "user"}]', false],
  ['chat.json', JSON.stringify({ content: 'say "added_tokens": []' }), false],
  ['notes.txt', '{"added_tokens": []}', false],
])('%s with %s is a tokenizer: %s', async (name, content, is) => {
  const { isTokenizerFile } = await opened()
  expect(await isTokenizerFile(new File([content], name))).toBe(is)
})

test('a run’s own text shows the run’s tokenizer, and its settings are for the run only while it is read alike', async () => {
  const { lab, draft, tokens } = await opened()
  lab.run = { corpus: { fingerprint: 'mine' }, tokenizer_key: JSON.stringify('own') } as unknown as typeof lab.run
  await lab.loadRunCorpus('id')
  await tokens.follow()
  expect([tokens.canUse, tokens.isInUse, tokens.first.kind]).toEqual([false, true, 'given'])
  expect(tokens.first.choice).toEqual({ kind: 'given', state: STATE })
  expect(draft.ofRun).toBe(true)
  expect(await tokens.use()).toBe(false)
  await lab.loadText('mine', 'x')
  expect(draft.ofRun).toBe(false)
})
