// `npm run train`: the page's session without the page, in Node on Dawn.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { FIELDS } from '../config/fields'
import { validate } from '../config/validate'
import type { Config } from '../config/config'
import { fits, makeDataset, measureTokens, type Dataset } from '../data/dataset/dataset'
import { prepare } from '../data/dataset/prepare'
import { questionsOf } from '../evaluate/questions'
import type { Engine } from '../engine'
import { ConfigError, NotFiniteError } from '../errors'
import { bitsPerByte } from '../words/loss_unit'
import { decodeText } from '../storage/checkpoint'
import { configFor, DEFAULT_PRESET, PRESETS, type Preset } from '../presets'
import { indexAtStep } from '../words/columns'
import { OverridesSchema } from '../words/schema'
import { SPECIAL } from '../words/tokens'
import { isWithoutText, type RunEvent, type RunSpec } from '../words/run'
import { RunHistory } from '../words/history'
import { KeyframePlan } from '../words/keyframes'
import { encodeKeyframe } from '../storage/keyframe'
import { Session } from '../train/session'
import { engineFor, forced, pathOf, readFlags, runProgram, UsageError, wholeNumber, type Io } from './command'
import { duration, jsonProgress, lineProgress, type Progress } from './progress'
import { holdsRun, keepKeyframe, readRun, writeMetrics, writeRun, type KeptRun } from './run_folder'
import { importedRun, slug } from './tune'
import { firstNames, noticesOf, preparationOf, readSource, type SourceFlags } from './text_source'

const USAGE = `npm run train -- --text FILE [--config FILE.json | --preset NAME] [--steps N] [--seed N] [--out DIR] [--json]
                     [--as text|chats|table|auto] [--columns A,B] [--assistant NAME] [--clean STEPS] [--anonymise HOW]
                     [--tokenizer KIND] [--vocab N]
npm run train -- --resume DIR [--text FILE] [--steps N] [--out DIR] [--json]

Trains a model and writes DIR/checkpoint.safetensors (weights, AdamW's moments, text and history in one file) and
DIR/metrics.csv. Ctrl-C stops at the end of a step and saves; --resume goes on from the same bit.
  --text FILE        the text to train on: plain text, .html, .docx, .pdf, or a .zip or folder of these; a preset with a text of
                     its own does without
  --preset NAME      ${PRESETS.map(({ id }) => id).join(', ')} (${DEFAULT_PRESET.id})
  --config FILE.json fields to set, by the names that the page's Advanced shows: {"n_layer": 4, "learning_rate": 1e-3}
  --as WHAT          what FILE is: text, chats (WhatsApp, Telegram, ChatGPT, ShareGPT or \`messages\` exports), table (CSV,
                     TSV, JSON, JSON lines), of which each row is a document, or auto, what each file looks like (text)
  --columns A,B      of a table (the one with the most text)
  --assistant NAME   of chats between people, who becomes the assistant (of two, who speaks second)
  --clean STEPS      in their order: nfkc,control,whitespace,html,lowercase,quotes,duplicate_lines,
                     near_duplicates:0.8,length:10-500,language:eng+deu,words:spam+advert
  --anonymise HOW    personal data found in the text, of every kind: mask ([NAME]), pseudonym (invented data for it),
                     drop_line (out with its line)
  --tokenizer KIND   char (each character a token), byte, word, bpe (byte pairs learned from the text), or a
                     tokenizer.json of byte pairs, such as GPT-2's (char)
  --vocab N          tokens to learn, for word and bpe (512)
  --steps N          stop after step N, counted from the run's beginning; the schedule keeps its length, max_iters,
                     unless N is more
  --seed N           another seed: other weights, other batches
  --out DIR          where to (runs/NAME; for --resume its own folder)
  --resume DIR       go on with the run in DIR, which holds its text; --text, --preset, --config and --seed may be said
                     again, but not changed; how it reads text stays. A model that \`npm run import\` wrote takes --text and
                     --config of training, and goes on in another folder
  --engine auto|gpu|wasm|cpu  which engine (auto: the GPU where there is one, else WebAssembly; cpu: the reference in plain
                     JavaScript)
  --kernel OP=VARIANT     the kernel that OP takes where it can: matmul=plain (see npm run kernel -- --help)
  --json             one JSON object a line on standard output, the last of type "result"`

/** How often a run is saved while it goes on. */
const SAVE_MS = 60_000

/** How many questions a trained model is asked, where its text was generated. */
const QUESTIONS = 100

