// Text from weights that may move while it is written: opens a decoder at the first text, and makes it read again what training
// has changed between two tokens. Gates that are turned meanwhile take effect at the next token.
import type { Tokenizer } from '../data/tokenize/tokenizer'
import { sameSets } from '../model/gates'
import type { GeneratedToken, SampleOptions } from '../words/run'
import { Decoder } from './decoder'
import { generate } from './generate'
import type { Weights } from './weights'

export class Writer {
  readonly #weights: Weights
  readonly #tokenizer: Tokenizer
  readonly #settle: () => Promise<void>
  #decoder: Decoder | null = null
  #compile_ms = 0
  /** The gates that the decoder last read, and their sets, which its programs were recorded with. */
  #gates: Weights['gates'] = {}
  #gated: Weights['turned'] = new Set()
  /** The weights have moved since the decoder last read them. */
  #stale = false

  /** `settle` resolves when every update submitted so far has been computed; it is called only after `moved`. */
  constructor(weights: Weights, tokenizer: Tokenizer, settle: () => Promise<void> = () => Promise.resolve()) {
    this.#weights = weights
    this.#tokenizer = tokenizer
    this.#settle = settle
  }

  /** An update of the weights has been submitted. */
  moved(): void {
    this.#stale = true
  }
  /** Tokens that are computed already: taking them costs nothing, and `moved` makes them void. */
  get ahead(): number {
    return this.#decoder?.ahead ?? 0
  }
  /** Bytes of the decoder; 0 before the first text. */
  get memory_bytes(): number {
    return this.#decoder?.memory_bytes ?? 0
  }
  /** Milliseconds that opening the decoder took; 0 before the first text. */
  get compile_ms(): number {
    return this.#compile_ms
  }

  /**
   * Writes text token by token, each with the weights as they stand then; returns why it ended. Throws OutOfMemoryError where the
   * decoder does not fit, DeviceLostError when the device is gone.
   */
  async *generate(
    options: SampleOptions,
    signal?: AbortSignal,
  ): AsyncGenerator<GeneratedToken, 'length' | 'stop' | 'cancelled'> {
    const draw: Decoder['draw'] = async (...asked) => (await this.#ready()).draw(...asked)
    const text = generate({ draw }, this.#tokenizer, options, signal)
    for (;;) {
      // Keys and values of the old weights say nothing to the new ones. The decoder times its bursts, so it must not start one
      // behind updates that are still under way.
      if (this.#stale) await this.#settle()
      if (this.#stale) this.#decoder?.forget()
      this.#stale = false
      const next = await text.next()
      if (next.done) return next.value
      yield next.value
    }
  }

  /** Frees the decoder; the weights stay. */
  destroy(): void {
    this.#decoder?.destroy()
  }

  /** A decoder that reads the gates as they are now. */
  async #ready(): Promise<Decoder> {
    const { gates, turned } = this.#weights
    if (this.#decoder && this.#gates !== gates) {
      if (!sameSets(this.#gated, turned)) {
        this.#decoder.destroy()
        this.#decoder = null
      } else this.#decoder.forget()
    }
    this.#gates = gates
    this.#gated = turned
    return (this.#decoder ??= await this.#open())
  }
  async #open(): Promise<Decoder> {
    const from = performance.now()
    const decoder = await Decoder.open(this.#weights)
    this.#compile_ms = performance.now() - from
    return decoder
  }
}
