// What buttons, keys and the command palette do, each written once. Errors end as a message that says what to do.
import { SupersededError } from '../../errors'
import { draft } from './draft.svelte'
import { isTokenizerFile, type Given } from './given'
import { imports } from './imports.svelte'
import type { FileKind } from '../../words/imports'
import { asError, lab } from './lab.svelte'
import { m } from '../messages'
import { route } from './route.svelte'
import { toasts } from './toasts.svelte'
import { pageView } from './view.svelte'

/** Runs a command; if it fails, the person reads why. What something newer replaced did not fail. */
export async function attempt(command: () => Promise<unknown>): Promise<boolean> {
  try {
    await command()
    return true
  } catch (error) {
    if (error instanceof SupersededError) return false
    const { title, text, todo } = m.errors.describe(asError(error))
    toasts.show({ level: 'error', text: `${title}. ${text} ${todo}` })
    return false
  }
}

/** The open run can be trained on from here. */
export const canTrain = () =>
  !pageView.isHeld('training') &&
  lab.run !== null &&
  lab.readOnly === null &&
  lab.broken === null &&
  lab.status !== 'finished' &&
  !lab.busy

export async function trainItNow() {
  route.go('train')
  await draft.go()
}

/** Space and the strip's big button: start, pause, or begin the first run. */
export async function startOrPause() {
  if (lab.phase !== 'ready' || lab.reopening || draft.going !== 'idle' || pageView.isHeld('training')) return
  if (lab.run === null) return trainItNow()
  if (lab.status === 'running') await attempt(() => lab.pause())
  else if (canTrain()) await attempt(() => lab.start())
}

export async function stepOnce() {
  if (canTrain() && lab.status !== 'running') await attempt(() => lab.stepOnce())
}

export async function openRun(id: string) {
  if (await attempt(() => lab.openRun(id))) followRun()
}

/** Opens the worker again after it has stopped. */
export async function reopenWorker() {
  await lab.reopen()
  if (lab.run) followRun()
  else if (lab.phase === 'ready') await draft.readDefault()
}

/** The settings under the hands become the open run's. */
export function followRun() {
  if (lab.run) draft.follow(lab.run.config, lab.run.prompt)
}

/** A run's weights, text and history as a download. */
export async function exportRun({ id }: { id: string }) {
  const { name, bytes } = await lab.calls.kept.export(id)
  download(name, bytes)
  toasts.show({ level: 'info', text: m.runs.copySaved(name) })
}

/** Runs that were exported here, from a file or a zip of them. */
async function takeRuns({ name, file }: Given) {
  route.go('runs')
  await attempt(async () => {
    for (const run of await lab.calls.imports.runs({ name, data: file }))
      toasts.show({ level: 'info', text: m.runs.imported(run) })
  })
}

/** Takes out of what was given the runs that were exported here and a model of another program; returns what is left: a text's. */
async function takeModels(given: readonly Given[]): Promise<readonly Given[]> {
  if (!given.some(({ name }) => /\.(safetensors|gguf|zip)$/i.test(name))) return given
  let rest = given
  await attempt(async () => {
    rest = []
    const kinds = await lab.calls.imports.kinds(given.map(({ name, file }) => ({ name, data: file })))
    const of = (kind: FileKind) => given.filter((_, i) => kinds[i] === kind)
    for (const run of of('run')) await takeRuns(run)
    if (!kinds.includes('model')) return (rest = of('other'))
    route.go('runs')
    // What lies beside a model belongs to it: its config, its tokenizer, its card.
    await imports.read(given.filter((_, i) => kinds[i] !== 'run'))
  })
  return rest
}

/** Takes a tokenizer.json where the tokenizers are. The page says how. */
let takeTokenizer: (file: File) => Promise<void> = () => Promise.resolve()
export function onTokenizerFile(take: (file: File) => Promise<void>) {
  takeTokenizer = take
}

/** Dropped or chosen files: a tokenizer by itself, runs that were exported here, a model, or all others together as a text. */
export async function takeFiles(given: readonly Given[]) {
  const [first, ...others] = given
  if (first && others.length === 0 && (await isTokenizerFile(first.file))) {
    await attempt(() => takeTokenizer(first.file))
    return
  }
  const texts = await takeModels(given)
  if (texts.length === 0) return
  route.go('data')
  const files = texts.map(({ name, file }) => ({ name, data: file }))
  await draft.bring(() => draft.useOwn(lab.calls.data.loadFiles(files)))
}

export async function copy(text: string): Promise<boolean> {
  return attempt(() => navigator.clipboard.writeText(text))
}

/** Hands bytes to the browser as a download. */
export function download(name: string, bytes: Uint8Array<ArrayBuffer>) {
  const url = URL.createObjectURL(new Blob([bytes], { type: 'application/octet-stream' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
