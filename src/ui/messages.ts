// Every word that the page says, in one catalogue so that it can be translated. Numbers and plurals come from format.ts.
import {
  bytes,
  clock,
  compact,
  dateTime,
  hundredths,
  integer,
  list,
  loss,
  percent,
  plural,
  rate,
  seconds,
  significant,
  spanInWords,
} from './format'
import { bitsPerByte, type LossUnit } from '../loss_unit'
import { answers } from './messages_answers'
import { collect } from './messages_collect'
import { ladder } from './messages_ladder'
import { doctor } from './messages_doctor'
import { card, recipe } from './messages_recipe'
import { tokens } from './messages_tokens'
import { countOf, rung, token, tokens as tokensIn, type Reads } from './messages_units'

/** What happened, what was kept and what to do, for an error with a name. */
interface Explanation {
  title: string
  text: string
  kept: string
  todo: string
}

const KEPT_RUN = 'The run is kept up to its last checkpoint, and everything saved before is untouched.'

const EXPLANATIONS: Record<string, Omit<Explanation, 'text'>> = {
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
    title: 'The browser’s disk is full',
    kept: 'Training goes on and older checkpoints are untouched, but new ones cannot be written.',
    todo: 'Delete runs that you no longer need, or export them first.',
  },
  CheckpointError: {
    title: 'This file or checkpoint cannot be trusted',
    kept: 'Nothing that was saved before has been changed.',
    todo: 'Try another copy of the file, or an older run.',
  },
  LinkError: {
    title: 'This link cannot be opened',
    kept: 'Nothing has been changed.',
    todo: 'Ask for the link again.',
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

export const m = {
  brand: 'Glasshouse',
  promise: 'Nothing leaves this tab: your text, the training and the model stay in this browser.',
  skip: 'Skip to the stage',
  close: 'Close',
  cancel: 'Cancel',
  undo: 'Undo',
  copy: 'Copy',
  copied: 'Copied',

  stages: {
    label: 'Stages',
    kept: (count: number) => plural(count, 'run kept', 'runs kept'),
    data: 'Data',
    tokens: 'Tokens',
    model: 'Model',
    train: 'Train',
    chat: 'Chat',
    runs: 'Runs',
    hints: {
      data: 'the text it learns from',
      tokens: 'the pieces it reads',
      model: 'its shape and size',
      train: 'watch it learn',
      chat: 'let it write',
      runs: 'everything kept',
    },
  },

  title: {
    running: (step: number, value: number) => `${integer(step)} · ${hundredths(value)} · Glasshouse`,
    stage: (stage: string) => `${stage} · Glasshouse`,
  },

  theme: { label: 'Theme', system: 'System', light: 'Light', dark: 'Dark' },

  errors: {
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
  },

  recorded: {
    eyebrow: 'A recorded run',
    title: 'A small language model learns to write',
    lead:
      'It starts out knowing nothing, reads a text again and again, and each time guesses the next character. ' +
      'The curve below is how surprised it was; next to it stands what it wrote on the way.',
    replay: 'Replay',
    replaying: 'Replaying',
    none: 'No recorded run came with this page. Press the button to train one.',
    unreadable: (why: string) => `The recorded run could not be shown: ${why}`,
  },

  go: {
    now: 'Train it now',
    readingText: 'Reading the text',
    measuring: 'Measuring five steps on this device',
    preparing: (done: number, total: number) => `Preparing the device: ${integer(done)} of ${integer(total)} programs`,
    promise: (steps: number, seconds: number, tokens: number) =>
      `${plural(steps, 'step', 'steps')} take about ${spanInWords(seconds)} on this device (${compact(tokens)} tokens a second, measured).`,
    long: 'That is a while. It goes on in a background tab, and you can pause at any time.',
    anyway: (seconds: number) => `Train anyway, about ${spanInWords(seconds)}`,
    smaller: (size: string) => `Choose the ${size} size instead`,
    text: 'Or use your own text',
    starting: 'Starting',
  },

  strip: {
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
      compiling: (done: number, total: number) => `Preparing ${integer(done)}/${integer(total)}`,
      measuring: 'Measuring',
    },
    saved: (step: number) => `saved at step ${integer(step)}`,
    unsaved: 'not saved: disk full',
  },

  data: {
    title: 'Data',
    lead: 'A model learns from one text, by guessing what comes next in it, again and again. Bring your own, or choose one that is here.',
    builtIn: 'Texts that come with the page',
    use: 'Use',
    using: 'In use',
    loading: 'Reading',
    about: (characters: number) => `about ${compact(characters)} characters`,
    own: 'Your own text',
    paste: 'Paste text here',
    pasteName: 'Pasted text',
    usePasted: 'Use the pasted text',
    pastedCount: (characters: number) => plural(characters, 'character', 'characters'),
    drop: 'Drop it to train on it',
    dropText:
      'Files and folders become the text, a .safetensors file exported here becomes a run, a tokenizer.json a tokenizer.',
    summary: 'What the model will see',
    none: 'No text chosen yet.',
    characters: 'Characters',
    lines: 'Lines',
    alphabet: 'Alphabet',
    trainPart: 'To learn from',
    valPart: 'Held out',
    licence: 'Licence',
    letters: 'The alphabet, most frequent first',
    lettersHint: 'The model knows these characters and no others. The bar is how often each one occurs.',
    tokenList: 'The tokens, most frequent first',
    tokenListHint: 'The model knows these tokens and no others. The bar is how often each one occurs.',
    more: (count: number) => `and ${plural(count, 'more', 'more')}`,
    excerpt: 'How it begins',
    notices: 'Worth knowing',
    next: 'Next: the tokens',
    token: (token: string, count: number, share: number) =>
      `${token}: ${plural(count, 'time', 'times')}, ${percent(share)}`,
  },

  model: {
    title: 'Model',
    lead: 'One dial sets everything. Bigger models learn more from longer texts and take longer.',
    preset: 'Start from',
    custom: 'Custom',
    size: 'Size',
    sets: 'The dial sets layers, heads, width, context, batch, learning rate and steps together.',
    picture: 'The model, as set',
    diagram: (c: {
      reads: Reads
      vocab: number
      width: number
      layers: number
      heads: number
      groups: number
      headSize: number
      inner: number
      context: number
    }) =>
      `Each of up to ${countOf(c.context, c.reads)} becomes ${plural(c.width, 'number', 'numbers')}. ` +
      `${plural(c.layers, 'layer', 'layers')} in a row rework them: ${plural(c.heads, 'attention head', 'attention heads')} ` +
      `of ${integer(c.headSize)}${c.groups < c.heads ? `, sharing ${plural(c.groups, 'key/value head', 'key/value heads')}` : ''}, ` +
      `then an MLP ${integer(c.inner)} wide. The last step gives a chance to each of ${countOf(c.vocab, c.reads)}.`,
    embedding: 'Embedding',
    attention: 'Attention',
    mlp: 'MLP',
    head: 'Output',
    norms: 'Norms',
    position: 'Positions',
    layers: (count: number) => plural(count, 'layer', 'layers'),
    inText: 'text in',
    outText: 'chances out',
    params: 'Parameters',
    paramsHint: 'numbers that training adjusts',
    where: 'Where the parameters are',
    memory: 'Memory',
    memoryHint: 'on the device, worked out from the plan',
    memoryParts: {
      weights: 'weights',
      gradients: 'gradients',
      moments: 'AdamW’s moments',
      activations: 'activations',
      evaluation: 'validation',
      decoder: 'writing samples',
      inputs: 'batch and tables',
    },
    recompute: 'Compute again in backward',
    recomputeNames: { none: 'nothing', mlp: 'MLPs', layer: 'whole layers' },
    recomputeNone: 'Every activation is kept until it has been used.',
    recomputeSaves: (saved: number, of: number, share: number) =>
      `Saves ${bytes(saved)} of ${bytes(of)} for ${percent(share)} more arithmetic; the numbers stay the same, bit for bit.`,
    precision: 'Precision',
    precisionNames: { f32: 'exact', fast: 'fast' },
    precisionHints: {
      f32: 'Every product in 32 bits.',
      fast: 'Factors of large products, and what attention reads, in 16 bits, where this device has shown that it is right and faster with them. Weights and sums keep 32.',
    },
    speed: 'Speed here',
    speedHint: (stepMs: number) => `${significant(stepMs)} ms a step, measured`,
    speedValue: (tokens: number) => `${compact(tokens)} tokens/s`,
    time: 'The whole run',
    timeValue: (seconds: number) => `about ${spanInWords(seconds)}`,
    measure: 'Measure five steps',
    measureAgain: 'Measure again',
    measuring: 'Measuring',
    notMeasured: 'not measured yet',
    advanced: 'Advanced: every field',
    groups: { model: 'The model', training: 'The training' },
    range: (low: string, high: string) => `${low} … ${high}`,
    default: (value: string) => `default ${value}`,
    reset: 'Reset',
    resetLabel: (field: string) => `Reset ${field} to its default`,
    less: (field: string) => `${field}: less`,
    moreOf: (field: string) => `${field}: more`,
    fix: (value: string) => `Set to ${value}`,
    yes: 'yes',
    no: 'no',
    problems: (count: number) => plural(count, 'problem', 'problems'),
    problemsText: 'Solve these before training:',
    live: 'apply now',
    needsRestart: 'needs a restart',
    canApply: (fields: string[]) => `${list(fields)} can be applied now, to the run as it is.`,
    mustRestart: (fields: string[]) =>
      `${list(fields)} ${fields.length === 1 ? 'needs' : 'need'} a restart: a new run from step 0.`,
    applyNow: (fields: string[]) => `Apply ${list(fields)} now`,
    restartSame: 'Restart with the same weights',
    restartSameHint: 'A new run from step 0 that starts from what this one has learned.',
    restartSameNo: 'The weights do not fit a changed architecture or text.',
    restartNew: 'Restart with a new seed',
    restartNewHint: 'A new run from step 0 with fresh random weights.',
    discard: 'Discard changes',
    train: 'Train this model',
    trainHint: 'The open run is paused and kept.',
    forRun: (name: string) => `You are looking at the settings of “${name}”.`,
    forNew: (corpus: string) => `Settings for a new run on ${corpus}.`,
    actions: 'What to do with these settings',
    stepsHint: (steps: number) => plural(steps, 'step', 'steps'),
  },

  /** Of a run that does not read by characters. */
  reads: {
    byte: 'The open run reads bytes: a token is one byte of the text.',
    word: 'The open run reads words: a token is a word, or what stands between two. Compare its loss with other runs in bits a byte.',
    bpe: 'The open run reads byte pairs: a token may be several characters. Compare its loss with other runs in bits a byte.',
  },

  train: {
    newRun: 'New run',
    on: (corpus: string) => `On ${corpus}`,
    params: (count: number) => `${compact(count)} parameters`,
    chart: 'Loss',
    chartHint: 'How surprised the model is by what comes next: lower is better.',
    x: { label: 'Across', step: 'Steps', tokens: 'Tokens', time: 'Time' },
    y: { label: 'Up', nats: 'Nats', perplexity: 'Perplexity', bits: 'Bits a byte' },
    log: 'log',
    logX: 'Logarithmic across',
    logY: 'Logarithmic up',
    along: { step: 'steps', tokens: 'tokens', time: 'seconds of training' },
    axis: (unit: LossUnit, reads: Reads) =>
      unit === 'bits' ? 'bits a byte' : `${unit === 'nats' ? 'nats a' : 'perplexity of a'} ${token(reads)}`,
    inUnit: (unit: string) => `in ${unit}`,
    series: {
      train: 'Training',
      validation: 'Validation',
      uniform: 'Blind guessing',
    },
    cursor: 'Cursor on the loss chart',
    at: (c: {
      step: number
      train: string
      low: string
      high: string
      validation: string | null
      rate: number
      unit: string
    }) =>
      `Step ${integer(c.step)}: training ${c.train} (${c.low} to ${c.high})` +
      (c.validation === null ? '' : `, validation ${c.validation}`) +
      `, in ${c.unit}, learning rate ${rate(c.rate)}`,
    /** The sentence under the chart, which is also what a screen reader hears. */
    sentence(s: {
      step: number
      loss: number
      held: boolean
      uniform: number
      ladder: number[] | null
      reads: Reads
      bytes_per_token: number | null
    }): string {
      const choices = Math.exp(s.loss)
      const bits =
        s.bytes_per_token === null ? '' : `, ${hundredths(bitsPerByte(s.loss, s.bytes_per_token))} bits a byte`
      const head = `Step ${integer(s.step)}: ${s.held ? 'validation' : 'training loss'} ${hundredths(s.loss)} nats a ${token(s.reads)}${bits} (perplexity ${significant(choices)}).`
      if (s.uniform - s.loss < 0.05) return `${head} It still guesses blindly: that would be ${hundredths(s.uniform)}.`
      if (s.ladder) return `${head} ${this.compared(s.loss, s.ladder, s.reads)}`
      return (
        `${head} It is as unsure as if it chose among ${significant(choices)} equally likely ${tokensIn(s.reads)}; ` +
        `blind guessing would be ${integer(Math.exp(s.uniform))}.`
      )
    },
    /** How a loss stands to what counting reaches. */
    compared(loss: number, ladder: number[], reads: Reads = 'char'): string {
      const first = ladder.findIndex((nats) => loss >= nats)
      const beaten = (first < 0 ? ladder.length : first) - 1
      const past = `Better than ${this.rung(beaten, reads).toLowerCase()}`
      return first < 0
        ? `${past}, which is as far as was counted.`
        : `${past}, not yet as good as ${this.rung(first, reads).toLowerCase()}.`
    },
    noBits: 'No bits a byte: this run has no held-out text of which bytes and tokens were counted.',
    rung,
    table: 'Loss by step',
    tableStep: 'Step',
    tableTrain: 'Training, nats',
    tableValidation: 'Validation, nats',
    events: 'Events',
    flags: {
      warmup: 'warm-up ends',
      best: (value: string, unit: string) => `best validation, ${value} ${unit}`,
    },
    range: (mean: string, low: string, high: string) => `${mean} (${low}–${high})`,
    rate: (value: number) => `learning rate ${rate(value)}`,
    atStep: (step: number) => `step ${integer(step)}`,
    how: 'How to read this chart',
    howText: (reads: Reads) => [
      `At each step the model reads a few stretches of text and guesses every next ${token(reads)}. The loss is how surprised it was by the right one, in nats: 0 would be certainty, and each nat less means choosing among 2.7 times fewer ${tokensIn(reads)}.`,
      'The solid line is the training loss, averaged over neighbouring steps; the band behind it spans the lowest and highest of them. The dashed line with dots is validation: the same measure on text that is never trained on. When validation turns up while training goes on falling, the model has begun to memorise.',
      `The dotted lines are what one gets without a model, by counting in the same text which ${token(reads)} follows the last one, two, three or four. A model that stays on the line of one has learned pairs and nothing more.`,
      'Nats and perplexity are for each token, and a token may be a character, a word or a piece of one. Bits a byte divide by how much text a token stands for: in them, runs that read by different tokens can be compared.',
      'A curve that drops fast, then slowly, and then flattens is what learning looks like.',
    ],
    empty: 'The curve begins with the first step.',
    samples: 'What it writes',
    samplesHint: (prompt: string) =>
      prompt === '' ? 'The same seed each time.' : `The same start and seed each time: “${prompt}”`,
    samplesEmpty: 'The first sample comes with the first validation.',
    sampleStep: (step: number) => `Step ${integer(step)}`,
    sampleAlt: (mean: number) => `average chance of the tokens it chose: ${percent(mean)}`,
    allSamples: (count: number) => `Show all ${integer(count)}`,
    fewSamples: 'Show fewer',
    colour: 'Colour by chance',
    legend: 'Chance the model gave to what it chose',
    chance: (token: string, chance: number) => `“${token}”: ${percent(chance)}`,
    tokenHint: 'Point at, tap or walk through tokens with the arrow keys to see each one’s chance.',
    prompt: 'Samples start with',
    setPrompt: 'Use',
    changePrompt: 'Change what samples start with',
    failed: 'Training stopped',
    failedKept: (step: number | null) =>
      step === null
        ? 'No checkpoint had been written yet; the run can start again from its beginning.'
        : `The checkpoint of step ${integer(step)} is kept, and nothing saved before was touched.`,
    toModel: 'Open Model',
    toRuns: 'Open Runs',
    resume: 'Continue from the last checkpoint',
    finished: (step: number) => `Finished after ${plural(step, 'step', 'steps')}.`,
    finishedText: 'The model is kept in Runs.',
    talk: 'Let it write',
    onTo: (step: number) => `Train on to step ${integer(step)}`,
    more: (steps: number) => `Train ${plural(steps, 'more step', 'more steps')}`,
    reopening: 'Opening your last run',
    cpu: 'There is no WebGPU here, so the CPU engine trains: slower, and otherwise the same.',
    cpuHow: 'How to get WebGPU',
  },

  doctor,
  collect,
  answers,
  ladder,
  card,
  recipe,
  tokens,

  chat: {
    title: 'Chat',
    lead: 'Give it a beginning and let it go on. A small model continues text in the manner of what it has read; it does not answer questions.',
    noRun: 'There is no model to ask yet. Train one, or open one from Runs.',
    prompt: 'Beginning',
    generate: 'Generate',
    stop: 'Stop',
    settings: 'How it chooses',
    temperature: 'Temperature',
    top_k: 'Top k',
    top_p: 'Top p',
    seed: 'Seed',
    max_tokens: 'Length',
    why: (setting: 'temperature' | 'top_k' | 'top_p' | 'seed' | 'max_tokens', reads: Reads) =>
      ({
        temperature: `0 always takes the likeliest ${token(reads)}; higher is bolder.`,
        top_k: `Only the k likeliest ${tokensIn(reads)}; 0 switches it off.`,
        top_p: 'Only the likeliest that make up this share; 1 switches it off.',
        seed: 'The same seed gives the same text.',
        max_tokens: `${reads === 'char' ? 'Characters' : reads === 'byte' ? 'Bytes' : 'Tokens'} at most.`,
      })[setting],
    newSeed: 'Another seed after each text',
    stopText: 'Stop at',
    stopWhy: 'Ends when this appears; \\n is a line break. Empty: never.',
    writing: 'Writing',
    unknown: (characters: string[]) =>
      `Left out of the beginning, because the model has never seen ${characters.length === 1 ? 'it' : 'them'}: ${list(characters.map((c) => `“${c}”`))}`,
    ended: {
      length: (count: number, reads: Reads = 'char') => `${countOf(count, reads)}, the length asked for`,
      stop: (count: number, reads: Reads = 'char') => `${countOf(count, reads)}, ended at the stop text`,
      cancelled: (count: number, reads: Reads = 'char') => `${countOf(count, reads)}, stopped by you`,
    },
    from: (run: string, step: number) => `${run}, step ${integer(step)}`,
    outputs: 'What it wrote',
    empty: 'What it writes appears here.',
    bad: (field: string, low: number, high: number) =>
      `${field} must be a number from ${integer(low)} to ${integer(high)}.`,
  },

  runs: {
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
    import: 'Import a run',
    imported: (name: string) => `“${name}” is imported.`,
    copySaved: (name: string) => `Saved ${name}.`,
    step: 'Step',
    validation: 'Validation',
    best: (value: number) => `best ${loss(value)}`,
    bits: 'Bits a byte',
    atBest: 'at its best',
    parameters: 'Parameters',
    size: 'Size',
    date: (at: number) => dateTime(at),
    stepOf: (step: number, max: number) => `${integer(step)} of ${integer(max)}`,
    value: (value: number | null) => (value === null ? '–' : loss(value)),
    status: { paused: 'paused', running: 'training', finished: 'finished', failed: 'stopped by an error' },
    readOnly: 'Read-only',
    broken: 'Cannot be trained further',
    storage: (used: number, quota: number) =>
      `${bytes(used)} of about ${bytes(quota)} that the browser allows are used.`,
  },

  bench: {
    title: 'Bench: how fast is this device?',
    text: 'Times whole training steps of a GPT, as a run takes them, on made-up tokens. Nothing is kept and nothing is sent; a run that trains waits meanwhile.',
    size: 'Size',
    sizes: {
      S: '2 layers, 64 wide, 0.1M parameters',
      M: '4 layers, 128 wide, 0.8M: nanoGPT on a CPU',
      L: '6 layers, 384 wide, 10.6M: nanoGPT’s shakespeare-char',
      XL: '12 layers, 768 wide, 124M: GPT-2',
    },
    heavy: ' (for a GPU)',
    run: 'Measure',
    stop: 'Stop',
    begin: 'Starting',
    doing: (what: 'compile' | 'train' | 'generate', done: number, total: number) =>
      `${{ compile: 'Compiling kernels', train: 'Training steps', generate: 'Writing tokens' }[what]}: ${integer(done)} of ${integer(total)}`,
    copy: 'Copy as Markdown',
    copied: 'Copied.',
  },
  device: {
    title: 'Device',
    opening: 'Opening…',
    engine: 'Engine in use',
    gpu: 'WebGPU',
    cpu: 'CPU (plain JavaScript)',
    cpuShort: 'CPU engine',
    gpuText: 'Training runs on the GPU, on hand-written WGSL kernels.',
    cpuText: 'Training runs on the processor, in a worker: the same arithmetic in plain JavaScript, slower.',
    adapter: 'Adapter',
    vendor: 'Vendor',
    architecture: 'Architecture',
    firstStep: 'First step',
    firstStepAfter: ({ ms, compile_ms }: { ms: number; compile_ms: number }) =>
      `after ${seconds(ms)}${compile_ms >= 50 ? `, ${seconds(compile_ms)} of it compiling kernels` : ''}`,
    features: 'Features in use',
    noFeatures: 'none beyond the baseline',
    limits: 'Limits',
    limit: 'Limit',
    value: 'Value',
    choose: 'Engine',
    choices: { auto: 'Best available', gpu: 'WebGPU only', cpu: 'CPU only' },
    reload: 'Takes hold after a reload; the run is kept.',
    reloadNow: 'Reload now',
    why: 'Why not the GPU?',
    get: 'How to get WebGPU',
    elsewhere: 'In other browsers',
    insecure:
      'This page was opened over plain http. Browsers give WebGPU only to secure addresses: https, or http on localhost. Open the same page with https.',
    browsers: {
      chrome: {
        name: 'Chrome, Edge and other Chromium browsers',
        text: 'Version 113 or newer has WebGPU on Windows, macOS and ChromeOS, and 121 on Android 12. Check in chrome://settings/system that graphics acceleration is on, and look at chrome://gpu for what is blocked.',
      },
      linux: {
        name: 'Chromium on Linux',
        text: 'Newer versions have it with recent drivers. Otherwise open chrome://flags, switch on “Unsafe WebGPU Support” and “Vulkan”, and restart the browser. A Vulkan driver must be installed (Mesa or the vendor’s).',
      },
      firefox: {
        name: 'Firefox',
        text: 'Version 141 or newer has WebGPU on Windows, 145 on macOS with Apple silicon. Elsewhere set dom.webgpu.enabled to true in about:config (Nightly on Linux), and restart.',
      },
      safari: {
        name: 'Safari',
        text: 'Safari 26 on macOS, iOS, iPadOS and visionOS has WebGPU. In Safari 18 it is under Settings, Apps, Safari, Advanced, Feature Flags (on a Mac: Develop, Feature Flags).',
      },
    },
    kernels: 'Kernels',
    kernelsText:
      'Several kernels compute the same thing. On this device each was compared with the plain one, then timed; the fastest that agreed is taken. Kept for the next visit.',
    noKernels: 'Measured on this device when the first model is built; small models need no choice.',
    kernelClass: 'what',
    kernelTaken: 'taken',
    kernelTimes: 'milliseconds',
    kernelRace: (ms: Record<string, number>, refused: readonly string[]) =>
      [
        ...(Object.keys(ms).length === 0 ? ['no contest on a device without a GPU'] : []),
        ...Object.entries(ms).map(([name, value]) => `${name} ${value < 1 ? value.toFixed(3) : value.toFixed(1)}`),
        ...refused.map((name) => `${name} disagreed`),
      ].join(' · '),
    lose: 'Test: lose the device',
    loseText: 'Destroys the GPU device as a driver reset would. The run goes on from its last checkpoint.',
  },

  keys: {
    title: 'Keyboard',
    on: 'Shortcuts are on',
    items: [
      ['Space', 'start or pause'],
      ['S', 'one step'],
      ['G', 'generate text'],
      ['1 – 6', 'Data, Tokens, Model, Train, Chat, Runs'],
      ['?', 'this sheet'],
      ['Esc', 'close'],
      ['⌘K or Ctrl-K', 'all commands'],
      ['← →', 'on the chart or a sample: move the cursor'],
    ] as const,
    note: 'None of them acts while you are typing.',
    button: 'Keyboard',
  },

  palette: {
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
  },

  number: integer,
  hundredths,
  significant,
  loss,
  bytes,
  compact,
  percent,
  clock,
} as const
