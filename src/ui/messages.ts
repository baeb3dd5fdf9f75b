// Every word that the page says, gathered from the wings into one catalogue so that it can be translated; what Look inside adds is loaded
// with it (look/words.ts). Numbers and plurals come
// from format.ts.
import { answers } from './chat/messages_answers'
import { chat } from './chat/messages'
import { collect } from './data/messages_collect'
import { data } from './data/messages'
import { ladder } from './data/messages_ladder'
import { card, recipe } from './data/messages_recipe'
import { bench, device } from './device/messages'
import { clock, compact, hundredths, integer, loss, percent, significant } from './format'
import { bytes } from '../words/sizes'
import { map } from './look/messages_map'
import { model } from './model/messages'
import { controls, errors, keys, palette, partial, stages, strip, theme, title, update } from './page/messages'
import { go } from './parts/messages'
import { runs } from './runs/messages'
import { tokens } from './tokens/messages'
import { doctor } from './train/messages_doctor'
import { reads, recorded, train } from './train/messages'

export const m = {
  brand: 'Glasshouse',
  promise: 'Nothing leaves this tab: your text, the training and the model stay in this browser.',
  skip: 'Skip to the stage',
  close: 'Close',
  cancel: 'Cancel',
  undo: 'Undo',
  copy: 'Copy',
  copied: 'Copied',

  stages,
  controls,
  partial,
  title,
  theme,
  update,
  errors,
  recorded,
  go,
  strip,
  data,
  model,
  reads,
  train,
  doctor,
  collect,
  answers,
  ladder,
  card,
  recipe,
  tokens,
  map,
  chat,
  runs,
  bench,
  device,
  keys,
  palette,

  number: integer,
  hundredths,
  significant,
  loss,
  bytes,
  compact,
  percent,
  clock,
}
