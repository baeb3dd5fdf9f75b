// What is wrong with the open run, as far as its person has not waved it away. Looked at when a validation, another state or
// another ladder comes, not at each step.
import { untrack } from 'svelte'
import { SvelteMap } from 'svelte/reactivity'
import { diagnose, type Finding, type Rule } from '../../words/doctor'
import { lab } from '../state/lab.svelte'

/** Validations for which a remedy is given time to work. */
const PATIENCE = 6

class Doctor {
  /** By run and rule, the step until which nothing is to be heard of it. */
  #quiet = new SvelteMap<string, number>()
  #id = $derived(lab.run?.id)
  #config = $derived(lab.run?.config)
  #evaluated = $derived(lab.evals.at(-1)?.step)

  #all = $derived.by((): Finding[] => {
    const { status, ladder } = lab
    const config = this.#config
    if (this.#id === undefined || !config) return []
    void this.#evaluated
    return untrack(() => {
      const { columns: steps, evals } = lab
      return diagnose({ config, status, steps, evals, ladder, train_tokens: trainTokens() })
    })
  })
  findings = $derived(this.#all.filter(({ rule, step }) => step > (this.#quiet.get(this.#key(rule)) ?? -1)))

  /** Those that are cards under the chart: of a run that blew up the page tells by itself. */
  cards = $derived(this.findings.filter(({ rule }) => rule !== 'not_finite'))
  notFinite = $derived(this.findings.find(({ rule }) => rule === 'not_finite') ?? null)

  dismiss(rule: Rule) {
    this.#quiet.set(this.#key(rule), Infinity)
  }
  /** A remedy was taken. */
  treat(rule: Rule) {
    this.#quiet.set(this.#key(rule), lab.step + PATIENCE * (this.#config?.eval_interval ?? 0))
  }

  #key(rule: Rule): string {
    return `${this.#id} ${rule}`
  }
}

/** Tokens that the open run learns from, where they are known: of its text in hand, or by its characters where those are tokens. */
function trainTokens(): number | null {
  const { run, dataset } = lab
  if (!run) return null
  if (dataset?.corpus.fingerprint === run.corpus.fingerprint && dataset.tokenizer_key === run.tokenizer_key)
    return dataset.train_tokens
  return run.tokenizer === 'char' ? Math.floor(run.corpus.characters * (1 - run.config.val_fraction)) : null
}

export const doctor = new Doctor()
