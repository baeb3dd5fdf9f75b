// The settings under a person's hands: what the next run will be, or what the open run would become. Also the way from one
// button to a run in progress: read the text, measure five steps, promise a time, start.
import { FIELDS, type FieldName } from '../../config/fields'
import { validate, type Problem } from '../../config/validate'
import type { Config } from '../../config/config'
import { CancelledError } from '../../errors'
import type { Forecast, Gates } from '../../words/run'
import type { Preparation } from '../../words/recipe'
import {
  configFor,
  DEFAULT_PRESET,
  DEFAULT_SIZE,
  PRESETS,
  QUICK_PRESET,
  SIZES,
  sizeDial,
  stopOf,
  type Preset,
} from '../../presets'
import type { LiveChange } from '../../words/run'
import type { DatasetSummary, Lab, Measurement } from '../../worker/client'
import { asError, lab } from './lab.svelte'
import { route } from './route.svelte'
import { secondsFor } from './seconds'

/** Above this a promised time is put to the person before it is spent. */
const ASK_ABOVE_S = 240
/** Readable words are promised within a minute or two. */
const SOON_S = 120
/** A vocabulary to show counts with while no text has been read yet: Moby Dick's. */
const PROVISIONAL_VOCAB = 81

/** Characters of a text that samples start from, at most. */
const PROMPT_LENGTH = 12

export type Going = 'idle' | 'reading' | 'measuring' | 'asking' | 'starting'

const NAMES = Object.keys(FIELDS) as FieldName[]

class Draft {
  preset = $state.raw<Preset | null>(DEFAULT_PRESET)
  size = $state<number | null>(DEFAULT_SIZE)
  config = $state.raw<Config>(configFor(DEFAULT_PRESET.config, PROVISIONAL_VOCAB))
  prompt = $state(DEFAULT_PRESET.prompt)
  /** What was promised when the run was started from here. */
  promised = $state.raw<{ run: string; seconds: number; tokens_per_s: number } | null>(null)
  /** What the last settings asked about would take of the device. */
  forecast = $state.raw<Forecast | null>(null)
  measurement = $state.raw<{ config: Config; measured: Measurement } | null>(null)
  /** About how long a run of each stop of the dial takes here; null until it has been measured. */
  sizeSeconds = $state.raw<number[] | null>(null)
  going = $state<Going>('idle')
  /** Why the run did not begin. */
  error = $state.raw<Error | null>(null)
  /** Why the last text was not taken. */
  dataError = $state.raw<Error | null>(null)
  loading = $state(false)
  /** The last text was called off on its way. */
  calledOff = $state(false)
  #loads = 0
  /** What the worker adds to `validate`: the text too short, the device too small. */
  #checked = $state.raw<{ config: Config; problems: Problem[] } | null>(null)

  /** Settings are the open run's unless another text, or another tokenizer for it, has been chosen since. */
  ofRun = $derived(
    lab.run !== null &&
      (lab.dataset === null ||
        (lab.dataset.corpus.fingerprint === lab.run.corpus.fingerprint &&
          lab.dataset.tokenizer_key === lab.run.tokenizer_key)),
  )

