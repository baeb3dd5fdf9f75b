// The ways in which a model is sent, in their order; each is loaded when it is first shown. A panel takes the model from share.svelte.ts.
import type { Component } from 'svelte'

export const PANELS = ['link'] as const
export type Panel = (typeof PANELS)[number]

export const loadPanel: Record<Panel, () => Promise<{ default: Component }>> = {
  link: () => import('./Link.svelte'),
}
