// Looking inside, as page and worker say it: the two slots that hold a model each, the steps that can be put into them, and for each
// view its question and its answer.
import type { Config } from '../config/config'
import type { Keyframe } from './keyframes'
import type { Gates } from './run'
import type {
  Embedded,
  EmbeddingMap,
  Near,
  NeuronPlace,
  NeuronSheet,
  NeuronWall,
  ProbeAnswer,
  ProbeLabel,
  TokenSpeakers,
} from './look_parts'
import type { HealthCourse, HealthTold } from './health'
import type { Measured, Peaks, Verdict } from './kernels'
import type { TokenizerState } from './tokens'

/** Two models can be looked at side by side. */
export type SlotName = 'A' | 'B'

/**
 * Where a slot's model comes from: the open run as it stands at each moment; a kept run, at a kept step or (null) as it was saved last;
 * the run that comes with the page.
 */
export type SlotSource =
  | { readonly of: 'live' }
  | { readonly of: 'run'; readonly run: string; readonly step: number | null }
  | { readonly of: 'shipped'; readonly step: number }

/** The model in a slot. */
export interface SlotInfo {
  source: SlotSource
  name: string
  /** Updates made; of the open run, when the slot was filled. */
  step: number
  config: Config
  params: number
  /** What its tokens are. */
  reads: TokenizerState['kind']
  /** Two models with the same key read text alike. */
  tokenizer_key: string
  prompt: string
  /** Whether its text is at hand: what is asked of held-out text needs it. */
  hasText: boolean
  /** Its gates that are not 1, which it has been trained with; of the open run, when the slot was filled. */
  gates: GateSettings
}

/** A token of a text that a model looks at. `text`: what it stands for; of half a character, its bytes in hexadecimal. */
export interface LookToken {
  id: number
  text: string
}

/** A text as a model reads it. `notices`: what was cut off or left out, a sentence each. */
export interface LookText {
  tokens: LookToken[]
  notices: string[]
}

/** A question about a text asked of one slot. */
export interface AboutText {
  slot: SlotName
  text: string
}

/** What is shown of attention: after the softmax, before it, or how much of the stream each position writes. */
export const ATTENTION_FORMS = ['pattern', 'scores', 'weighted'] as const
export type AttentionForm = (typeof ATTENTION_FORMS)[number]

/** What a head does, read off a random window that is said twice. */
export const HEAD_KINDS = ['previous', 'first', 'same', 'induction', 'spread'] as const
export type HeadKind = (typeof HEAD_KINDS)[number]

/** Scores of a head on that window; shares of attention above chance, spread as a share of the most, distance in tokens. */
export interface HeadScores extends Record<HeadKind, number> {
  distance: number
  /** Null where no score is clear. */
  label: HeadKind | null
}

/** Gates by the address of their set, each as long as the set; an absent set is 1 throughout. */
export type GateSettings = Gates

/** A number for each part: head [L · NH], attn and mlp [L]; positions where the model has learned ones. */
export interface PerPart {
  head: Float32Array
  attn: Float32Array
  mlp: Float32Array
  positions: number | null
}

/** A likely token, and its chance. */
export interface Likely extends LookToken {
  chance: number
}

/** What a token is made of. A word with the space before it is letters; `other` is half a character, or no text. */
export const TOKEN_CLASSES = ['letters', 'digits', 'punctuation', 'space', 'break', 'other'] as const
export type TokenClass = (typeof TOKEN_CLASSES)[number]

/** The tokens of a kind on held-out text: how many, and their mean loss in nats. */
export interface GroupLoss<K> {
  group: K
  count: number
  mean: number
}

/** A few tokens of held-out text with their mean loss, what stands around them, and the text that ends with them, as the model read it. */
export interface Place {
  before: string
  text: string
  after: string
  mean: number
  whole: string
}

