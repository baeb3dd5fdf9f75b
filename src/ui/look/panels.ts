// The views of the stage, in their order; each is loaded when it is first shown.
import type { Component } from 'svelte'

export const PANELS = ['attention', 'off', 'losses', 'embeddings', 'neurons', 'probe'] as const
export type Panel = (typeof PANELS)[number]

export const loadPanel: Record<Panel, () => Promise<{ default: Component }>> = {
  attention: () => import('./Attention.svelte'),
  embeddings: () => import('./Embeddings.svelte'),
  neurons: () => import('./Neurons.svelte'),
  probe: () => import('./LinearProbe.svelte'),
  off: () => import('./Off.svelte'),
  losses: () => import('./Losses.svelte'),
}
