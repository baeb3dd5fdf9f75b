// What the loss doctor says: the part of the message catalogue for the findings of src/words/doctor.ts.
import type { Finding, Fix } from '../../words/doctor'
import { compact, integer, list, plural, rate, significant, spanInWords } from '../format'
import { rung, type Reads } from '../units'

/** A name for the card, the numbers, and what they mean. */
export interface Told {
  title: string
  evidence: string
  why: string
}

/** What the run reads, and how its losses are told. */
export interface Terms {
  reads: Reads
  /** Nats a token as a number of the unit. */
  loss: (nats: number) => string
  unit: string
}

const ratio = (value: number) => (value < 1e-3 ? rate(value) : significant(value))
const times = (value: number) => (value < 10 ? significant(Number(value.toPrecision(2))) : integer(value))

const SAYS: { [R in Finding['rule']]: (f: Extract<Finding, { rule: R }>, terms: Terms) => Told } = {
  not_finite: (f) => ({
    title: 'The loss is no number any more',
    evidence: `At step ${integer(f.step)} loss or gradient stopped being a finite number, at a learning rate of ${rate(f.learning_rate)}.`,
    why: 'The updates were so long that they threw the weights far off. Shorter ones from the last checkpoint, or a gentler start, go around that.',
  }),
  first_loss: (f, { loss, unit }) => ({
    title: 'It starts worse than knowing nothing',
    evidence: `The first loss is ${loss(f.loss)} ${unit}; guessing blindly would be ${loss(f.uniform)}.`,
    why: 'The weights it began with are sure of wrong things, and are first to be unlearned. Fresh ones begin at the blind guess.',
  }),
  spike: (f, { loss, unit }) => ({
    title: f.recovered === null ? 'The loss jumped and has not come back' : 'The loss jumped',
    evidence:
      `At step ${integer(f.step)} it went from ${loss(f.from)} to ${loss(f.to)} ${unit}` +
      (f.recovered === null ? ', and stays above where it was.' : `, and was back at step ${integer(f.recovered)}.`),
    why: 'One update too many went too far. A lower rate, or a clipped gradient, makes that rarer.',
  }),
  overfitting: (f, { loss, unit }) => ({
    title: 'It has begun to memorise',
    evidence: `Validation was best at step ${integer(f.best_step)}, ${loss(f.best)} ${unit}, and is ${loss(f.loss)} now, while training fell from ${loss(f.train_before)} to ${loss(f.train)}.`,
    why: 'What it learns now holds for the text it reads and not for text in general. The checkpoint of its best step is kept.',
  }),
  memorised: (f, { loss, unit }) => ({
    title: 'It knows the text by heart',
    evidence:
      `Training is at ${loss(f.train)} ${unit}, validation at ${loss(f.loss)}` +
      (f.passes === null ? '.' : `, after reading the text ${times(f.passes)} times.`),
    why: 'So large a gap comes from recalling rather than understanding. More text helps most; a smaller model or dropout a little.',
  }),
  tiny_corpus: (f) => ({
    title: 'There is little text for this model',
    evidence:
      `It has ${compact(f.params)} parameters for ${plural(f.tokens, 'token', 'tokens')}` +
      (f.passes < 2 ? '.' : `, and has read them ${times(f.passes)} times.`),
    why: 'With more numbers than text it can learn the text by heart. More text gives it something to find out.',
  }),
  stuck: (f, { reads, loss, unit }) => ({
    title: f.rung === 0 ? 'It still guesses blindly' : 'It is stuck on a line',
    evidence: `Since step ${integer(f.since)} validation has stood at ${loss(f.loss)} ${unit}: “${rung(f.rung, reads)}”, ${loss(f.nats)}, while counting further reaches ${loss(f.reach)}.`,
    why: {
      change:
        'A model of this size can do better. The length of its updates says that the learning rate is what holds it.',
      restart:
        'A model of this size can do better. The length of its updates says that the learning rate was what held it.',
      other:
        'There is more in the text than it has found. More layers or width, or a longer context, let it look further.',
    }[f.fix?.do === 'change' || f.fix?.do === 'restart' ? f.fix.do : 'other'],
  }),
  update_ratio: (f) => ({
    title: f.side === 'large' ? 'Its updates are too long' : 'Its updates are too short',
    evidence: `The last update moved the weights by ${ratio(f.ratio)} of their length, at a learning rate of ${rate(f.learning_rate)}.`,
    why:
      f.side === 'large'
        ? 'Around 0.001 is usual, and small models bear some hundredths. Beyond that each step undoes part of the one before.'
        : 'Around 0.001 is usual. At this pace the weights will be where they began when the run ends.',
  }),
  slow: (f) => ({
    title: 'It has become slower',
    evidence: `A step took ${significant(f.before_ms)} ms; for ${spanInWords(f.seconds)} now it has taken ${significant(f.now_ms)} ms.`,
    why: 'Something else uses the device, or it is hot or saves its battery, or the browser slows a tab that nobody looks at. What is learned is the same.',
  }),
}

const FIELD_NAMES = { learning_rate: 'learning rate', warmup_iters: 'warm-up', grad_clip: 'gradient clip' } as const

/** What a changed setting is called on a button; the lowest rate goes with the rate. */
function settings(change: Extract<Fix, { change: object }>['change']): string {
  return list(
    Object.entries(FIELD_NAMES).flatMap(([field, name]) => {
      const value: unknown = Reflect.get(change, field)
      return typeof value === 'number' ? [`${name} ${field === 'warmup_iters' ? integer(value) : rate(value)}`] : []
    }),
  )
}

export const doctor = {
  title: 'What the numbers say',
  look: (count: number) => `${plural(count, 'thing', 'things')} to look at`,
  health: 'See the health of every tensor',
  dismiss: 'Dismiss',
  dismissLabel: (title: string) => `Dismiss for this run: ${title}`,
  describe: (finding: Finding, terms: Terms): Told =>
    (SAYS[finding.rule] as (f: Finding, terms: Terms) => Told)(finding, terms),
  /** `failed`: the run has stopped, and goes on from its last checkpoint. */
  fix(fix: Fix, failed: boolean): string {
    switch (fix.do) {
      case 'change':
        return failed ? `Continue with ${settings(fix.change)}` : `Set ${settings(fix.change)} now`
      case 'restart': {
        const changed = settings(fix.change)
        return changed === '' ? 'Restart with fresh weights' : `Restart with ${changed}`
      }
      case 'best':
        return `Open the best checkpoint, step ${integer(fix.step)}`
      case 'text':
        return 'Choose more text'
      case 'model':
        return 'Make the model larger'
    }
  },
  bestOf: (run: string, step: number) => `${run}, best at step ${integer(step)}`,
}
