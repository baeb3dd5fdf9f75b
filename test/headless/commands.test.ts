// The command-line programs: called in this process, and a few times as a person runs them, bundled by the launcher in a process of their own.
import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { main as bench } from '../../src/headless/bench'
import { runCommand, type Main } from '../../src/headless/command'
import { main as parity } from '../../src/headless/parity'
import { main as pii } from '../../src/headless/pii'
import { main as record } from '../../src/headless/record'
import { main as trainMain } from '../../src/headless/train'
import { decodeCheckpoint } from '../../src/storage/checkpoint'
import { readSafetensors } from '../../src/storage/safetensors'
import { decodeKeyframe } from '../../src/storage/keyframe'
import { parseMeta } from '../../src/storage/schema'
import { parseRecordedRun } from '../../src/ui/state/recorded'
import { docxOf } from '../data/collect/made_files'
import { lavapipe } from '../vulkan.mjs'

const LAUNCH = 'src/headless/launch.mjs'
let folder: string
const at = (name: string) => join(folder, name)

beforeAll(() => {
  Object.assign(process.env, lavapipe(), { INIT_CWD: process.cwd() })
  // What Mesa compiled once it need not compile again, which the bench would have otherwise.
  process.env['MESA_SHADER_CACHE_DISABLE'] = 'false'
  folder = mkdtempSync(join(tmpdir(), 'glasshouse-'))
  const line = 'the quick brown fox jumps over the lazy dog, and the dog sleeps on.\n'
  writeFileSync(at('text.txt'), line.repeat(60))
  writeFileSync(at('other.txt'), `${line}!`.repeat(60))
  const config = {
    n_layer: 1,
    n_head: 2,
    n_embd: 16,
    block_size: 16,
    batch_size: 4,
    max_iters: 40,
    warmup_iters: 4,
    eval_interval: 20,
    eval_iters: 2,
    dropout: 0.1,
  }
  writeFileSync(at('config.json'), JSON.stringify(config))
})
afterAll(() => rmSync(folder, { recursive: true }))

interface Ended {
  status: number
  out: string
  err: string
}

async function command(main: Main, ...args: string[]): Promise<Ended> {
  let [out, err] = ['', '']
  const io = { out: (line: string) => (out += `${line}\n`), err: (line: string) => (err += `${line}\n`), write: null }
  const status = await runCommand(main, args, io)
  return { status, out, err }
}
const train = (...args: string[]) => command(trainMain, ...args)
/** The same by npm, in a process of its own. */
function npmRun(...args: string[]): Promise<Ended> {
  const shell = process.platform === 'win32'
  return new Promise((resolve) => {
    execFile('npm', ['run', '--silent', ...args], { shell }, (error, out, err) => {
      resolve({ status: typeof error?.code === 'number' ? error.code : error ? -1 : 0, out, err })
    })
  })
}
const fresh = (...args: string[]) => train('--text', at('text.txt'), '--config', at('config.json'), ...args)

const weightsOf = (run: string) =>
  decodeCheckpoint(readFileSync(join(run, 'checkpoint.safetensors'))).checkpoint.tensors
/** Everything in the metrics that does not depend on the clock. */
function metricsOf(run: string): string[] {
  const rows = readFileSync(join(run, 'metrics.csv'), 'utf8').trim().split('\n')
  return rows.map((row) =>
    row
      .split(',')
      .filter((_, column) => column !== 4)
      .join(),
  )
}

