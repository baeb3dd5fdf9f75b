// Looking inside, beside the text: embeddings, neurons and the linear probe, as page and worker say it.

/** A table of vectors that is added up into the stream before the first layer. */
export const EMBEDDED = ['tokens', 'positions'] as const
export type Embedded = (typeof EMBEDDED)[number]

/** What a linear reader is trained to tell. */
export const PROBE_LABELS = ['next', 'word', 'speaker', 'mood'] as const
export type ProbeLabel = (typeof PROBE_LABELS)[number]
export const NEXT_CLASSES = ['letter', 'capital', 'digit', 'punctuation', 'space'] as const
export const SPEAKERS = ['system', 'user', 'assistant'] as const
/** The classes of each label, in the order of their numbers. */
export const PROBE_CLASSES = {
  next: NEXT_CLASSES,
  word: ['inside', 'end'],
  speaker: SPEAKERS,
  mood: ['annoyed', 'plain', 'friendly'],
} as const satisfies Record<ProbeLabel, readonly string[]>

/** A table in two principal components. */
export interface EmbeddingMap {
  /** [rows, 2]; turned towards the frame that was given. */
  points: Float32Array
  /** Share of all variance along each axis as it is shown. */
  shares: [number, number]
  /** What each row stands for, and its place in CHARACTER_CLASSES. */
  names: string[]
  classes: Uint8Array
}

/** A row of a table, and the cosine of its angle to another. */
export interface Near {
  row: number
  name: string
  cosine: number
}

/** Where a neuron is strong: a window that begins at token `from` of the whole text, and the position in it. */
export interface NeuronPlace {
  from: number
  position: number
}

/** All neurons of a layer over windows of the text; F neurons. */
export interface NeuronWall {
  neurons: number
  /** Largest, least and mean absolute activation of each, [F]. */
  most: Float32Array
  least: Float32Array
  mean: Float32Array
  /** The strongest places of each, [F, k]: numbers of windows and positions; and the same of the least activations. */
  k: number
  up: PlaceTable
  down: PlaceTable
  /** Where the windows begin in the whole text. */
  from: Uint32Array
  /** Tokens that were looked at. */
  tokens: number
}
/** [F, k], strongest first. */
export interface PlaceTable {
  window: Uint32Array
  position: Uint32Array
}

/** A token, and what it stands for. */
interface Named {
  id: number
  text: string
}

/** A stretch of text around a neuron's strongest token, with its activation at each. */
export interface NeuronContext {
  held: boolean
  tokens: Named[]
  activations: number[]
  /** The strongest token, among `tokens`. */
  peak: number
}

/** A token, and what a unit of a neuron's activation adds to its logit before the final norm scales it. */
export interface Moved extends Named {
  by: number
}

/** A neuron that moves a token. */
export interface Speaker {
  layer: number
  neuron: number
  by: number
}

/** What a reader gets right at each depth of the stream, of held-out tokens. */
export interface ProbeAnswer {
  label: ProbeLabel
  /** Share that is right, [2L + 1]: behind the embedding, then behind each attention and each MLP. */
  model: Float32Array
  /** The same of a reader that was trained on shuffled labels. */
  shuffled: Float32Array
  /** Of each class the share that is right, [2L + 1, classes]; NaN where none is held out. */
  recall: Float32Array
  /** The share of the commonest class. */
  floor: number
  /** Tokens that were learned from and held out, and of each class held out. */
  trained: number
  held: number
  counts: number[]
}

/** One neuron: where it is strong, and the tokens that it raises and lowers most. */
export interface NeuronSheet {
  contexts: NeuronContext[]
  raises: Moved[]
  lowers: Moved[]
}

/** The neurons that raise and lower a token most. */
export interface TokenSpeakers {
  token: Named
  raises: Speaker[]
  lowers: Speaker[]
}

/** The address of the gates of a layer's neurons. */
export const gateOf = (layer: number): string => `h.${layer}.mlp.neurons`
