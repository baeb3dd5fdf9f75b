// The recipe under a person's hands: a proposal that outlives the choice of another text and changes nothing until it is applied;
// and what the worker says of it meanwhile.
import {
  anonymiseAll,
  type Anonymise,
  type CleanPreview,
  type CleanReport,
  type CleanStep,
  type LeakReport,
  type PersonalFound,
  type PersonalHit,
  type PiiKind,
  type Split,
} from '../../words/recipe'
import { CancelledError, SupersededError } from '../../errors'
import type { CorpusInfo } from '../../words/corpus'
import { draft } from '../state/draft.svelte'
import { asError, lab } from '../state/lab.svelte'
import type { Made } from './recipe_text'

export interface Switch {
  step: CleanStep
  on: boolean
}

/** In the order in which one step does not undo what another needs. */
const STEPS: readonly CleanStep[] = [
  { kind: 'html' },
  { kind: 'control' },
  { kind: 'nfkc' },
  { kind: 'quotes' },
  { kind: 'whitespace' },
  { kind: 'lowercase' },
  { kind: 'words', drop: [] },
  { kind: 'length', min: 1, max: 10_000 },
  { kind: 'language', keep: ['eng'] },
  { kind: 'duplicate_lines' },
  { kind: 'near_duplicates', similarity: 0.8 },
]
const NOTHING: Made = { clean: [], anonymise: null, split: { by: 'position' } }

/** Steps as switches, those that are on first and in their order; a step that stands twice has the switch of the first. */
export function switchesOf(recipe: readonly CleanStep[]): Switch[] {
  const steps = recipe.filter(({ kind }, i) => recipe.findIndex((step) => step.kind === kind) === i)
  const rest = STEPS.filter(({ kind }) => !steps.some((step) => step.kind === kind))
  if (steps.length === 0) return rest.map((step) => ({ step, on: false }))
  return [...steps.map((step) => ({ step, on: true })), ...rest.map((step) => ({ step, on: false }))]
}

const madeOf = ({ clean, anonymise, split }: Made) => JSON.stringify([clean, anonymise, split])

class Recipe {
  switches = $state.raw<Switch[]>(switchesOf([]))
  /** Personal data is looked for. */
  looks = $state(false)
  setting = $state.raw<Anonymise>(anonymiseAll('mask'))
  split = $state.raw<Split>({ by: 'position' })

  preview = $state.raw<(CleanPreview & { key: string }) | null>(null)
  previewError = $state.raw<Error | null>(null)
  found = $state.raw<PersonalFound | null>(null)
  finding = $state(false)
  findError = $state.raw<Error | null>(null)
  /** What is listed for review. */
  kind = $state<PiiKind | null>(null)
  offset = $state(0)
  leak = $state.raw<LeakReport | null>(null)
  leaking = $state(false)
  leakError = $state.raw<Error | null>(null)
  applying = $state(false)
  error = $state.raw<Error | null>(null)
  /** What was applied last, to whatever text. */
  #last = $state<string | null>(null)
  #searches = 0

