// Looking inside, as page and worker say it: the two slots that hold a model each, the steps that can be put into them, and for each
// view its question and its answer.
import type { Config } from '../config/config'
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

/** The views: the question of each, and its answer. */
export interface LookViews {
  /** How the model reads a text. */
  text: { asks: AboutText; tells: LookText }
}

export type ViewName = keyof LookViews