describe('train', () => {
  test('learns byte pairs, keeps them with the run, and goes on with them', async () => {
    const run = at('pairs')
    const first = await fresh('--engine', 'cpu', '--out', run, '--steps', '3', '--tokenizer', 'bpe', '--vocab', '270')
    expect(first).toMatchObject({ status: 0 })
    expect(first.out).toMatch(/step 0\/3   validation \d\.\d{4}, \d\.\d{3} bits a byte/)
    expect(first.out).toMatch(/validation loss \d\.\d{4} over 2 batches, \d\.\d{3} bits a byte/)
    const [header = '', start = ''] = metricsOf(run)
    expect(header).toMatch(/,val_loss,val_bits_per_byte,update_ratio,steps$/)
    const [loss = NaN, bits = NaN] = start.split(',').slice(-4, -2).map(Number)
    const { meta } = decodeCheckpoint(readFileSync(join(run, 'checkpoint.safetensors'))).checkpoint
    expect(meta.spec).toMatchObject({ tokenizer: { kind: 'bpe' }, config: { vocab_size: 270 } })
    expect(bits).toBeCloseTo(loss / Math.LN2 / meta.spec.bytes_per_token!, 9)
    expect(meta.spec.tokenizer.merges).toHaveLength(14)
    const file = at('pairs/tokenizer.json')
    const same = await fresh('--engine', 'cpu', '--out', at('file'), '--steps', '3', '--tokenizer', file)
    expect(same).toMatchObject({ status: 0 })
    expect(weightsOf(at('file'))).toEqual(weightsOf(run))
    expect(await train('--resume', run, '--engine', 'cpu', '--steps', '4')).toMatchObject({ status: 0 })
    const changed = await train('--resume', run, '--engine', 'cpu', '--steps', '5', '--tokenizer', 'byte')
    expect(changed.status).not.toBe(0)
    expect(changed.err).toMatch(/leave --tokenizer out/)
  })
  test('reads chats with the turns of each speaker, and goes on with them', async () => {
    const turns = (i: number) => [
      { role: 'user', content: `How many are ${i} and <|end|>?` },
      { role: 'assistant', content: `There are ${i}.` },
    ]
    const rows = Array.from({ length: 40 }, (_, i) => JSON.stringify({ messages: turns(i) }))
    writeFileSync(at('chats.jsonl'), rows.join('\n'))
    const run = at('chats')
    const flags = ['--config', at('config.json'), '--engine', 'cpu', '--out', run, '--steps', '2']
    const clean = ['--clean', 'lowercase,words:17']
    const first = await train('--text', at('chats.jsonl'), '--as', 'chats', ...flags, ...clean)
    expect(first).toMatchObject({ status: 0 })
    expect(first.out).toMatch(/Cleaned, words: 1 change, first in document 18, line 1: /)
    const { checkpoint, extra } = decodeCheckpoint(readFileSync(join(run, 'checkpoint.safetensors')))
    const { tokenizer, prompt } = checkpoint.meta.spec
    expect(prompt).toBe('<|user|>')
    expect(tokenizer.vocab.slice(-5)).toEqual(tokenizer.special)
    expect(
      new TextDecoder().decode(extra.text!).startsWith('<|user|>how many are 0 and < |end|>?<|end|><|assistant|>'),
    ).toBe(true)
    expect(await train('--resume', run, '--engine', 'cpu', '--steps', '3')).toMatchObject({ status: 0 })
  })
  test('reads a column of a table, and says which', async () => {
    const rows = Array.from({ length: 60 }, (_, i) => `${i};"The sum; of ${i} and 1 is ${i + 1}."`)
    writeFileSync(at('table.csv'), ['id;sentence', ...rows].join('\n'))
    const flags = ['--config', at('config.json'), '--engine', 'cpu', '--out', at('table'), '--steps', '1']
    const run = await train('--text', at('table.csv'), '--as', 'table', ...flags)
    expect(run).toMatchObject({ status: 0 })
    expect(run.out).toMatch(/the column with the most text was read: sentence/)
    const { extra } = decodeCheckpoint(readFileSync(at('table/checkpoint.safetensors')))
    expect(new TextDecoder().decode(extra.text!)).toMatch(/^The sum; of 0 and 1 is 1\.<\|endoftext\|>The sum; of 1/)
  })
  test('reads a folder of all kinds by what each is, a Word document as plain text, and says what it left out', async () => {
    const flags = ['--config', at('config.json'), '--engine', 'cpu', '--steps', '1']
    const word = docxOf('<w:p><w:t>There is a tide in the affairs of men.</w:t></w:p>'.repeat(20))
    mkdirSync(at('mixed/inner'), { recursive: true })
    writeFileSync(at('mixed/b.docx'), word)
    writeFileSync(at('mixed/inner/a.html'), `<p>${'Which, taken at the flood. '.repeat(20)}`)
    writeFileSync(at('mixed/photo.jpg'), 'x')
    writeFileSync(at('mixed/.DS_Store'), 'x')
    const run = await train('--text', at('mixed'), '--as', 'auto', ...flags, '--out', at('folder'))
    expect(run).toMatchObject({ status: 0 })
    expect(run.out).toMatch(/Not read: photo\.jpg is a picture/)
    expect(run.out).toMatch(/Hidden files passed over: 1/)
    const textOf = (folder: string) => {
      const { extra } = decodeCheckpoint(readFileSync(at(`${folder}/checkpoint.safetensors`)))
      return new TextDecoder().decode(extra.text!)
    }
    expect(textOf('folder')).toMatch(/^There is a tide.*men\.\n[^]*<\|endoftext\|>Which, taken[^]*<\|endoftext\|>$/)
    expect(await train('--text', at('mixed/b.docx'), ...flags, '--out', at('word'))).toMatchObject({ status: 0 })
    expect(textOf('word')).toBe('There is a tide in the affairs of men.\n'.repeat(20).trim())
    const same = ['--resume', at('word'), '--text', at('mixed/b.docx'), '--engine', 'cpu', '--steps', '2']
    expect(await train(...same)).toMatchObject({ status: 0 })
  })
  test('cleans, and says what each step did', async () => {
    const run = await fresh(
      '--engine',
      'cpu',
      '--out',
      at('clean'),
      '--steps',
      '1',
      '--clean',
      'words:nobody,lowercase,near_duplicates:0.9',
    )
    expect(run.status).not.toBe(0) // one of sixty equal lines is left: too short a text
    expect(run.err).toMatch(/Held out are 7 tokens/)
    writeFileSync(at('mixed.txt'), Array.from({ length: 90 }, (_, i) => `Line ${i} of  THIS`).join('\n'))
    const flags = ['--config', at('config.json'), '--engine', 'cpu', '--out', at('clean'), '--steps', '1']
    const done = await train('--text', at('mixed.txt'), ...flags, '--clean', 'whitespace,lowercase,words:7+8')
    expect(done).toMatchObject({ status: 0 })
    expect(done.out).toMatch(/Cleaned, lowercase: 90 changes, first in line 1: "Line 0 of THIS" → "line 0 of this"/)
    expect(done.out).toMatch(/Cleaned, words: 2 changes, first in line 8: "line 7 of this" → gone/)
    const cardOf = () =>
      decodeCheckpoint(readFileSync(at('clean/checkpoint.safetensors'))).checkpoint.meta.spec.corpus.card
    const card = cardOf()
    expect(card).toMatchObject({
      lines: 88,
      words: 4 * 88,
      recipe: [
        { step: { kind: 'whitespace' }, count: 90 },
        { step: { kind: 'lowercase' }, count: 90 },
        { step: { kind: 'words', drop: ['7', '8'] }, count: 2 },
      ],
    })
    expect(await train('--resume', at('clean'), '--engine', 'cpu', '--steps', '2')).toMatchObject({ status: 0 })
    expect(cardOf()).toEqual(card)
  })
  test('anonymises, and says what was found', async () => {
    writeFileSync(at('people.txt'), Array.from({ length: 90 }, (_, i) => `${i}: Aisha, jane@example.org.\n`).join(''))
    const flags = ['--config', at('config.json'), '--engine', 'cpu', '--out', at('people'), '--steps', '1']
    const done = await train('--text', at('people.txt'), ...flags, '--anonymise', 'mask')
    expect(done).toMatchObject({ status: 0 })
    expect(done.out).toMatch(/Anonymised: 90 email, 90 name, first in line 1: "0: Aisha, .*" → "0: \[NAME\], /)
    const { extra } = decodeCheckpoint(readFileSync(at('people/checkpoint.safetensors')))
    expect(new TextDecoder().decode(extra.text!)).toMatch(/^0: \[NAME\], \[EMAIL\]\.\n1: /)
  })
  test.each([
    [['--anonymise', 'hide'], /--anonymise is one of mask, pseudonym, drop_line/],
    [['--anonymise', 'mask', '--clean', 'lowercase'], /known by their capitals/],
    [['--anonymise', 'drop_line', '--as', 'chats'], /drop_line is for plain text/],
    [['--as', 'chats'], /is no chat export known here/],
    [['--as', 'table'], /is no table/],
    [['--as', 'poems'], /one of auto, text, chats, table/],
    [['--columns', 'a'], /--columns is for --as table/],
    [['--clean', 'polish'], /has no step "polish"/],
    [['--clean', 'length:9'], /has no step "length:9"/],
    [['--tokenizer', 'morse'], /one of char, byte, word, bpe/],
    [['--tokenizer', 'byte', '--vocab', '300'], /--vocab is for word and bpe/],
    [['--tokenizer', 'bpe', '--vocab', '10'], /A vocabulary of 10 tokens cannot be learned/],
  ])('refuses %s', async (flags, message) => {
    const run = await fresh('--engine', 'cpu', '--out', at('refused'), ...flags)
    expect(run.status).not.toBe(0)
    expect(run.err).toMatch(message)
  })

  test.each(['gpu', 'cpu'])('40 steps are 20 and 20 more, bit for bit, on the %s', async (engine) => {
    const [whole, halves] = [at(`whole-${engine}`), at(`halves-${engine}`)]
    const run = await fresh('--engine', engine, '--out', whole)
    expect(run).toMatchObject({ status: 0 })
    expect(run.out).toMatch(/validation loss \d\.\d{4} over 2 batches/)
    expect(await fresh('--engine', engine, '--out', halves, '--steps', '20')).toMatchObject({ status: 0 })
    expect(weightsOf(halves)).not.toEqual(weightsOf(whole))
    expect(await train('--resume', halves, '--text', at('text.txt'), '--engine', engine)).toMatchObject({ status: 0 })
    expect(weightsOf(halves)).toEqual(weightsOf(whole))
    expect(metricsOf(halves)).toEqual(metricsOf(whole))
    expect(metricsOf(whole)).toHaveLength(1 + 1 + 40)
  })

  test('--json tells every step and the result; another seed is another run', async () => {
    const { status, out } = await fresh(
      '--engine',
      'cpu',
      '--out',
      at('json'),
      '--json',
      '--seed',
      '7',
      '--steps',
      '10',
    )
    expect(status).toBe(0)
    const events = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string })
    expect(events.filter(({ type }) => type === 'step')).toHaveLength(10)
    expect(events.at(-1)).toMatchObject({ type: 'result', step: 10, checkpoint: at('json/checkpoint.safetensors') })
    expect(weightsOf(at('json'))).not.toEqual(weightsOf(at('whole-cpu')))
  })

  test('Ctrl-C saves, and the run goes on from there', async () => {
    const out = at('interrupted')
    const long = JSON.parse(readFileSync(at('config.json'), 'utf8')) as object
    writeFileSync(at('long.json'), JSON.stringify({ ...long, max_iters: 100000, eval_interval: 100000 }))
    const flags = ['--text', at('text.txt'), '--config', at('long.json'), '--engine', 'cpu', '--out', out, '--json']
    const child = spawn(process.execPath, [LAUNCH, 'train', ...flags])
    await new Promise<void>((resolve) =>
      child.stdout.on('data', (data) => /"type":"step"/.test(String(data)) && resolve()),
    )
    child.kill('SIGINT')
    const status = await new Promise((resolve) => child.on('exit', resolve))
    expect(status).toBe(130)
    const { step } = decodeCheckpoint(readFileSync(join(out, 'checkpoint.safetensors'))).checkpoint.meta
    expect(step).toBeGreaterThan(0)
    const more = await train('--resume', out, '--engine', 'cpu', '--steps', String(step + 5), '--json')
    expect(JSON.parse(more.out.trim().split('\n').at(-1) ?? '')).toMatchObject({ step: step + 5 })
  })

  test('a loss that is no number ends with status 1; metrics and the last good checkpoint are there', async () => {
    const config = { n_layer: 1, n_head: 2, n_embd: 16, block_size: 16, learning_rate: 1, min_lr: 1, warmup_iters: 0 }
    const hot = { ...config, schedule: 'constant', weight_decay: 10, grad_clip: 0, eval_iters: 1 }
    writeFileSync(at('hot.json'), JSON.stringify(hot))
    const flags = ['--text', at('text.txt'), '--config', at('hot.json'), '--engine', 'cpu', '--out', at('hot')]
    const { status, out } = await train(...flags)
    expect(status).toBe(1)
    expect(out).toMatch(/At step (\d+) the \w+ stopped being a finite number[\s\S]*last good checkpoint is in/)
    const last = readFileSync(at('hot/metrics.csv'), 'utf8').trim().split('\n').at(-1) ?? ''
    expect(last.split(',')[0]).toBe(/At step (\d+)/.exec(out)?.[1])
    expect(last).toMatch(/NaN|Infinity/)
    expect(decodeCheckpoint(readFileSync(at('hot/checkpoint.safetensors'))).checkpoint.meta.step).toBe(0)
  })

  test('a preset brings its own text', async () => {
    const flags = ['--preset', 'names', '--engine', 'cpu', '--steps', '2', '--out', at('names')]
    const { status, out } = await train(...flags)
    expect(status).toBe(0)
    expect(out).toContain('First names')
  })

  test('a model on a generated text is asked what it never saw', async () => {
    const flags = ['--preset', 'sort-letters', '--engine', 'cpu', '--steps', '2', '--out', at('sorted'), '--json']
    const { status, out } = await train(...flags)
    expect(status).toBe(0)
    const result: unknown = JSON.parse(out.trim().split('\n').at(-1) ?? '')
    expect(result).toMatchObject({ type: 'result', answers_right: 0, answers_checked: 100 })
    expect(readFileSync(at('sorted/metrics.csv'), 'utf8')).toMatch(
      /^step,.*,val_loss,val_bits_per_byte,update_ratio,steps\n/,
    )
  })

  test.each<[string, () => Promise<Ended>, RegExp]>([
    ['no text', () => train(), /Which text\? Say --text FILE/],
    ['a text that is not there', () => train('--text', '/nowhere.txt'), /no such file.*nowhere/],
    ['an unknown flag', () => train('--txet', 'x'), /Unknown option '--txet'/],
    ['an unknown preset', () => fresh0('--preset', 'gpt5'), /no preset "gpt5"; there are moby-dick/],
    [
      'an unknown engine',
      () => fresh('--engine', 'tpu', '--out', at('e1')),
      /--engine is one of auto, gpu, wasm, cpu, not "tpu"/,
    ],
    [
      'steps that are no number',
      () => fresh('--steps', 'many'),
      /--steps takes a whole number of at least 1, not "many"/,
    ],
    ['an unknown field', () => withConfig({ n_layers: 2 }), /no field "n_layers"; there are n_layer/],
    [
      'a field out of range',
      () => withConfig({ n_embd: 100, n_head: 6 }),
      /n_embd 100 is not a multiple of n_head 6; try/,
    ],
    ['a field of the wrong type', () => withConfig({ n_layer: '2' }), /Layers must be a number/],
    ['a context longer than the text', () => withConfig({ block_size: 4000 }), /a context of 4000 needs at least/],
    ['nothing to resume', () => train('--resume', at('nowhere')), /no .*checkpoint\.safetensors to resume from/],
    ['a folder that holds a run', () => fresh('--out', at('whole-cpu')), /holds a run already/],
    ['a step that has passed', () => train('--resume', at('whole-cpu'), '--steps', '3'), /at step 40 already/],
    [
      'another seed for an old run',
      () => train('--resume', at('whole-cpu'), '--seed', '3'),
      /seed is \d+ there, and cannot become 3/,
    ],
    [
      'another text for an old run',
      () => train('--resume', at('whole-cpu'), '--text', at('other.txt')),
      /other\.txt is not the text that .* was trained on/,
    ],
    ['a damaged checkpoint', damaged, /damaged.*cut short/s],
    [
      'a folder that cannot be made, before a step is taken',
      () => fresh('--engine', 'cpu', '--out', at('text.txt/run')),
      /ENOTDIR/,
    ],
  ])('%s: told, with a way out, and status 2', async (_, run, message) => {
    const { status, err } = await run()
    expect(err).toMatch(message)
    expect(err).not.toContain('    at ')
    expect(status).toBe(2)
  })
  const fresh0 = (...args: string[]) => train('--text', at('text.txt'), ...args)
  function withConfig(fields: object) {
    writeFileSync(at('bad.json'), JSON.stringify(fields))
    return train('--text', at('text.txt'), '--config', at('bad.json'), '--engine', 'cpu', '--out', at('bad'))
  }
  async function damaged() {
    await fresh('--engine', 'cpu', '--steps', '1', '--out', at('damaged'))
    const file = at('damaged/checkpoint.safetensors')
    writeFileSync(file, readFileSync(file).subarray(0, 20_000))
    return train('--resume', at('damaged'), '--engine', 'cpu')
  }
})

