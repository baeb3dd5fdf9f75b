// What the shell of the page says: the part of the message catalogue for the rail, the strip, errors, keys and commands.
import { age, hundredths, integer, list, plural } from '../format'
import type { LinkControl } from '../../words/link'

/** What happened, what was kept and what to do, for an error with a name. */
interface Explanation {
  title: string
  text: string
  kept: string
  todo: string
}

const KEPT_RUN = 'The run is kept up to its last checkpoint, and everything saved before is untouched.'

const EXPLANATIONS: Record<string, Omit<Explanation, 'text'>> = {
  NotLoadedError: {
    title: 'This part of the page could not be loaded',
    kept: 'The rest of the page goes on, and so does training. What was saved is untouched.',
    todo: 'Check the connection and try again. If that does not help, reload the page: its host may have a newer version.',
  },
  NoWebGpuError: {
    title: 'This browser gives no access to the GPU',
    kept: 'Nothing is lost.',
    todo: 'The page goes on with its CPU engine: slower, but all of it works. The device panel tells how to get WebGPU.',
  },
  DeviceLostError: {
    title: 'The GPU went away',
    kept: KEPT_RUN,
    todo: 'Press Continue: the device is opened anew and training goes on from the last checkpoint.',
  },
  OutOfMemoryError: {
    title: 'The GPU has no room for this',
    kept: KEPT_RUN,
    todo: 'Choose a smaller size, a smaller batch or a shorter context, and restart.',
  },
  StorageFullError: {
    title: 'This could not be saved',
    kept: 'Training goes on and older checkpoints are untouched, but new ones cannot be written.',
    todo: 'Runs shows how much each of them takes.',
  },
  StorageRefusedError: {
    title: 'This could not be saved',
    kept: 'Training goes on until the tab is closed.',
    todo: 'To keep runs, allow this address to store data, or leave the private window.',
  },
  CheckpointError: {
    title: 'This file or checkpoint cannot be trusted',
    kept: 'Nothing that was saved before has been changed.',
    todo: 'Try another copy of the file, or an older run.',
  },
  ImportError: {
    title: 'This model cannot be opened here',
    kept: 'Nothing has been changed.',
    todo: 'Choose another model, or another format of it.',
  },
  LinkError: {
    title: 'This link cannot be opened',
    kept: 'Nothing has been changed.',
    todo: 'Ask for the link again.',
  },
  ExportError: {
    title: 'This model cannot be saved in that format',
    kept: 'Nothing has been changed.',
    todo: 'Choose another format: the sentence above says what is in the way.',
  },
  CorpusError: {
    title: 'This text cannot be trained on',
    kept: 'The text chosen before is still there.',
    todo: 'Choose another text, or change this one and try again.',
  },
  ConfigError: {
    title: 'These settings do not fit together',
    kept: 'Nothing has been changed.',
    todo: 'Open Model: each problem stands beside its field, with a way out.',
  },
  ProbeError: {
    title: 'This cannot be looked at',
    kept: 'Nothing has been changed, and training goes on.',
    todo: 'Another text or another model can be looked at.',
  },
  NotFiniteError: {
    title: 'The loss stopped being a number',
    kept: 'Training stopped at that step. The last good checkpoint is kept.',
    todo: 'Most often the learning rate is too high: lower it two or three notches in Model, then restart.',
  },
  RunLockedError: {
    title: 'Another tab is training this run',
    kept: 'The other tab goes on undisturbed.',
    todo: 'Look at it here, or go to the other tab to change it. Closing the other tab frees the run.',
  },
}

export const stages = {
  loading: 'Loading …',
  notLoaded: (why: string) =>
    `This stage could not be loaded (${why}). Check the connection and load the page again; runs are kept.`,
  label: 'Stages',
  kept: (count: number) => plural(count, 'run kept', 'runs kept'),
  data: 'Data',
  tokens: 'Tokens',
  model: 'Model',
  train: 'Train',
  look: 'Look inside',
  chat: 'Chat',
  share: 'Share',
  runs: 'Runs',
  all: 'Show everything',
  hints: {
    data: 'the text it learns from',
    tokens: 'the pieces it reads',
    model: 'its shape and size',
    train: 'watch it learn',
    look: 'see it think',
    chat: 'let it write',
    share: 'send it to others',
    runs: 'everything kept',
  },
}

/** Controls that a link may hide or lock. */
export const controls: Record<LinkControl, string> = {
  settings: 'settings',
  training: 'starting and stopping',
  slots: 'the choice of models',
  probe: 'the text that is looked at',
}
export const partial = {
  stages: 'other stages',
  sentence: (hidden: string[], locked: string[]) =>
    [
      'The link that was opened',
      [hidden.length > 0 ? `hides ${list(hidden)}` : '', locked.length > 0 ? `locks ${list(locked)}` : '']
        .filter(Boolean)
        .join(' and '),
    ].join(' ') + '.',
}

export const title = {
  running: (step: number, value: number) => `${integer(step)} · ${hundredths(value)} · Glasshouse`,
  stage: (stage: string) => `${stage} · Glasshouse`,
}

