// The views of the stage, in their order; each is loaded when it is first shown.
import type { Component } from 'svelte'

export const PANELS = ['attention', 'off', 'lens', 'losses', 'attribution', 'patching'] as const
export type Panel = (typeof PANELS)[number]

export const loadPanel: Record<Panel, () => Promise<{ default: Component }>> = {
  attention: () => import('./Attention.svelte'),
  off: () => import('./Off.svelte'),
  losses: () => import('./Losses.svelte'),
  lens: () => import('./Lens.svelte'),
  attribution: () => import('./Attribution.svelte'),
  patching: () => import('./Patching.svelte'),
}
