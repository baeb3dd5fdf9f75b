// The page's single keys. None acts while someone types, holds another modifier, or has switched shortcuts off.
import { startOrPause, stepOnce } from '../state/actions'
import { typing } from '../parts/typing'
import { generateHere } from './commands'
import { panels } from '../state/panels.svelte'
import { route, STAGES } from '../state/route.svelte'
import { settings } from '../state/settings.svelte'

/** Space presses a focused control itself. */
const pressable = (target: EventTarget | null) =>
  target instanceof HTMLElement && target.closest('button, a, summary, input, label, dialog') !== null

export function onKey(event: KeyboardEvent) {
  if (event.defaultPrevented || !settings.shortcuts || event.altKey) return
  const key = event.key.toLowerCase()
  if ((event.metaKey || event.ctrlKey) && key === 'k') {
    event.preventDefault()
    panels.open = panels.open === 'palette' ? null : 'palette'
    return
  }
  if (
    event.metaKey ||
    event.ctrlKey ||
    typing(event.target) ||
    panels.open !== null ||
    document.querySelector('dialog[open]')
  )
    return
  if (key === ' ' && !pressable(event.target)) {
    event.preventDefault()
    void startOrPause()
  } else if (key === 's') void stepOnce()
  else if (key === 'g') {
    event.preventDefault()
    void generateHere()
  } else if (key === 'l') route.go('share')
  else if (key === '?') panels.open = 'keys'
  else {
    const stage = STAGES[Number(key) - 1]
    if (stage) route.go(stage)
  }
}
