// Tokenizers under a person's hands: the first pane follows the text until someone chooses, and nothing is read anew but by them; a
// file becomes a choice; a run's settings are its own only while the text is read as the run reads it.
import { expect, test } from 'vitest'
import { stubBrowser } from '../page_env'
import { tiny } from '../../worker/lab_env'
import { shortTurns } from '../../worker/short_turns'

const MINE = 'the quick brown fox jumps over the lazy dog. '.repeat(30)
const OTHER = 'pack my box with five dozen liquor jugs. '.repeat(30)

async function opened() {
  stubBrowser()
  const { lab } = await import('../../../src/ui/state/lab.svelte')
  const { draft } = await import('../../../src/ui/state/draft.svelte')
  const { tokens } = await import('../../../src/ui/tokens/tokens.svelte')
  const { isTokenizerFile } = await import('../../../src/ui/state/given')
  await lab.open()
  const load = async (name: string, text: string) => {
    await lab.show(lab.calls.data.loadText(name, text))
    await tokens.follow()
  }
  await load('mine', MINE)
  return { lab, draft, tokens, isTokenizerFile, load }
}

test('the first pane shows what is in use, and a choice is used by nobody but the person', async () => {
  const { lab, tokens, load } = await opened()
  expect([tokens.first.kind, tokens.isInUse]).toEqual(['char', true])
  expect(MINE.startsWith(tokens.passage)).toBe(true)
  tokens.choose({ kind: 'bpe', size: 300 })
  expect([tokens.isInUse, lab.dataset?.tokenizer]).toEqual([false, 'char'])
  // Another text comes with a tokenizer of its own; what was chosen stays.
  await load('other', OTHER)
  expect([tokens.first.kind, tokens.first.size, tokens.isInUse]).toEqual(['bpe', 300, false])
  expect(await tokens.use()).toBe(true)
  expect(lab.dataset).toMatchObject({ preparation: { tokenizer: { kind: 'bpe', vocab_size: 300 } }, tokenizer: 'bpe' })
  expect(tokens.isInUse).toBe(true)
  await tokens.undo({ kind: 'char' })
  expect([tokens.first.kind, tokens.isInUse, lab.dataset?.tokenizer]).toEqual(['char', true, 'char'])
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

test('a passage is read, and one that is called off says so and can be read after all', async () => {
  const { lab, tokens } = await opened()
  tokens.choose({ kind: 'bpe', size: 300 })
  shortTurns()
  const reading = tokens.first.read('the fox')
  await lab.calls.cancel('learning')
  await reading
  expect([tokens.first.error?.name, tokens.first.busy]).toEqual(['CancelledError', false])
  await tokens.first.read('the fox')
  expect([tokens.first.error, tokens.first.reading?.vocab_size]).toEqual([null, 288])
})

test('a text that changes while a passage is read leaves no error', async () => {
  const { lab, tokens } = await opened()
  tokens.choose({ kind: 'bpe', size: 300 })
  shortTurns()
  const reading = tokens.first.read('the fox')
  await lab.show(lab.calls.data.loadText('other', OTHER))
  await reading
  expect([tokens.first.error, tokens.first.busy]).toEqual([null, false])
})

test('what the worker refuses leaves the choice and says why', async () => {
  const { lab, tokens } = await opened()
  const files = ['a.txt', 'b.txt'].map((name) => ({ name, data: new Blob([`${MINE}${name}`]) }))
  await lab.show(lab.calls.data.loadFiles(files))
  // What is not read yet has not said that a special token stands in it, which the smallest vocabulary has no room for.
  tokens.choose({ kind: 'bpe', size: 256 })
  expect(await tokens.use()).toBe(false)
  expect([tokens.error?.name, tokens.first.kind, tokens.using, tokens.isInUse]).toEqual([
    'CorpusError',
    'bpe',
    false,
    false,
  ])
})

test('a typed passage stays with another text, one of the text does not', async () => {
  const { tokens, load } = await opened()
  await load('other', OTHER)
  expect(OTHER.startsWith(tokens.passage)).toBe(true)
  tokens.type('my own')
  await load('third', `Zebras. ${MINE}`)
  expect(tokens.passage).toBe('my own')
})

test('a file becomes a choice; one that is no tokenizer says so and changes nothing', async () => {
  const { lab, tokens } = await opened()
  await tokens.takeFile(new File(['bad'], 'x.json'))
  expect([tokens.error?.name, tokens.file, tokens.first.kind]).toEqual(['CorpusError', 'x.json', 'char'])
  const json = await lab.calls.tokens.writeJson({ kind: 'bpe', vocab_size: 300 })
  await tokens.takeFile(new File([json], 'gpt2.json'))
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
  const { lab, draft, tokens, load } = await opened()
  const { preparation } = lab.dataset!
  const { vocab_size } = await lab.show(lab.calls.data.prepare({ ...preparation!, tokenizer: { kind: 'byte' } }))
  await lab.createRun({ name: 'mine', config: { ...tiny, vocab_size }, prompt: 'the ' })
  await lab.show(lab.calls.data.loadOfRun(lab.run!.id))
  await tokens.follow()
  expect([tokens.canUse, tokens.isInUse, tokens.first.kind]).toEqual([false, true, 'given'])
  expect(tokens.first.choice).toMatchObject({ kind: 'given', state: { kind: 'byte' } })
  expect(draft.ofRun).toBe(true)
  expect(await tokens.use()).toBe(false)
  await load('mine', MINE)
  expect(draft.ofRun).toBe(false)
})
