// What the Runs stage says.
import type { Space } from '../../words/kept'
import { bytes } from '../../words/sizes'
import { dateTime, integer, loss } from '../format'

export const runs = {
  title: 'Runs',
  lead: 'Everything you trained is kept in this browser, and a reload loses nothing. Losses in bits a byte compare runs that read by different tokens.',
  none: 'No runs yet. The first one appears here when you press the button.',
  open: 'Open',
  opened: 'Open now',
  look: 'Look at it',
  rename: 'Rename',
  renameLabel: (name: string) => `New name for ${name}`,
  save: 'Save',
  note: 'Note',
  notesLabel: (name: string) => `Notes on ${name}`,
  duplicate: 'Duplicate',
  export: 'Export',
  exportHint: 'A .safetensors file with the weights, the text and the history.',
  delete: 'Delete',
  deleted: (name: string) => `“${name}” is deleted.`,
  card: 'Dataset card',
  deletedHeading: 'Deleted, can be undone until this tab closes',
  import: 'Open a run or a model',
  importedFrom: (from: string) => `From ${from}`,
  alone: 'weights alone',
  imported: (name: string) => `“${name}” is imported.`,
  copySaved: (name: string) => `Saved ${name}.`,
  step: 'Step',
  bits: 'Bits a byte',
  parameters: 'Parameters',
  size: 'Size',
  date: (at: number) => dateTime(at),
  stepOf: (step: number, max: number) => `${integer(step)} of ${integer(max)}`,
  value: (value: number | null) => (value === null ? '–' : loss(value)),
  status: { paused: 'paused', running: 'training', finished: 'finished', failed: 'stopped by an error' },
  readOnly: 'Read-only',
  handedOver: (name: string) => `“${name}” is not open in another tab any more: it can be trained here now.`,
  broken: 'Cannot be trained further',
  unreadable: 'Cannot be read',
  unreadableLead:
    'These runs are kept as they are, and keep their space. Export one to take its files away, or delete it. A newer page may read what this one cannot.',
  unnamed: (id: string) => `Run ${id}`,
  rawHint: 'A .zip file with everything of the run as it lies on the disk.',
  bytes,
  space: 'What takes space',
  counting: 'Counting …',
  spaceless: 'Nothing is kept.',
  spaceOf: ({ what, id, name, runs }: Space) =>
    what === 'run'
      ? `Run “${name ?? id}”: weights and history`
      : what === 'text'
        ? `Text ${name === null ? id.slice(0, 8) : `“${name}”`}, ${runs === 1 ? 'for one run' : `shared by ${integer(runs)} runs`}`
        : what === 'unreadable'
          ? `Run ${name === null ? id : `“${name}”`}, which cannot be read`
          : 'Left over, needed by no run',
  free: (size: number) => `Free ${bytes(size)}`,
  freeHint: 'Takes off what no run needs. Runs that cannot be read stay whole.',
  storage: (used: number, quota: number) => `${bytes(used)} of about ${bytes(quota)} that the browser allows are used.`,
}
