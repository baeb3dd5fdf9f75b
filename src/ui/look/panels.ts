// The views of the stage, in their order; each is loaded when it is first shown.
import type { Component } from 'svelte'

export const PANELS = [
  'map',
  'attention',
  'off',
  'losses',
  'health',
  'embeddings',
  'neurons',
  'probe',
  'kernels',
] as const
export type Panel = (typeof PANELS)[number]

export const loadPanel: Record<Panel, () => Promise<{ default: Component }>> = {
  map: () => import('./Map.svelte'),
  attention: () => import('./Attention.svelte'),
  off: () => import('./Off.svelte'),
  losses: () => import('./Losses.svelte'),
  health: () => import('./Health.svelte'),
  embeddings: () => import('./Embeddings.svelte'),
  neurons: () => import('./Neurons.svelte'),
  probe: () => import('./LinearProbe.svelte'),
  kernels: () => import('./Kernels.svelte'),
}
