// What the page says where a model becomes a file that runs by itself.
import { integer, list, plural } from '../format'
import { bytes } from '../../words/sizes'

export const demo = {
  title: 'A page of its own',
  lead: 'One HTML file holds the model and all that it needs to write. It opens from a disk, a mail or any web host, and asks no network for anything.',
  loading: 'Looking at the model…',
  kind: 'As',
  kinds: { html: 'One HTML file', embed: 'A module to build with' },
  form: 'Weights in',
  forms: { f16: '16 bits', int8: '8 bits' },
  formWhy: {
    f16: 'Off by at most 0.05 % of each number: it writes as it does here.',
    int8: 'Half the size. Numbers are rounded in groups of 32, so now and then it chooses another token.',
  },
  fields: { title: 'Title', author: 'Your name', description: 'What it is', prompt: 'What it begins with' },
  chatPrompt: 'First message to suggest',
  optional: '(may stay empty)',
  descriptionHint: 'What did it learn from, and what is fun to try?',
  show: 'Show it here',
  showAgain: 'Show it anew',
  making: 'Making it…',
  save: 'Save the file',
  saveZip: 'Save both files',
  saved: (name: string) => `Saved as ${name}.`,
  about: (size: number) => `about ${bytes(size)}`,
  exactly: (size: number) => bytes(size),
  preview: (title: string) => `The page as others will see it: ${title}`,
  empty: 'The page appears here, as whoever opens the file will see it.',
  what: (name: string, step: number, params: number) =>
    `${name} at step ${integer(step)}: ${plural(params, 'parameter', 'parameters')}.`,
  tooLarge: (size: number, most: number) =>
    `These weights take ${bytes(size)}, and one file may hold ${bytes(most)}. Take 8 bits, or a folder.`,
  embedLead:
    'model.js needs no other file and no network: a page, a worker or Node.js imports it. model.d.ts is its documentation, which editors show.',
  code: `import { open } from './model.js'

const model = await open()
for await (const token of model.write('Once')) {
  document.body.append(token)
}`,
  chatCode: `import { open } from './model.js'

const model = await open()
const messages = [{ role: 'user', content: 'Hello' }]
for await (const token of model.reply(messages)) {
  document.body.append(token)
}`,
  personal: (found: readonly string[]) =>
    `The text that it learned from held personal data: ${list([...found])}. A model can repeat what it has read; whoever has the file can ask it.`,
  notLooked:
    'Nobody has looked for personal data in the text that it learned from. A model can repeat what it has read.',
}
