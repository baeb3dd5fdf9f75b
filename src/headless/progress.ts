// How a run tells of itself on the command line: a line that renews itself on a terminal, a line now and then in a log, or one
// JSON object an event for other programs. Losses in nats a token, measured ones in bits a byte, too.
import type { RunEvent } from '../words/run'
import type { Io } from './command'

/** Between two progress lines, where lines stay. */
const LOG_MS = 10_000
/** Weight of the newest reading in the running speed. */
const SMOOTHING = 0.1

export interface Progress {
  tell(event: RunEvent): void
  /** A line for a person; goes to standard error when standard output is for programs. */
  say(text: string): void
  /** The last word: in JSON on standard output for programs, in words for a person. */
  conclude(result: Record<string, unknown>, words: string): void
}

export function jsonProgress(io: Io): Progress {
  const print = (value: object) => io.out(JSON.stringify(value))
  return {
    tell: print,
    say: (text) => io.err(text),
    conclude: (result) => print({ type: 'result', ...result }),
  }
}

/** `target` is the step at which this run will stop, `tokens_per_step` what one step trains on, `bitsOf` a loss in bits a byte. */
export function lineProgress(
  io: Io,
  target: number,
  tokens_per_step: number,
  bitsOf: (loss: number) => number,
): Progress {
  const { write } = io
  let pending = false
  let told = performance.now()
  let step_ms = 0
  const clear = () => {
    if (pending) write?.('\r\x1b[K')
    pending = false
  }
  const line = (text: string) => {
    clear()
    io.out(text)
  }
  return {
    say: line,
    conclude: (_, words) => line(words),
    tell(event) {
      switch (event.type) {
        case 'step': {
          const { step, loss, step_ms: latest } = event.metrics
          step_ms = step_ms === 0 ? latest : step_ms + SMOOTHING * (latest - step_ms)
          const now = performance.now()
          if (!write && now - told < LOG_MS && step < target) return
          told = now
          const speed = step_ms > 0 ? Math.round((tokens_per_step / step_ms) * 1000).toLocaleString('en') : '–'
          const left = duration(((target - step) * step_ms) / 1000)
          const text = `step ${step}/${target}   loss ${loss.toFixed(4)}   ${speed} tokens/s   ${left} left`
          if (!write) return line(text)
          clear()
          write(text)
          pending = true
          return
        }
        case 'eval': {
          const { step, val_loss, train_loss } = event.metrics
          const train = train_loss === null ? '' : `   training ${train_loss.toFixed(4)}`
          return line(
            `step ${step}/${target}   validation ${val_loss.toFixed(4)}, ${bitsOf(val_loss).toFixed(3)} bits a byte${train}`,
          )
        }
        case 'sample':
          return line(`  ${JSON.stringify(event.sample.prompt + event.sample.tokens.join(''))}`)
        case 'thread_lost':
          return line(event.text)
        case 'notice':
          return line(event.mark.text)
        default:
      }
    },
  }
}

/** "45 s", "3 min 20 s", "2 h 5 min". */
export function duration(seconds: number): string {
  const s = Math.round(seconds)
  if (s < 60) return `${s} s`
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`
}