/** Trains until the run's end or an interrupt: 0, 130 after an interrupt, 1 where a number stopped being one. */
export async function main(args: readonly string[], io: Io): Promise<number> {
  const { values: flags, positionals } = readFlags(USAGE, args, {
    text: { type: 'string' },
    preset: { type: 'string' },
    config: { type: 'string' },
    as: { type: 'string' },
    columns: { type: 'string' },
    assistant: { type: 'string' },
    clean: { type: 'string' },
    anonymise: { type: 'string' },
    tokenizer: { type: 'string' },
    vocab: { type: 'string' },
    steps: { type: 'string' },
    seed: { type: 'string' },
    out: { type: 'string' },
    resume: { type: 'string' },
    engine: { type: 'string', default: 'auto' },
    kernel: { type: 'string', multiple: true },
    json: { type: 'boolean', default: false },
  })
  if (positionals.length > 0) throw new UsageError(`What is "${positionals[0]}"? Flags begin with --.\n\n${USAGE}`)
  const steps = flags.steps === undefined ? null : wholeNumber('steps', flags.steps, 1)

  const run = flags.resume === undefined ? await newRun(flags) : await keptRun(pathOf(flags.resume), flags)
  const target = steps ?? run.spec.config.max_iters
  const first = run.kept?.checkpoint.meta.step ?? 0
  if (first > target) throw new UsageError(`The run is at step ${first} already; --steps counts from its beginning.`)
  const { config } = (run.spec = extended(run.spec, target))
  const problems = [...validate(config), ...fits(run.dataset, config)]
  if (problems.length > 0) throw new ConfigError(problems.map(({ message }) => message).join('\n'))

  const bits = (loss: number) => bitsPerByte(loss, run.spec.bytes_per_token ?? NaN)
  const progress = flags.json ? jsonProgress(io) : lineProgress(io, target, tokensOf(config), bits)
  for (const notice of run.notices) progress.say(notice)
  const engine = await engineFor(flags.engine, io, { ...forced(flags.kernel), software: flags.kernel !== undefined })
  const interrupt = onInterrupt(() => progress.say('Stopping at the end of this step; once more to stop at once.'))
  try {
    return await trainTo(target, run, { engine, progress, bits, interrupted: interrupt.came })
  } finally {
    interrupt.forget()
    engine.destroy()
  }
}

interface Means {
  engine: Engine
  progress: Progress
  /** A loss in bits a byte. */
  bits: (loss: number) => number
  interrupted: () => boolean
}

async function trainTo(target: number, run: Run, { engine, progress, bits, interrupted }: Means): Promise<number> {
  const { config } = run.spec
  const tokens_per_step = tokensOf(config)
  const { history } = run
  const listen = (event: RunEvent) => {
    history.add(event)
    progress.tell(event)
  }
  const session = await Session.open(engine, run.spec, run.dataset, run.kept?.checkpoint ?? null, listen, history)
  const { step: first } = session
  progress.say(
    `${run.spec.name}: ${session.params.toLocaleString('en')} parameters, ${run.dataset.train.length.toLocaleString('en')} ` +
      `tokens to train on, steps ${first} to ${target}, seed ${config.seed}`,
  )

  const save = async () => writeRun(run.folder, { checkpoint: await session.checkpoint(), history, text: run.text })
  const plan = new KeyframePlan()
  const keepStep = async () => {
    const { step } = session
    const why = step === target ? 'last' : step % config.eval_interval === 0 ? 'evaluated' : null
    if (!plan.isDue(step, why)) return
    const started = performance.now()
    keepKeyframe(run.folder, step, encodeKeyframe(step, config, await session.weightsNow()))
    plan.took(step)
    plan.cost(performance.now() - started)
  }
  // At once, so that a folder which cannot be written to is heard of before hours are spent.
  await save()
  let saved = performance.now()
  try {
    while (session.step < target && !interrupted()) {
      await keepStep()
      await session.advance()
      if (performance.now() - saved < SAVE_MS) continue
      await save().catch((error: unknown) =>
        progress.say(`Not saved at step ${session.step}, the run goes on: ${messageOf(error)}`),
      )
      saved = performance.now()
    }
    await session.settle()
    await keepStep()
  } catch (error) {
    if (!(error instanceof NotFiniteError)) throw error
    writeMetrics(run.folder, history, run.spec.bytes_per_token)
    progress.say(`${error.message}\nThe last good checkpoint is in ${run.folder}.`)
    return 1
  }

  const measured = history.evals.findLast(({ step }) => step === session.step)
  const evaluation = interrupted() ? measured : (measured ?? (await session.evaluate()))
  const answers = interrupted() ? null : await answersOf(session, run.dataset)
  const files = await save()
  const columns = history.steps.view()
  const before = indexAtStep(columns, first)
  const seconds = (columns.elapsed_s.at(-1) ?? 0) - (columns.elapsed_s[before] ?? 0)
  const trained = (columns.step.at(-1) ?? first) - first
  const tokens_per_s = seconds > 0 ? Math.round((trained * tokens_per_step) / seconds) : 0
  const val_loss = evaluation?.val_loss ?? null
  const { elapsed_s, step, tokens, params } = session
  progress.conclude(
    {
      step,
      val_loss,
      val_bits_per_byte: val_loss === null ? null : bits(val_loss),
      best_val_loss: session.best_val_loss,
      eval_iters: config.eval_iters,
      tokens,
      tokens_per_s,
      elapsed_s,
      params,
      engine: engine.info.name,
      ...(answers && { answers_right: answers.right, answers_checked: answers.checked }),
      ...files,
    },
    [
      `step ${step}: ${tokens.toLocaleString('en')} tokens in ${duration(elapsed_s)}, ${tokens_per_s.toLocaleString('en')} tokens/s on ${engine.info.name}`,
      ...(val_loss === null
        ? []
        : [
            `validation loss ${val_loss.toFixed(4)} over ${config.eval_iters} batches, ${bits(val_loss).toFixed(3)} bits a byte`,
          ]),
      ...(answers ? [`answers         ${answers.right} of ${answers.checked} held-out questions right`] : []),
      `checkpoint      ${files.checkpoint}`,
      `metrics         ${files.metrics}`,
    ].join('\n'),
  )
  session.destroy()
  return interrupted() ? 130 : 0
}

