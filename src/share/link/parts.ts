// What a link says of a run: its settings, what it came to, its curve.
import { CORPORA } from '../../data/made/corpora'
import { countParams } from '../../params'
import type { RunHistory } from '../../words/history'
import type { LinkCard, LinkCurve, LinkSettings } from '../../words/link'
import { bitsPerByte } from '../../words/loss_unit'
import type { RunSpec } from '../../words/run'
import { decimated, MOST_POINTS, thinned } from './curve'

/** A text's card stays where it is: nobody needs it to read the text, and it may hold words of one's own. */
export function settingsOf(spec: RunSpec): LinkSettings {
  const { name, prompt, config, corpus, tokenizer, gates, bytes_per_token } = spec
  const { fingerprint, characters, licence, split } = corpus
  return {
    ...{ name, prompt, config, preset: null, reads: tokenizer.kind },
    corpus: { name: corpus.name, fingerprint, characters, licence, ...(split && { split }) },
    builtIn: CORPORA.find((known) => known.name === corpus.name)?.id ?? null,
    ...(gates && { gates }),
    ...(bytes_per_token !== undefined && { bytes_per_token }),
  }
}

/** What a run came to by `step`; `device` is what computed it, if that is to be told. */
export function cardOf(
  { config, bytes_per_token = 0 }: RunSpec,
  step: number,
  { evals }: RunHistory,
  sha256: string,
  device: string | null,
): LinkCard {
  const val_loss = evals.findLast((e) => e.step <= step && Number.isFinite(e.val_loss))?.val_loss ?? null
  return {
    step,
    params: countParams(config),
    val_loss,
    bits_per_byte: val_loss !== null && bytes_per_token > 0 ? bitsPerByte(val_loss, bytes_per_token) : null,
    ...(device !== null && { device: device.slice(0, 200) }),
    sha256,
  }
}

/** A history as a curve to race; null where there is none. */
export function curveOf({ steps, evals }: RunHistory): LinkCurve | null {
  const { step, loss } = steps.view()
  const curve = {
    train: decimated(step, loss, MOST_POINTS.train),
    validation: thinned(
      evals.map((e) => e.step),
      evals.map((e) => e.val_loss),
      MOST_POINTS.validation,
    ),
  }
  return curve.train.step.length + curve.validation.step.length > 0 ? curve : null
}
