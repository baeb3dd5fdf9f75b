// What a link can carry, as page and worker say it. A link is the fragment of an address, which no server is told. Data only.
import type { Config } from '../config/config'
import type { CorpusInfo } from './corpus'
import type { SlotName } from './look'
import type { Gates } from './run'
import type { TokenizerState } from './tokens'

/** The parts of a link, in the order in which they are listed and written. */
export const LINK_SECTIONS = ['settings', 'card', 'view', 'curve', 'tokenizer', 'text', 'weights'] as const
export type LinkSection = (typeof LINK_SECTIONS)[number]

/** How long an address may be, in characters: to open everywhere; in browsers and most chats; by copying and pasting alone. */
export const ZONES = { everywhere: 2_000, chats: 32_000, paste: 1_000_000 } as const
export type Zone = keyof typeof ZONES | 'file'

export function zoneOf(characters: number): Zone {
  if (characters <= ZONES.everywhere) return 'everywhere'
  if (characters <= ZONES.chats) return 'chats'
  return characters <= ZONES.paste ? 'paste' : 'file'
}

/** Bits of a number in a link's weights. */
export const LINK_BITS = [8, 4] as const
export type LinkBits = (typeof LINK_BITS)[number]

/** The largest share by which validation loss may rise where weights are rounded to 4 bits; beyond it they are not offered. */
export const MOST_LOST = 0.03

/** What a link's fragment begins with: a letter, the version, a dot. */
export const LINK_PATTERN = /^#?g(\d{1,6})\./

/** Everything that a run is made from, its text aside. */
export interface LinkSettings {
  name: string
  prompt: string
  config: Config
  /** The preset that the link tells the difference to. */
  preset: string | null
  corpus: Pick<CorpusInfo, 'name' | 'fingerprint' | 'characters' | 'licence' | 'split'>
  /** The text by its id, where it comes with the page. */
  builtIn: string | null
  reads: TokenizerState['kind']
  gates?: Gates | undefined
  /** Bytes of text to a token. */
  bytes_per_token?: number | undefined
}

/** What the run came to. Losses in nats a token. */
export interface LinkCard {
  step: number
  params: number
  val_loss: number | null
  bits_per_byte: number | null
  /** What computed it, where the sharer says so. */
  device?: string | undefined
  /** SHA-256 of the weights after `step` updates, 64 hex digits. */
  sha256?: string | undefined
}

/** Controls that a link may hide or lock, for a class. */
export const LINK_CONTROLS = ['settings', 'training', 'slots', 'probe'] as const
export type LinkControl = (typeof LINK_CONTROLS)[number]
/** Locked: it is seen, and cannot be changed. */
export const HOLDS = ['locked', 'hidden'] as const
export type Held = Partial<Record<LinkControl, (typeof HOLDS)[number]>>

/** A model of a slot as far as a link can name it: the link's own, or a kept step of the one that comes with the page. */
export type LinkSlot = { of: 'model' } | { of: 'shipped'; step: number }

/** The slots of Look inside, and which of them are shown. */
export interface LinkSlots {
  A: LinkSlot
  B: LinkSlot | null
  shows: SlotName | 'difference'
}

/** How the page is to be shown. */
export interface LinkView {
  stage: string
  /** The view of Look inside. */
  panel: string | null
  /** The text that is looked at. */
  text: string | null
  /** The stages that are shown, for a class; null: all of them. */
  only: string[] | null
  slots?: LinkSlots | undefined
  /** Gates that are turned in Look inside, of the model that it shows. */
  gates?: Gates | undefined
  /** Controls that are hidden or locked, for a class. */
  controls?: Held | undefined
}

/** A curve to race: steps and losses, in order. Losses are rounded to 16 bits between the lowest and the highest. */
export interface LinkCurve {
  train: { step: number[]; loss: number[] }
  validation: { step: number[]; loss: number[] }
}

/** Weights, rounded. */
export interface LinkWeights {
  bits: LinkBits
  step: number
  /** By parameter name, flat in row-major order. */
  values: Map<string, Float32Array>
}

/** What was read from a link. A part that it lacks is absent. */
export interface LinkContents {
  settings?: LinkSettings
  card?: LinkCard
  view?: LinkView
  curve?: LinkCurve
  tokenizer?: TokenizerState
  text?: string
  weights?: LinkWeights
}

/** What a link carries, told before anything of it is used. */
export interface LinkTold {
  characters: number
  sections: { name: LinkSection; bytes: number }[]
  /** Parts that this page does not know, and entries of the view (`view.lesson`), by name: they are skipped. */
  unknown: string[]
  settings: LinkSettings | null
  card: LinkCard | null
  view: LinkView | null
  curve: LinkCurve | null
  /** The text's characters; null where it carries none. */
  text: number | null
  weights: { bits: LinkBits; step: number; params: number; sha256: string } | null
}

/** What rounding costs: nats a token on the same tokens. */
export interface RoundedLosses {
  /** `train`: nothing is held out, so it was measured on what was trained on. */
  on: 'held out' | 'train'
  tokens: number
  f32: number
  int8: number
  int4: number
}

/** What can be put into a link of a model. */
export interface LinkOffer {
  name: string
  step: number
  params: number
  /** Characters of the link by each part, alone; null where the model has none of it, for the reason that is told. */
  sizes: Record<Exclude<LinkSection, 'weights' | 'view'>, number | null>
  /** Characters by the weights at each rounding; null where they are too many for a link. */
  weights: Record<LinkBits, number | null>
  /** The text is at hand: losses can be measured, and rounding made up for. */
  hasText: boolean
  sha256: string
}

/** What is to be put into a link. */
export interface LinkChoice {
  sections: readonly LinkSection[]
  bits: LinkBits
  view: LinkView | null
  /** What computes here, if it is to be told. */
  device: boolean
}
