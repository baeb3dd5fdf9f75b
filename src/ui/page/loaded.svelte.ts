// What is not on the page from the start: every stage but Train, where it opens, and the sheets. All of it is loaded once the page is
// quiet, so that it is shown at once when somebody asks for it; whoever asks sooner waits for its file.
import type { Component } from 'svelte'
import { asError } from '../state/lab.svelte'
import type { Panel } from '../state/panels.svelte'
import type { Stage } from '../state/route.svelte'

export type Later = Exclude<Stage, 'train'> | Panel

const FILES: Record<Later, () => Promise<{ default: Component }>> = {
  data: () => import('../data/Data.svelte'),
  tokens: () => import('../tokens/Tokens.svelte'),
  model: () => import('../model/Model.svelte'),
  chat: () => import('../chat/Chat.svelte'),
  runs: () => import('../runs/Runs.svelte'),
  look: () => import('../look/Look.svelte'),
  share: () => import('../share/Share.svelte'),
  palette: () => import('./Palette.svelte'),
  keys: () => import('./Keys.svelte'),
  device: () => import('../device/Device.svelte'),
  bench: () => import('../device/Bench.svelte'),
}

class Loaded {
  #parts = $state.raw<Partial<Record<Later, Component>>>({})
  #errors = $state.raw<Partial<Record<Later, Error>>>({})

  part(name: Later): Component | undefined {
    return this.#parts[name]
  }
  /** Why it could not be loaded, where it was tried last and could not. */
  error(name: Later): Error | undefined {
    return this.#errors[name]
  }

  async load(name: Later): Promise<void> {
    if (this.#parts[name]) return
    this.#errors = { ...this.#errors, [name]: undefined }
    try {
      const { default: part } = await FILES[name]()
      this.#parts = { ...this.#parts, [name]: part }
    } catch (cause) {
      const error = asError(cause)
      this.#errors = { ...this.#errors, [name]: Object.assign(new Error(error.message), { name: 'NotLoadedError' }) }
    }
  }

  /** One after the other, each in a quiet moment. What fails is tried again when somebody asks for it. */
  async loadAll(): Promise<void> {
    for (const name of Object.keys(FILES) as Later[]) {
      await quiet()
      await this.load(name)
    }
  }
}

function quiet(): Promise<void> {
  return new Promise((resolve) =>
    'requestIdleCallback' in window ? requestIdleCallback(() => resolve(), { timeout: 1000 }) : setTimeout(resolve, 50),
  )
}

export const loaded = new Loaded()