describe('parity', () => {
  test('runs a case, writes what it got, and ends well', async () => {
    const { status, out } = await command(parity, 'test/fixtures/golden', '--case', 'llama-tiny', '--out', at('got'))
    expect(status).toBe(0)
    expect(out).toMatch(/llama-tiny .* ok$/m)
    const got = readSafetensors(readFileSync(at('got/llama-tiny.got.safetensors'))).tensors
    const golden = readSafetensors(readFileSync('test/fixtures/golden/llama-tiny.safetensors')).tensors
    const wanted = [...golden.keys()].filter((name) => /^(logits|grad|final)/.test(name))
    expect([...got.keys()].sort()).toEqual(wanted.sort())
    for (const name of wanted) expect(got.get(name)?.shape).toEqual(golden.get(name)?.shape)
    const json = JSON.parse(readFileSync(at('got/llama-tiny.got.json'), 'utf8')) as Record<string, number[]>
    expect(json['losses']).toHaveLength(60)
    expect(json['grad_norms']).toHaveLength(60)
  })

  test('a case past tolerance ends with status 1, a damaged one with 2 after the others ran', async () => {
    const json = JSON.parse(readFileSync('test/fixtures/golden/gpt2-tiny.json', 'utf8')) as { losses: number[] }
    const off = { ...json, losses: json.losses.map((loss, i) => (i === 7 ? loss + 1e-4 : loss)) }
    writeFileSync(at('off.json'), JSON.stringify(off))
    writeFileSync(at('off.safetensors'), readFileSync('test/fixtures/golden/gpt2-tiny.safetensors'))
    const past = await command(parity, folder, '--case', 'off', '--engine', 'cpu')
    expect(past.out).toMatch(/^7 .*PAST TOLERANCE$/m)
    expect(past.out).toMatch(/^off .*1\.0e-4 7 .*PAST TOLERANCE$/m)
    expect(past.status).toBe(1)
    writeFileSync(at('half.json'), JSON.stringify(json))
    writeFileSync(at('half.safetensors'), readFileSync('test/fixtures/golden/gpt2-tiny.safetensors').subarray(0, 9000))
    const broken = await command(parity, folder, '--case', 'half', '--case', 'off', '--engine', 'cpu')
    expect(broken.err).toMatch(/half could not be run: .*half\.safetensors.*cut short/)
    expect(broken.out).toMatch(/^off .*PAST TOLERANCE$/m)
    expect(broken.status).toBe(2)
  })
})