/** Tokens that one step trains on. */
const tokensOf = (config: Config) => config.batch_size * config.block_size * config.gradient_accumulation_steps

/** Answers to held-out questions, where there are any. */
async function answersOf(session: Session, dataset: Dataset): Promise<{ right: number; checked: number } | null> {
  const asked = questionsOf(dataset, QUESTIONS)
  if (!asked?.held || asked.questions.length === 0) return null
  let right = 0
  for (const { options, judge } of asked.questions) {
    let written = ''
    for await (const { text } of session.generate(options)) written += text
    if (judge(written).correct) right++
  }
  return { right, checked: asked.questions.length }
}

interface Run {
  spec: RunSpec
  dataset: Dataset
  text: Uint8Array
  folder: string
  history: RunHistory
  kept: KeptRun | null
  notices: string[]
}

interface NewRunFlags extends SourceFlags {
  preset?: string | undefined
  config?: string | undefined
  seed?: string | undefined
  out?: string | undefined
}

async function newRun(flags: NewRunFlags): Promise<Run> {
  if (flags.config !== undefined && flags.preset !== undefined)
    throw new UsageError('--config and --preset both say what to train; give one of them.')
  const preset = findPreset(flags.preset ?? DEFAULT_PRESET.id)
  const overrides = flags.config === undefined ? preset.config : readConfig(pathOf(flags.config))
  const source = await readSource(flags, flags.preset === undefined ? null : preset)
  const val_fraction = overrides.val_fraction ?? configFor({}, 1).val_fraction
  const { name } = source
  const prepared = await prepare(source, preparationOf(source, flags), { val_fraction, firstNames })
  const { text, dataset } = prepared
  const { vocab_size } = dataset.tokenizer
  if (overrides.vocab_size !== undefined && overrides.vocab_size !== vocab_size)
    throw new UsageError(
      `vocab_size is ${overrides.vocab_size}, but the text has ${vocab_size} different tokens; leave it out.`,
    )
  const seed = flags.seed === undefined ? {} : { seed: wholeNumber('seed', flags.seed, 0) }
  const config = configFor({ ...overrides, ...seed }, vocab_size)
  const folder = flags.out === undefined ? freeFolder(name) : pathOf(flags.out)
  if (holdsRun(folder))
    throw new UsageError(`${folder} holds a run already: go on with it by --resume ${folder}, or choose another --out.`)
  return {
    spec: {
      name,
      config,
      corpus: dataset.corpus,
      tokenizer: dataset.tokenizer.state,
      ...measureTokens(dataset, config.val_fraction),
      ...(flags.config === undefined && preset.gates && { gates: preset.gates }),
      prompt: source.chats ? SPECIAL.user : flags.config === undefined ? preset.prompt : '\n',
    },
    dataset,
    text: new TextEncoder().encode(text),
    folder,
    history: new RunHistory(),
    kept: null,
    notices: [...source.notices, ...noticesOf(prepared)],
  }
}