  steps = $derived(this.switches.filter(({ on }) => on).map(({ step }) => step))
  made = $derived.by((): Made => ({
    clean: this.steps,
    anonymise: this.looks ? this.setting : null,
    split: this.split,
  }))
  /** How the text in hand is prepared; null for a run's own. */
  applied = $derived(lab.dataset?.preparation ?? null)
  isEmpty = $derived(madeOf(this.made) === madeOf(NOTHING))
  isUntouched = $derived(this.applied !== null && madeOf(this.applied) === madeOf(NOTHING))
  isApplied = $derived(this.applied !== null && madeOf(this.applied) === madeOf(this.made))
  /** Applied to another text before. */
  isLast = $derived(!this.isEmpty && madeOf(this.made) === this.#last && !this.isApplied)
  cleanKey = $derived(JSON.stringify(this.steps))
  cleanIsApplied = $derived(this.applied !== null && JSON.stringify(this.applied.clean) === this.cleanKey)
  findKey = $derived.by(() => {
    const { names, country, own, refused } = this.setting
    return JSON.stringify([this.steps, names, country, own, refused])
  })

  /** What a step did, or would do; null while it is not known. */
  report(kind: CleanStep['kind']): CleanReport | null {
    const reports = this.cleanIsApplied
      ? (lab.dataset?.reports ?? [])
      : this.preview?.key === this.cleanKey
        ? this.preview.reports
        : []
    return reports.find(({ step }) => step.kind === kind) ?? null
  }

  set(kind: CleanStep['kind'], change: { on: boolean } | { step: CleanStep }) {
    this.switches = this.switches.map((entry) => (entry.step.kind === kind ? { ...entry, ...change } : entry))
  }

  /** Past the next step that is on, in this direction. */
  move(kind: CleanStep['kind'], by: -1 | 1) {
    const from = this.switches.findIndex(({ step }) => step.kind === kind)
    const moved = this.switches[from]
    let to = from + by
    while (this.switches[to]?.on === false) to += by
    if (moved && this.switches[to]) this.switches = this.switches.toSpliced(from, 1).toSpliced(to, 0, moved)
  }

  change(change: Partial<Anonymise>) {
    this.setting = { ...this.setting, ...change }
  }

  treatAll(treatment: 'mask' | 'pseudonym' | 'keep') {
    this.change({ treatments: anonymiseAll(treatment).treatments })
  }

  /** A hit is left as it is, or not any more, wherever its very text is found. */
  refuse({ kind, text, refused }: PersonalHit) {
    const others = this.setting.refused.filter((other) => other.kind !== kind || other.text !== text)
    this.change({ refused: refused ? others : [...others, { kind, text }] })
  }

  /** The recipe that a run's text was prepared by. */
  adopt({ card, split }: Pick<CorpusInfo, 'card' | 'split'>) {
    const clean = card?.recipe.map(({ step }) => step) ?? []
    this.use({ clean, anonymise: card?.anonymise ?? null, split: split ?? { by: 'position' } })
  }

  /** A proposal that comes from elsewhere. */
  use({ clean, anonymise, split }: Made) {
    this.switches = switchesOf(clean)
    this.looks = anonymise !== null
    if (anonymise) this.setting = anonymise
    this.split = split
  }

  /** Tries the cleaning steps on the text in hand. */
  async try() {
    const key = this.cleanKey
    if (this.applied === null || this.cleanIsApplied) return this.#forgetPreview()
    try {
      const preview = await lab.calls.recipe.preview(this.steps)
      if (key !== this.cleanKey) return
      this.preview = { ...preview, key }
      this.previewError = null
    } catch (error) {
      if (error instanceof SupersededError) return
      this.preview = null
      this.previewError = asError(error)
    }
  }
  #forgetPreview() {
    this.preview = null
    this.previewError = null
  }

  async find() {
    const mine = ++this.#searches
    this.finding = true
    this.findError = null
    try {
      const found = await lab.calls.recipe.findPersonal({
        clean: this.steps,
        setting: this.setting,
        kind: this.kind,
        offset: this.offset,
      })
      if (mine === this.#searches) this.found = found
    } catch (error) {
      if (mine !== this.#searches) return
      this.findError = asError(error)
      this.found = null
    } finally {
      if (mine === this.#searches) this.finding = false
    }
  }

  async checkLeaks() {
    const data = lab.dataset
    this.leaking = true
    this.leakError = null
    try {
      const leak = await lab.calls.recipe.leaks(draft.config.val_fraction)
      if (lab.dataset === data) this.leak = leak
    } catch (error) {
      if (!(error instanceof CancelledError)) this.leakError = asError(error)
    } finally {
      this.leaking = false
    }
  }

  apply() {
    return this.#prepare(this.made)
  }

  /** Back to the collected text. True where it went well. */
  async undo(): Promise<boolean> {
    if (!(await this.#prepare(NOTHING))) return false
    this.adopt({})
    return true
  }

  async #prepare(made: Made): Promise<boolean> {
    if (!this.applied) return false
    this.applying = true
    this.error = null
    try {
      // Called off, the text is what it was, and so is the proposal.
      if (!(await draft.prepare({ ...this.applied, ...made }))) return false
      this.#last = madeOf(made)
      return true
    } catch (error) {
      this.error = asError(error)
      return false
    } finally {
      this.applying = false
    }
  }
}

export const recipe = new Recipe()