test('record makes a kept run the one that the page opens with', async () => {
  await fresh('--engine', 'cpu', '--out', at('to-record'))
  const { status, out, err } = await command(
    record,
    at('to-record'),
    '--on',
    'a desk',
    '--out',
    at('recorded.json'),
    '--weights',
    at('recorded'),
  )
  expect({ status, err }).toEqual({ status: 0, err: '' })
  expect(out).toMatch(/40 steps to 40/)
  const recorded = parseRecordedRun(JSON.parse(readFileSync(at('recorded.json'), 'utf8')))
  const { meta, steps } = JSON.parse(readFileSync(at('recorded/run.json'), 'utf8')) as {
    meta: unknown
    steps: number[]
  }
  expect(steps).toEqual([1, 2, 4, 8, 16, 32, 40])
  const { config } = parseMeta(meta).spec
  expect(decodeKeyframe(readFileSync(at('recorded/40.safetensors')), 40, config).weights.size).toBeGreaterThan(0)
  expect(recorded.note).toMatch(/seed 1337, trained by .* on a desk/)
  expect(recorded.config).toMatchObject({ n_embd: 16, max_iters: 40 })
  expect(recorded.ladder).toHaveLength(6)
  expect([...recorded.history.steps.step]).toEqual([1, ...Array.from({ length: 20 }, (_, i) => 2 * i + 2)])
  expect(recorded.history.evals.map(({ step }) => step)).toEqual([0, 20, 40])
  expect(recorded.history.samples.at(-1)?.tokens.length).toBeGreaterThan(0)
  expect((await command(record, at('to-record'))).err).toMatch(/--on must say/)
})

