// A language model in one file: its weights, its tokenizer, and an engine (WebAssembly; WebGPU for large models where that is faster).
//
//   import { open } from './model.js'
//   const model = await open()
//   for await (const token of model.write('Once')) show(token)
//
// No network, no other file, nothing to install. In a page, in a worker, and in Node.js 20 or newer.

/** What computes. `auto`: WebAssembly, or for a large model WebGPU where it writes faster here. `javascript` is slow, and runs anywhere. */
export type EngineChoice = 'auto' | 'gpu' | 'cpu' | 'javascript'

/** How a text is written. */
export interface WriteOptions {
  /** 0 always takes the likeliest token; higher is bolder. Default 0.8. */
  temperature?: number
  /** Only the k likeliest tokens; 0 (the default) switches it off. */
  top_k?: number
  /** Only the likeliest tokens that make up this share; 1 switches it off. Default 0.95. */
  top_p?: number
  /** Tokens at most. Default 300. */
  max_tokens?: number
  /** The same seed gives the same text. Default: another at each call. */
  seed?: number
  /** The text ends when one of these appears; it is not part of the text. */
  stop?: string | readonly string[]
  /** Ends the text early. */
  signal?: AbortSignal
}

/** One turn of a conversation. */
export interface Message {
  role: 'system' | 'user' | 'assistant'
  content: string
}

/** Why a text ended: as long as asked for, a stop text, or its signal. */
export type Ending = 'length' | 'stop' | 'cancelled'

export interface Model {
  readonly title: string
  readonly author: string
  readonly description: string
  /** What its author suggests to begin with. */
  readonly prompt: string
  /** It was trained on conversations: `reply` can be asked. */
  readonly chats: boolean
  /** How many numbers it learned. */
  readonly parameters: number
  /** How many tokens it looks back at; of a longer text it reads the end. */
  readonly context: number
  /** What computes, in words: “WebAssembly SIMD”. */
  readonly engine: string
  /** Continues a text, token by token. Several texts may be written at once. */
  write(prompt: string, options?: WriteOptions): AsyncGenerator<string, Ending, undefined>
  /** Answers a conversation, token by token. Throws where the model was not trained on any. */
  reply(messages: readonly Message[], options?: WriteOptions): AsyncGenerator<string, Ending, undefined>
  /** The pieces of a text that the model has no tokens for, each once: it does not see them. */
  unknown(text: string): string[]
  /** Frees the memory. */
  close(): void
}

/** Opens the model. Throws where `engine` names one that does not run here. */
export declare function open(options?: { engine?: EngineChoice }): Promise<Model>
