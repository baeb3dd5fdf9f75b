// Which of the page's dialogs is open: at most one.
export type Panel = 'device' | 'keys' | 'palette' | 'bench'

class Panels {
  open = $state<Panel | null>(location.hash === '#bench' ? 'bench' : null)
}

export const panels = new Panels()

addEventListener('hashchange', () => {
  if (location.hash === '#bench') panels.open = 'bench'
})

export const showDevice = () => {
  panels.open = 'device'
}