describe('pii', () => {
  test('prints recall and precision of each kind, of all lines and of those held out', async () => {
    const { status, out } = await command(pii)
    expect(status).toBe(0)
    expect(out).toMatch(/^email +\d+ \(\d+\) +[01]\.\d{3} \([01]\.\d{3}\) +[01]\.\d{3} \([01]\.\d{3}\)$/m)
    writeFileSync(at('labelled.txt'), '# two lines\n{email:a@example.org} and b@example.org\n{name:Blorb} wrote\n')
    const own = await command(pii, at('labelled.txt'), '--mistakes')
    expect(own.out).toMatch(/^email +1 \(0\) +1\.000 .* 0\.500 /m)
    expect(own.out).toMatch(/email, wrong: "b@example.org"\n.*in "a@example.org and b@example.org"/)
    expect(own.out).toMatch(/name, missed: "Blorb"/)
  })
})

describe('bench', () => {
  test('says which adapter, versions and command its figures are from', async () => {
    const { status, out } = await command(
      bench,
      '--size',
      'S',
      '--engine',
      'wasm',
      '--steps',
      '2',
      '--json',
      at('bench.json'),
    )
    expect(status).toBe(0)
    expect(out).toMatch(/node \d+\.\d+\.\d+ · webgpu \d.*`npm run bench -- --size S --engine wasm --steps 2/)
    expect(out).toMatch(/\| ms a step[\s\S]*\| tokens\/s[\s\S]*\| GFLOP\/s[\s\S]*\| dispatches a step/)
    const { adapter, precision, results } = JSON.parse(readFileSync(at('bench.json'), 'utf8')) as {
      adapter: string
      precision: string
      results: Record<string, unknown>[]
    }
    expect(out).toContain(adapter)
    expect(precision).toBe('f32')
    expect(results).toMatchObject([{ size: 'S', batch: [8, 64], steps: 2, peers: [] }])
    expect(results[0]?.['losses']).toHaveLength(5)
  })

  test.each<[string, string[], RegExp]>([
    ['an unknown size', ['--size', 'XXL'], /--size is one of S, M, L, XL, not "XXL"/],
    ['no steps', ['--steps', '0'], /--steps takes a whole number of at least 1, not "0"/],
    ['an unknown precision', ['--precision', 'f64'], /--precision is one of f32, fast, not "f64"/],
    [
      'a precision that is not offered',
      ['--engine', 'cpu', '--precision', 'fast'],
      /not offered here: plain JavaScript/,
    ],
  ])('%s: told, with status 2', async (_, flags, message) => {
    const { status, out, err } = await command(bench, ...flags)
    expect(err).toMatch(message)
    expect({ status, out }).toEqual({ status: 2, out: '' })
  })
})

describe('in a process of their own', () => {
  test('npm run train trains, and says in one line why it does not', async () => {
    const flags = ['--text', at('text.txt'), '--config', at('config.json'), '--engine', 'cpu', '--steps', '2']
    const own = await npmRun('train', '--', ...flags, '--out', at('own'))
    expect(own).toMatchObject({ status: 0 })
    expect(own.out).toMatch(/validation loss \d\.\d{4} over 2 batches/)
    expect(own.err).toMatch(/^Engine: cpu/)
    expect(await fresh('--engine', 'cpu', '--steps', '2', '--out', at('called'))).toMatchObject({ status: 0 })
    expect(weightsOf(at('own'))).toEqual(weightsOf(at('called')))
    const refused = await npmRun('train', '--', ...flags, '--out', at('own'))
    expect(refused).toMatchObject({ status: 2, out: '' })
    expect(refused.err).toMatch(/^.* holds a run already: go on with it by --resume .*\n$/)
  })
  test.each(['train', 'parity', 'bench', 'record', 'pii', 'kernel', 'torture'])(
    'npm run %s tells how it is called',
    async (name) => {
      const { status, out, err } = await npmRun(name, '--', '--help')
      expect({ status, err }).toEqual({ status: 0, err: '' })
      expect(out).toMatch(new RegExp(`^npm run ${name} -- `))
    },
  )
})

test('each program is one file for plain esbuild too', async () => {
  const { build } = await import('esbuild')
  for (const name of ['train', 'parity', 'bench', 'record', 'pii', 'kernel']) {
    const outfile = at(`${name}.mjs`)
    const loader = { '.wgsl': 'text', '.txt': 'text' } as const
    const entryPoints = [`src/headless/${name}.ts`]
    const built = await build({
      entryPoints,
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      external: ['webgpu'],
      loader,
      logLevel: 'silent',
    })
    expect(built.warnings).toEqual([])
    expect(existsSync(outfile)).toBe(true)
  }
})