export const theme = { label: 'Theme', system: 'System', light: 'Light', dark: 'Dark' }

export const errors = {
  notReady: 'The training engine is still opening. Try again in a moment.',
  close: 'Dismiss this message',
  messages: 'Messages',
  /** Named errors say what to do; anything else is shown as it came. */
  describe(error: Error): Explanation {
    const known = EXPLANATIONS[error.name]
    if (known) return { ...known, text: error.message }
    return {
      title: 'Something went wrong here',
      text: error.message,
      kept: 'What was saved is untouched.',
      todo: 'Reload the page; the run goes on from its last checkpoint.',
    }
  },
  dead: 'The training engine did not start',
  deadText: (reason: string) => `The page could not open its worker: ${reason}`,
  deadTodo: 'Reload the page. If that does not help, the browser may be blocking workers for this address.',
  reload: 'Reload the page',
  part: (part: string) => `${part} cannot be shown.`,
  partText: 'The rest of the page goes on, and so does training. What was saved is untouched.',
  partWhy: (reason: string) => `The error: ${reason}`,
  again: 'Try again',
  exportRun: 'Export the run',
  parts: {
    rail: 'The list of stages',
    strip: 'The strip with the run’s numbers',
    chart: 'The loss chart',
    doctor: 'The findings',
    samples: 'The samples',
    merges: 'The merges',
    curve: 'The curve of vocabularies',
    diagram: 'The drawing of the model',
    ladder: 'The ladder of the text',
    device: 'The device panel',
    bench: 'The bench',
    keys: 'The list of keys',
    palette: 'The list of commands',
    link: 'The link',
  },
  stopped: 'The training engine stopped',
  stoppedTodo: 'What was saved is kept. Open it again: the run goes on from its newest save.',
  openAgain: 'Open it again',
}

export const strip = {
  scrub: 'Look back at a kept step, beside the run as it is',
  scrubAt: (step: number) => `step ${integer(step)}`,
  label: 'Run',
  start: 'Start',
  pause: 'Pause',
  resume: 'Continue',
  step: 'One step',
  stop: 'Stop',
  stopTitle: 'End this run here?',
  stopText: 'It is saved, marked as finished, and stays in Runs. To go on in a moment, pause instead.',
  stopYes: 'End the run',
  steps: 'Step',
  of: (max: number) => `of ${integer(max)}`,
  loss: 'Loss',
  validation: 'Validation',
  inNats: (name: string) => `${name}, nats`,
  speed: 'Tokens/s',
  left: 'Left',
  took: 'Took',
  none: '–',
  progress: (step: number, max: number) => `Step ${integer(step)} of ${integer(max)}`,
  state: {
    opening: 'Opening the device',
    dead: 'Engine not running',
    recorded: 'Recorded run',
    running: 'Training',
    paused: 'Paused',
    finished: 'Finished',
    failed: 'Stopped by an error',
    readOnly: 'Read-only',
    alone: 'Weights alone',
    compiling: (done: number, total: number) => `Preparing ${integer(done)}/${integer(total)}`,
    measuring: 'Measuring',
  },
  /** `seconds` since then; null where it is not known. */
  saved: (step: number, seconds: number | null) =>
    `saved at step ${integer(step)}${seconds === null ? '' : `, ${age(seconds)}`}`,
  unsaved: {
    full: () => 'not saved: disk full',
    refused: () => 'not saved: this browser keeps nothing',
    other: (text: string) => `not saved: ${text}`,
  },
}

export const keys = {
  title: 'Keyboard',
  on: 'Shortcuts are on',
  items: [
    ['Space', 'start or pause'],
    ['S', 'one step'],
    ['G', 'generate text'],
    ['L', 'share'],
    ['1 – 8', 'Data, Tokens, Model, Train, Look inside, Chat, Share, Runs'],
    ['[ ]  { }', 'in Look inside: the layer, the head'],
    [', .', 'in Look inside: the kept step before, after'],
    ['X', 'in Look inside: what if this part were off?'],
    ['?', 'this sheet'],
    ['Esc', 'close'],
    ['⌘K or Ctrl-K', 'all commands'],
    ['← →', 'on the chart or a sample: move the cursor'],
  ] as const,
  note: 'None of them acts while you are typing.',
  button: 'Keyboard',
}

export const palette = {
  title: 'Commands',
  find: 'Find a command',
  none: 'No command has these words.',
  button: 'Commands',
  commands: {
    stage: (stage: string) => `Go to ${stage}`,
    theme: (theme: string) => `Theme: ${theme}`,
    corpus: (name: string) => `Use the text ${name}`,
    run: (name: string) => `Open the run ${name}`,
    device: 'Show the device',
    keys: 'Show the keyboard shortcuts',
    generate: 'Generate text',
  },
}

export const update = {
  ready: 'A newer Glasshouse is here. Using it loads the page anew; your runs stay.',
  now: 'Use it now',
  later: 'Later',
}
