// What is said where an imported model is trained on a text; loaded with it.
import type { TrainingChoice, TrainingPlan } from '../../words/imports'
import { bytes } from '../../words/sizes'
import { integer } from '../format'

export const tuning = {
  title: 'Train it on a text',
  lead: (from: string) =>
    `This model came from ${from} as weights alone. Training reads a text with the model’s own tokenizer and goes on from these weights in a run of its own; the model stays as it is.`,
  noText: 'There is no text yet.',
  choose: 'Choose a text',
  other: 'Another text',
  reading: (text: string) => `Reading “${text}” with the model’s tokenizer …`,
  fields: {
    max_iters: 'Steps',
    batch_size: 'Batch',
    block_size: 'Context',
    learning_rate: 'Learning rate',
  } satisfies Record<keyof TrainingChoice, string>,
  plan: ({ text, train_tokens, val_tokens, memory }: TrainingPlan) =>
    `“${text}”: ${integer(train_tokens)} tokens to train on, ${integer(val_tokens)} held out. It takes ${bytes(memory)} of this device.`,
  fix: (value: string) => `Use ${value}`,
  go: 'Train it',
  name: (model: string, text: string) => `${model} on ${text}`.slice(0, 120),
}
