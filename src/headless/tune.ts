// An imported model, which is weights alone, as a run on a text: what `train --resume` makes of it.
import { MODEL_FIELDS } from '../config/model_fields'
import type { Config } from '../config/config'
import { makeDataset } from '../data/dataset/dataset'
import { specOnText, withContext } from '../share/formats/imported'
import { RunHistory } from '../words/history'
import { pathOf, UsageError } from './command'
import { holdsRun, type KeptRun } from './run_folder'
import { readSource } from './text_source'

/** A name that can be a folder's. */
export const slug = (name: string) => name.replace(/\.\w+$/, '').replace(/[^\w-]+/g, '-') || 'run'

/** An imported model on a text: read with its own tokenizer, trained from its weights with fresh moments, in a folder of its own. */
export async function importedRun(
  folder: string,
  kept: KeptRun,
  asked: Partial<Config>,
  flags: { text?: string | undefined; out?: string | undefined },
) {
  const { checkpoint } = kept
  const { spec } = checkpoint.meta
  if (flags.text === undefined)
    throw new UsageError(`${folder} is an imported model without a text: say which with --text FILE.`)
  const fixed = Object.keys(asked).find(
    (field) =>
      field in MODEL_FIELDS && field !== 'dropout' && field !== 'block_size' && isOther(spec.config, asked, field),
  )
  if (fixed)
    throw new UsageError(`The model is what it is: ${fixed} is ${String(spec.config[fixed as keyof Config])} there.`)
  if ((asked.block_size ?? 0) > spec.config.block_size)
    throw new UsageError(`This model looks back over ${spec.config.block_size} tokens at most.`)
  const source = await readSource({ text: flags.text }, null)
  const { dataset, notices } = await makeDataset(source.text, source, spec.config.val_fraction, spec.tokenizer)
  const out = flags.out === undefined ? `${folder}-${slug(source.name)}` : pathOf(flags.out)
  if (holdsRun(out)) throw new UsageError(`${out} holds a run already; choose another --out.`)
  const tuned = specOnText(spec, dataset, asked)
  const name = `${spec.name} on ${source.name}`
  const tensors = withContext(checkpoint.tensors, tuned.config)
  return {
    spec: { ...tuned, name },
    dataset,
    text: new TextEncoder().encode(source.text),
    folder: out,
    history: new RunHistory(),
    kept: { ...kept, checkpoint: { meta: { ...checkpoint.meta, spec: { ...tuned, name } }, tensors } },
    notices: [...source.notices, ...notices],
  }
}
const isOther = (config: Config, asked: Partial<Config>, field: string) =>
  config[field as keyof Config] !== asked[field as keyof Config]