async function keptRun(folder: string, flags: NewRunFlags): Promise<Run> {
  const again = (['as', 'columns', 'assistant', 'clean', 'anonymise', 'tokenizer', 'vocab'] as const).find(
    (flag) => flags[flag] !== undefined,
  )
  if (again) throw new UsageError(`--resume reads its text as the run did before; leave --${again} out.`)
  const kept = readRun(folder)
  const { spec } = kept.checkpoint.meta
  const asked: Partial<Config> = {
    ...(flags.preset !== undefined && findPreset(flags.preset).config),
    ...(flags.config !== undefined && readConfig(pathOf(flags.config))),
    ...(flags.seed !== undefined && { seed: wholeNumber('seed', flags.seed, 0) }),
  }
  if (isWithoutText(spec)) return importedRun(folder, kept, asked, flags)
  const changed = Object.entries(asked).find(([field, value]) => spec.config[field as keyof Config] !== value)
  if (changed) {
    const [field, value] = changed
    const was = spec.config[field as keyof Config]
    throw new UsageError(
      `--resume goes on with the run as it is: ${field} is ${was} there, and cannot become ${value}.`,
    )
  }
  const text = decodeText(kept.text)
  const { dataset } = await makeDataset(text, spec.corpus, spec.config.val_fraction, spec.tokenizer)
  if (dataset.corpus.fingerprint !== spec.corpus.fingerprint)
    throw new UsageError(`${folder}: the text in the checkpoint is not the one that the run was trained on.`)
  if (flags.text !== undefined) {
    const given = await readSource({ text: flags.text }, null)
    if (given.text !== text)
      throw new UsageError(
        `${flags.text} is not the text that ${folder} was trained on (${spec.corpus.name}); leave --text out.`,
      )
  }
  const out = flags.out === undefined ? folder : pathOf(flags.out)
  if (out !== folder && holdsRun(out)) throw new UsageError(`${out} holds another run already; choose another --out.`)
  // Older runs do not say it.
  const measured = { ...measureTokens(dataset, spec.config.val_fraction), ...spec }
  return { spec: measured, dataset, text: kept.text, folder: out, history: kept.history, kept, notices: [] }
}

function findPreset(id: string): Preset {
  const preset = PRESETS.find((p) => p.id === id)
  if (!preset) throw new UsageError(`There is no preset "${id}"; there are ${PRESETS.map((p) => p.id).join(', ')}.`)
  return preset
}

/** Fields of a JSON file. Values are judged by `validate`; here only their names are. */
function readConfig(file: string): Partial<Config> {
  let json: unknown
  try {
    json = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new UsageError(`${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
  const { success, output, issues } = v.safeParse(OverridesSchema, json, { abortPipeEarly: true })
  if (success) return output
  const stranger = v.getDotPath(issues[0])
  throw new UsageError(
    stranger === null
      ? `${file} must hold one JSON object of fields, such as {"n_layer": 4}.`
      : `${file}: there is no field "${stranger}"; there are ${Object.keys(FIELDS).join(', ')}.`,
  )
}

/** A run that is to go on past the end of its schedule gets a longer one. */
function extended(spec: RunSpec, target: number): RunSpec {
  const max_iters = Math.max(target, spec.config.max_iters)
  return { ...spec, config: { ...spec.config, max_iters } }
}

/** Listens for Ctrl-C (or a kind kill) until `forget`; a second one ends the process as if nobody listened. */
function onInterrupt(say: () => void): { came: () => boolean; forget: () => void } {
  const signals = ['SIGINT', 'SIGTERM'] as const
  let came = false
  const listen = () => {
    came = true
    forget()
    say()
  }
  const forget = () => signals.forEach((signal) => process.off(signal, listen))
  signals.forEach((signal) => process.on(signal, listen))
  return { came: () => came, forget }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

/** `runs/NAME`, or with the first number behind it that is free. */
function freeFolder(name: string): string {
  const base = join('runs', slug(name))
  for (let i = 1; ; i++) {
    const folder = i === 1 ? base : `${base}-${i}`
    if (!holdsRun(folder)) return folder
  }
}

await runProgram(import.meta.url, main)
