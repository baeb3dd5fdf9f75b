// What buttons, keys and the command palette do, each written once. Errors end as a message that says what to do.
import type { FieldName } from '../config'
import type { Finding } from '../doctor'
import { doctor } from './doctor.svelte'
import { draft } from './draft.svelte'
import { asError, lab } from './lab.svelte'
import { m } from './messages'
import { route } from './route.svelte'
import { toasts } from './toasts.svelte'
import { isTokenizerFile, tokens } from './tokens.svelte'

/** Runs a command; if it fails, the person reads why. */
export async function attempt(command: () => Promise<unknown>): Promise<boolean> {
  try {
    await command()
    return true
  } catch (error) {
    const { title, text, todo } = m.errors.describe(asError(error))
    toasts.show({ level: 'error', text: `${title}. ${text} ${todo}` })
    return false
  }
}

/** The open run can be trained on from here. */
export const canTrain = () =>
  lab.run !== null && lab.readOnly === null && lab.broken === null && lab.status !== 'finished' && !lab.busy

export async function trainItNow() {
  route.go('train')
  await draft.go()
}

/** Space and the strip's big button: start, pause, or begin the first run. */
export async function startOrPause() {
  if (lab.phase !== 'ready' || lab.reopening || draft.going !== 'idle') return
  if (lab.run === null) return trainItNow()
  if (lab.status === 'running') await attempt(() => lab.pause())
  else if (canTrain()) await attempt(() => lab.start())
}

export async function stepOnce() {
  if (canTrain() && lab.status !== 'running') await attempt(() => lab.stepOnce())
}

/** Does what the loss doctor advises. */
export async function treat({ rule, fix }: Finding) {
  const { run, status } = lab
  if (!run || !fix) return
  switch (fix.do) {
    case 'text':
      return route.go('data')
    case 'model':
      return route.go('model')
    case 'best':
      if (await attempt(() => lab.openBest(m.doctor.bestOf(run.name, fix.step)))) followRun()
      return
    case 'restart':
      followRun()
      for (const [field, value] of changes(fix.change)) draft.setField(field, value)
      if (await attempt(() => draft.restart('new'))) followRun()
      return
    case 'change':
      if (!(await attempt(() => lab.change(fix.change)))) return
      doctor.treat(rule)
      // Model shows the same, and what else was changed there stays.
      if (draft.ofRun) for (const [field, value] of changes(fix.change)) draft.setField(field, value)
      if (status === 'failed') await attempt(() => lab.start())
  }
}
const changes = (change: object) => Object.entries(change) as [FieldName, unknown][]

export async function openRun(id: string) {
  if (await attempt(() => lab.openRun(id))) followRun()
}

/** The settings under the hands become the open run's. */
export function followRun() {
  if (lab.run) draft.follow(lab.run.config, lab.run.prompt)
}

/** Takes a tokenizer.json to the tokenizers; false where the file is something else. */
async function takeTokenizer(file: File): Promise<boolean> {
  if (!(await isTokenizerFile(file))) return false
  route.go('tokens')
  await tokens.takeFile(file)
  return true
}

/** A dropped or chosen file: a run that was exported here, a tokenizer, or else a text. */
export async function takeFile(file: File) {
  if (await takeTokenizer(file)) return
  if (file.name.endsWith('.safetensors')) {
    route.go('runs')
    await attempt(async () => {
      const run = await lab.importRun(await file.arrayBuffer())
      toasts.show({ level: 'info', text: m.runs.imported(run.name) })
    })
    return
  }
  route.go('data')
  await draft.take(() => draft.useText(file.name, file))
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
