// The views of the stage, in their order; each is loaded when it is first shown.
import type { Component } from 'svelte'

export const PANELS = ['map', 'attention', 'health', 'kernels'] as const
export type Panel = (typeof PANELS)[number]

export const loadPanel: Record<Panel, () => Promise<{ default: Component }>> = {
  map: () => import('./Map.svelte'),
  attention: () => import('./Attention.svelte'),
  health: () => import('./Health.svelte'),
  kernels: () => import('./Kernels.svelte'),
}
