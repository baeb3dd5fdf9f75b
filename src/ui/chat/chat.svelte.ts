// What was asked of the model and what it wrote, kept while the page is open; streaming text is shown a frame at a time.
import type { GeneratedToken } from '../../words/run'
import type { RunSummary } from '../../worker/client'
import { asError, lab } from '../state/lab.svelte'

/** One text that the model wrote. */
export interface Written {
  id: number
  from: string
  step: number
  prompt: string
  tokens: string[]
  probabilities: number[]
  /** Characters of the beginning that the model does not know. */
  unknown: string[]
  /** What its tokens are. */
  reads: RunSummary['tokenizer']
  ended: 'length' | 'stop' | 'cancelled' | null
}

/** A setting as it is typed; each has its range. */
export const LIMITS = {
  temperature: { min: 0, max: 10, step: 0.1 },
  top_k: { min: 0, max: 100_000, step: 1 },
  top_p: { min: 0, max: 1, step: 0.05 },
  seed: { min: 0, max: 4_294_967_295, step: 1 },
  max_tokens: { min: 1, max: 10_000, step: 50 },
} as const
export type Setting = keyof typeof LIMITS
export const SETTINGS = ['temperature', 'top_k', 'top_p', 'max_tokens', 'seed'] as const satisfies readonly Setting[]

const KEEP = 20
const SHOW_MS = 60

class Chat {
  prompt = $state<string | null>(null)
  values = $state({ temperature: 0.8, top_k: 0, top_p: 0.95, seed: 1, max_tokens: 300 })
  stop = $state('')
  newSeed = $state(true)
  written = $state.raw<Written[]>([])
  writing = $state(false)
  error = $state.raw<Error | null>(null)
  #next = 1

  bad = $derived(
    SETTINGS.filter((name) => {
      const value: unknown = this.values[name]
      const { min, max } = LIMITS[name]
      const whole = name !== 'temperature' && name !== 'top_p'
      return typeof value !== 'number' || !(value >= min && value <= max) || (whole && !Number.isInteger(value))
    }),
  )

  async generate() {
    const run = lab.speaker
    if (this.writing || !run || this.bad.length > 0) return
    this.error = null
    this.writing = true
    const prompt = this.prompt ?? run.prompt
    const id = this.#next++
    let text: Written = {
      id,
      from: run.name,
      step: lab.step,
      prompt,
      tokens: [],
      probabilities: [],
      unknown: [],
      reads: run.tokenizer,
      ended: null,
    }
    const before = this.written.slice(0, KEEP - 1)
    const show = () => (this.written = [text, ...before])
    show()
    const waiting: GeneratedToken[] = []
    let timer: ReturnType<typeof setTimeout> | null = null
    const flush = () => {
      if (timer !== null) clearTimeout(timer)
      timer = null
      const arrived = waiting.splice(0)
      text = {
        ...text,
        tokens: [...text.tokens, ...arrived.map((token) => token.text)],
        probabilities: [...text.probabilities, ...arrived.map((token) => token.probability)],
      }
      show()
    }
    try {
      const stop = this.stop === '' ? [] : [this.stop.replaceAll('\\n', '\n')]
      const { reason, unknown } = await lab.calls.chat.generate({ ...this.values, prompt, stop }, (tokens) => {
        waiting.push(...tokens)
        timer ??= setTimeout(flush, SHOW_MS)
      })
      flush()
      const read = [...prompt].filter((character) => !unknown.includes(character)).join('')
      text = { ...text, prompt: read, ended: reason, unknown }
      show()
      if (this.newSeed) this.values.seed = (this.values.seed + 1) % LIMITS.seed.max
    } catch (error) {
      flush()
      text = { ...text, ended: 'cancelled' }
      show()
      this.error = asError(error)
    } finally {
      this.writing = false
    }
  }

  cancel() {
    return lab.calls.cancel('writing')
  }
}

export const chat = new Chat()