/** The views: the question of each, and its answer. Matrices are row-major; losses in nats a token. */
export interface LookViews {
  /** How the model reads a text. */
  text: { asks: AboutText; tells: LookText }
  /** A stretch of held-out text as long as the model looks back, at about this share of it; null where no text is at hand. */
  window: { asks: { slot: SlotName; share: number }; tells: string | null }
  /** Every head's attention on a text: maps [L, NH, T, T], 0 above the diagonal (scores: −∞). */
  attention: {
    asks: AboutText & { form: AttentionForm }
    tells: LookText & { maps: Float32Array; layers: number; heads: number }
  }
  /** Every head's scores and label, [L · NH]. */
  heads: { asks: { slot: SlotName }; tells: HeadScores[] }
  /** A table of embeddings in two components, turned towards a frame of as many rows. */
  embeddings: { asks: { slot: SlotName; of: Embedded; towards: Float32Array | null }; tells: EmbeddingMap }
  /** The nearest rows of such a table by cosine, nearest first. */
  near: { asks: { slot: SlotName; of: Embedded; row: number; k: number }; tells: Near[] }
  /** The neurons of a layer on windows of the model's text, trained on and held out. */
  neurons: { asks: { slot: SlotName; layer: number }; tells: NeuronWall }
  /** One neuron, with its contexts at these places. */
  neuron: {
    asks: { slot: SlotName; layer: number; neuron: number; places: readonly NeuronPlace[] }
    tells: NeuronSheet
  }
  /** The neurons of all layers that raise and lower a token most: the first of `text`. */
  speakers: { asks: AboutText; tells: TokenSpeakers }
  /** As `turned`, with one neuron held at a value. */
  clamped: {
    asks: AboutText & { layer: number; neuron: number; value: number; seed: number; length: number }
    tells: LookViews['turned']['tells']
  }
  /** The labels that a linear reader can be trained to tell on the model's text. */
  labels: { asks: { slot: SlotName }; tells: ProbeLabel[] }
  /** A linear reader at each depth of the stream, and the same of the model as it was at step 0. */
  probe: { asks: { slot: SlotName; label: ProbeLabel }; tells: ProbeAnswer }
  probeFresh: { asks: { slot: SlotName; label: ProbeLabel }; tells: ProbeAnswer }
  /**
   * The logit lens: the likeliest tokens at every depth (2L + 1) and position, [depths, T, k]; entropy and KL to the last depth
   * [depths, T]; rank and log-probability of `follow` [depths, T].
   */
  lens: {
    asks: AboutText & { k: number; follow: number | null }
    tells: LookText & {
      depths: number
      k: number
      top: LookToken[]
      chance: Float32Array
      entropy: Float32Array
      toEnd: Float32Array
      rank: Uint32Array
      log: Float32Array
    }
  }
  /** KL of B's predictions from A's after each token, [T]. Throws ProbeError for models that read text differently. */
  apart: { asks: AboutText; tells: LookText & { divergence: Float32Array } }
  /** The loss of each token from what stands before it, [T]: the first has none and is NaN; and what was likeliest there instead. */
  losses: {
    asks: AboutText
    tells: LookText & { losses: Float32Array; mean: number; likeliest: Likely[] }
  }
  /** The same at kept steps of the run in the slot, at most sixteen and evenly chosen: losses [steps, T]. Told as `looking`. */
  learned: { asks: AboutText; tells: LookText & { steps: number[]; losses: Float32Array } }
  /**
   * Where held-out text is hard: losses by what a token is made of, and by its place among the tokens by frequency in the training text
   * (the ten most frequent: 10, the next up to 100: 100, …); the hardest and the easiest places.
   */
  places: {
    asks: { slot: SlotName }
    tells: {
      tokens: number
      mean: number
      classes: GroupLoss<TokenClass>[]
      ranks: GroupLoss<number>[]
      hardest: Place[]
      easiest: Place[]
    }
  }
  /**
   * What each part is worth: the rise of the mean loss with it off, and what the loss says about turning it (d loss / d gate), on the
   * text, or (null) on `windows` of held-out text, four unless told. `gates` are turned beside.
   */
  ablate: {
    asks: { slot: SlotName; text: string | null; gates: GateSettings; windows?: number }
    tells: { clean: number; off: PerPart; gradient: PerPart }
  }
  /** With gates turned: the mean loss on held-out text, the text's likeliest next tokens, and a sample with the same seed, beside as it is. */
  turned: {
    asks: AboutText & { gates: GateSettings; seed: number; length: number }
    tells: Record<'asIs' | 'turned', { val_loss: number | null; next: Likely[]; sample: string }>
  }
  /** What each part wrote onto a token's logit at a position: parts [2L + 1] (embedding, attention 0, MLP 0, …), heads [L · NH]. */
  attribution: {
    asks: AboutText & { position: number; token: number | null }
    tells: LookText & {
      token: LookToken
      next: Likely[]
      parts: Float32Array
      heads: Float32Array
      bias: number
      logit: number
    }
  }
  /**
   * A clean and a corrupted text of equal length: what restores the answer: resid [2L + 1, T], head [L · NH]; 0 as corrupted, 1 as clean.
   * Answer and its rival are the likeliest of each unless told.
   */
  patch: {
    asks: AboutText & { corrupted: string; answer: number | null; instead: number | null }
    tells: {
      clean: LookText
      corrupted: LookText
      answer: LookToken
      instead: LookToken
      resid: Float32Array
      head: Float32Array
      difference: { clean: number; corrupted: number }
    }
  }
  /** A training step of the slot's config, taken apart; `variants` are kernels by class, where another than the chosen one is wanted. */
  xray: {
    asks: { slot: SlotName; variants: Readonly<Record<string, string>> }
    tells: Measured & { peaks: Peaks; device: string }
  }
  /** Every kernel against its reference on this device; `agreement` is the largest relative error of one that agrees. */
  verify: { asks: { slot: SlotName }; tells: { verdicts: Verdict[]; agreement: number; device: string } }
  /** Every tensor of the model at its step, on held-out windows. */
  health: { asks: { slot: SlotName }; tells: HealthTold }
  /** The same over the kept steps of its run. */
  course: { asks: { slot: SlotName }; tells: HealthCourse }
}

export type ViewName = keyof LookViews

/** What happens inside a model. Two can be looked at, A and B. Every call may throw ProbeError, which says what to do instead. */
export interface LookCalls {
  /**
   * Puts a model into a slot, or empties it. The newest call for a slot counts. Throws CheckpointError where the step is not kept, or
   * damaged; the slot stays as it was then.
   */
  fill(slot: SlotName, source: SlotSource | null): Promise<SlotInfo | null>
  /** The steps that can be put into a slot: of a kept run, or (null) of the run that comes with the page. */
  frames(run: string | null): Promise<Keyframe[]>
  /** What the kept steps of a run may take of the disk; those of the open run are thinned at once. */
  setBudget(bytes: number): Promise<void>
  /** A view's question. Of each view and slot the newest is answered; an older one gets a SupersededError. */
  ask<V extends ViewName>(view: V, question: LookViews[V]['asks']): Promise<LookViews[V]['tells']>
  /** Ends every question of a view with a CancelledError. */
  drop(view: ViewName): Promise<void>
}