  problems = $derived.by(() => {
    const own = validate(this.config)
    if (own.length > 0 || this.#checked?.config !== this.config) return own
    return this.#checked.problems
  })
  /** The last settings that make a model: what is drawn and counted needs one. */
  drawable = $derived.by((): Config => {
    if (this.problems.length === 0) this.#valid = this.config
    return this.#valid
  })
  #valid: Config = this.config
  /** The last measurement, as long as it is of these very settings. */
  measured = $derived(this.measurement?.config === this.config ? this.measurement.measured : null)
  seconds = $derived(this.measured ? secondsFor(this.config, this.measured) : null)

  /** Fields that differ from the open run's. */
  changed = $derived.by((): FieldName[] => {
    const run = lab.run
    return run && this.ofRun ? NAMES.filter((name) => this.config[name] !== run.config[name]) : []
  })
  changedLive = $derived(this.changed.filter((name) => FIELDS[name].apply === 'now'))
  /** Those that wait for a restart. */
  changedLater = $derived(this.changed.filter((name) => FIELDS[name].apply === 'restart'))
  /** The open run with the changes that can be applied now, and nothing else. */
  #live = $derived.by((): Config | null => {
    if (!lab.run) return null
    const change = Object.fromEntries(this.changedLive.map((name) => [name, this.config[name]]))
    return { ...lab.run.config, ...change }
  })
  canApply = $derived(this.#live !== null && this.changedLive.length > 0 && validate(this.#live).length === 0)
  /** The open run's weights fit these settings: same shape, same text, read alike. */
  sameShape = $derived(
    this.ofRun && this.changed.every((name) => FIELDS[name].group === 'training' || name === 'dropout'),
  )

  /** A field's own value may be of any kind here; `validate` says what is wrong with it. */
  setField(name: FieldName, value: unknown) {
    this.config = { ...this.config, [name]: value }
    const dialled = this.size === null ? null : sizeDial(this.size)
    if (dialled && name in dialled && dialled[name] !== value) this.size = null
  }

  fix(problem: Problem) {
    if (problem.fix === undefined) return
    this.config = { ...this.config, [problem.field]: problem.fix }
  }

  setSize(size: number) {
    this.size = size
    this.config = configFor({ ...this.config, ...sizeDial(size) }, this.config.vocab_size)
  }

  /** Takes a preset's settings, and its text where it names one. */
  async choose(preset: Preset) {
    this.error = null
    this.#adopt(preset)
    if (preset.corpus !== null) this.#fit((await lab.show(lab.calls.data.loadBuiltIn(preset.corpus))).vocab_size)
  }

  /** Takes a text; what is wrong with it ends in `dataError`, beside the text, and the text before stays. A newer one ends it. */
  async bring(load: () => Promise<void>) {
    this.dataError = null
    try {
      await this.#load(load)
    } catch (error) {
      this.dataError = asError(error)
    }
  }

  /** Shows that a text is on its way. False where it was called off, or a newer one came; else it throws what went wrong. */
  async #load(load: () => Promise<void>): Promise<boolean> {
    const mine = ++this.#loads
    this.calledOff = false
    this.loading = true
    try {
      await load()
      return true
    } catch (error) {
      if (mine !== this.#loads) return false
      if (!(error instanceof CancelledError)) throw error
      this.calledOff = true
      return false
    } finally {
      if (mine === this.#loads) this.loading = false
    }
  }

  /** Brings the text that the settings are for, where there is none to show and none on its way: a run that was reopened came without. */
  bringText(): Promise<void> {
    const isMissing = lab.phase === 'ready' && !lab.reopening && lab.dataset === null
    if (isMissing && this.dataError === null && !this.loading) this.#bringing = this.readDefault()
    return this.#bringing
  }
  #bringing = Promise.resolve()
  readDefault() {
    return this.bring(() => this.#text())
  }

  /** Takes a built-in text, and the preset made for it unless settings of one's own would be lost; made in a way of one's own, the text alone. */
  async useCorpus(id: string, made?: Parameters<Lab['data']['loadBuiltIn']>[1]) {
    const data = await lab.show(lab.calls.data.loadBuiltIn(id, made))
    const preset = PRESETS.find(({ corpus }) => corpus === id)
    if (preset && this.#isUntouched && !made) this.#adopt(preset)
    else this.#promptFrom(data, preset)
    this.#fit(data.vocab_size)
  }

  /** Takes a text of one's own; the settings stay. */
  async useOwn(load: Promise<DatasetSummary>) {
    const data = await lab.show(load)
    this.#promptFrom(data)
    this.#fit(data.vocab_size)
  }

  /** The same text, made ready in another way; the settings stay. False where it was called off, and stays as it was. */
  prepare(preparation: Preparation): Promise<boolean> {
    return this.#load(async () => this.#fit((await lab.show(lab.calls.data.prepare(preparation))).vocab_size))
  }

  /** After a run was opened: its settings are the ones to edit. */
  follow(config: Config, prompt: string) {
    this.config = { ...config }
    this.prompt = prompt
    this.preset = null
    this.size = stopOf(config)
    this.measurement = null
  }

  /** Takes the settings of a link, with the parts that it turned down. */
  take(config: Config, prompt: string, gates: Gates | undefined) {
    this.follow(config, prompt)
    this.#given = { config: this.config, gates }
  }
  #given: { config: Config; gates: Gates | undefined } | null = null

  discard() {
    if (lab.run) this.follow(lab.run.config, lab.run.prompt)
  }

  async check() {
    const config = this.config
    if (lab.phase !== 'ready' || validate(config).length > 0) return
    this.#checked = { config, problems: await lab.calls.run.check(config) }
  }

  /** Works out what the settings would take, unless they have changed again meanwhile. */
  async predict() {
    const config = this.config
    if (lab.phase !== 'ready' || validate(config).length > 0) return
    const forecast = await lab.calls.run.forecast(config)
    if (this.config === config) this.forecast = forecast
  }

  /** Finds out how long each stop of the dial takes here. */
  async timeSizes() {
    // A GPU that is software would take minutes to tell, and a run that starts would wait for it.
    if (lab.engine?.software) return
    const { vocab_size } = this.config
    const configs = SIZES.map(({ config }) => configFor(config, vocab_size))
    const times = await lab.calls.device.stepTimes(configs)
    if (this.config.vocab_size === vocab_size)
      this.sizeSeconds = configs.map((config, i) => secondsFor(config, { step_ms: times[i]! }))
  }

  /**
   * On a first visit to a slow computer, takes the preset that writes words soon. The one that the page opens with shows them after `words_by`
   * steps. Leaves all as it is where somebody has chosen something: settings, a text that may still be on its way, or a run.
   */
  async suit() {
    const { preset, config } = this
    const loads = this.#loads
    if (lab.engine?.kind !== 'cpu' || preset?.words_by === undefined || !this.#isUntouched) return
    const [step_ms = 0] = await lab.calls.device.stepTimes([config])
    const isSlow = secondsFor(config, { step_ms }, preset.words_by) > SOON_S
    const isAlone = loads === this.#loads && this.going === 'idle' && lab.run === null
    if (isSlow && isAlone && this.preset === preset && this.#isUntouched)
      await this.bring(() => this.choose(QUICK_PRESET))
  }

  async measure() {
    await this.#text()
    const config = this.config
    this.measurement = { config, measured: await lab.measure(config) }
  }

  /** The one big button: text, measurement, promise, and off; asks first when it would take long. */
  async go() {
    this.error = null
    try {
      this.going = 'reading'
      await this.#text()
      await this.check()
      if (this.problems.length > 0) {
        // Model shows each of them beside its field.
        route.go('model')
        return
      }
      if (!this.measured) {
        this.going = 'measuring'
        await this.measure()
      }
      if ((this.seconds ?? 0) > ASK_ABOVE_S) {
        this.going = 'asking'
        return
      }
      await this.begin()
    } catch (error) {
      this.error = asError(error)
    } finally {
      if (this.going !== 'asking') this.going = 'idle'
    }
  }

  /** Makes the run and starts it. */
  async begin() {
    this.error = null
    this.going = 'starting'
    const { config, prompt } = this
    try {
      const { seconds, measured } = this
      await lab.createRun({ name: this.#name(), config, prompt, gates: this.#gatesOf(config) })
      if (lab.run && measured && seconds !== null)
        this.promised = { run: lab.run.id, seconds, tokens_per_s: measured.tokens_per_s }
      await lab.start()
    } catch (error) {
      this.error = asError(error)
    } finally {
      this.going = 'idle'
    }
  }

  /** Leaves the open run for a new one: on the text in hand or brought meanwhile, or else on the one that the page opens with. */
  async startOver() {
    const loads = this.#loads
    await lab.closeRun()
    if (lab.dataset === null && loads === this.#loads) await this.bring(() => this.choose(DEFAULT_PRESET))
  }

  /** Says no to a promise. */
  leave() {
    this.going = 'idle'
  }

  async smaller() {
    this.going = 'idle'
    this.setSize(Math.max(0, (this.size ?? DEFAULT_SIZE) - 1))
    await this.go()
  }

  applyNow() {
    const change: LiveChange = Object.fromEntries(this.changedLive.map((name) => [name, this.config[name]]))
    return lab.change(change)
  }

  async restart(weights: 'same' | 'new') {
    const run = lab.run
    if (!run) return
    const config =
      weights === 'new' && this.config.seed === run.config.seed ? { ...this.config, seed: freshSeed() } : this.config
    await lab.restart(weights, config, this.#name())
    await lab.start()
  }

  /** The text that the settings are for: the one chosen, the open run's, or the preset's. */
  async #text() {
    if (lab.dataset) return
    if (lab.run && !lab.run.without_text) this.#fit((await lab.show(lab.calls.data.loadOfRun(lab.run.id))).vocab_size)
    else await this.useCorpus(this.preset?.corpus ?? DEFAULT_PRESET.corpus ?? '')
  }

  #adopt(preset: Preset) {
    this.preset = preset
    this.prompt = preset.prompt
    this.size = stopOf(preset.config)
    this.config = configFor(preset.config, this.config.vocab_size)
  }

  /** The gates of the preset or of a link, as long as the model still has what they turn. */
  #gatesOf({ n_layer, n_head }: Config) {
    const given = this.#given
    if (given && this.preset === null && given.config.n_layer === n_layer && given.config.n_head === n_head)
      return given.gates
    const { gates, config } = this.preset ?? {}
    return gates && config?.n_layer === n_layer ? gates : undefined
  }
  /** The settings are a preset's, every one of them. */
  get #isUntouched(): boolean {
    if (!this.preset) return false
    const made = configFor(this.preset.config, this.config.vocab_size)
    return NAMES.every((name) => made[name] === this.config[name])
  }

  /** Another text under the same settings: samples start as it does. */
  #promptFrom({ excerpt }: DatasetSummary, made?: Preset) {
    if (this.preset?.corpus !== null && this.preset !== made) this.preset = null
    this.prompt = made?.prompt ?? firstWords(excerpt)
  }

  #fit(vocab_size: number) {
    if (this.config.vocab_size !== vocab_size) this.config = { ...this.config, vocab_size }
  }

  #name(): string {
    const base = lab.dataset?.corpus.name ?? lab.run?.corpus.name ?? this.preset?.name ?? ''
    const size = this.size === null ? '' : `, ${SIZES[this.size]?.name ?? ''}`
    const taken = new Set(lab.runs.map((run) => run.name))
    const plain = `${base}${size}`
    if (!taken.has(plain)) return plain
    let n = 2
    while (taken.has(`${plain} ${n}`)) n++
    return `${plain} ${n}`
  }
}

const freshSeed = () => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0

/** The first words of a text, at most a dozen characters. */
function firstWords(text: string): string {
  const start = [...text.trimStart()].slice(0, PROMPT_LENGTH).join('')
  const line = start.split('\n')[0] ?? ''
  const end = line.lastIndexOf(' ')
  return end > 0 ? line.slice(0, end) : line
}

export const draft = new Draft()
