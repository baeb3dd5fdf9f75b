// A model that is given away as a file that runs by itself: what its author says of it, and how its weights are kept.
import type { SlotSource } from './look'
import type { PiiKind } from './recipe'

/** What stands in the file beside the model, as text alone. */
export interface DemoText {
  title: string
  author: string
  description: string
  /** What the prompt box holds when the file is opened. */
  prompt: string
}

/** What a person may write into each, in characters. */
export const LONGEST: Record<keyof DemoText, number> = { title: 120, author: 120, description: 4000, prompt: 1000 }

/** Bits of a weight: 16 as a float, or 8 in groups of 32 that share a scale of 16. */
export const DEMO_FORMS = ['f16', 'int8'] as const
export type DemoForm = (typeof DEMO_FORMS)[number]

/** A page that is one file, or a module that a page or a program imports. */
export const DEMO_KINDS = ['html', 'embed'] as const
export type DemoKind = (typeof DEMO_KINDS)[number]

/** More than this, weights and all, is no file to send: 64 MiB. */
export const LARGEST_DEMO = 2 ** 26

/** What can be made of a model, before it is made. */
export interface DemoOffer {
  name: string
  step: number
  params: number
  /** It was trained on conversations: the file is a chat. */
  chats: boolean
  prompt: string
  /** Kinds of personal data that went through into the text that it learned from. */
  personal: readonly PiiKind[]
  /** It learned from conversations in which nobody has looked for any. */
  unlooked: boolean
  /** Bytes of the weights in each form, before they are compressed. */
  weight_bytes: Record<DemoForm, number>
}

/** A demo that is asked for. */
export interface DemoOrder {
  source: SlotSource
  kind: DemoKind
  form: DemoForm
  text: DemoText
}

/** A file that was made; `engine_bytes` are those of it that every model's file has. */
export interface DemoFile {
  name: string
  bytes: Uint8Array<ArrayBuffer>
  engine_bytes: number
}

/** Models given away as files that run by themselves. Both calls throw CheckpointError where there is no such model. */
export interface DemoCalls {
  offer(source: SlotSource): Promise<DemoOffer>
  make(order: DemoOrder): Promise<DemoFile>
}
