// Which of the page's dialogs is open: at most one.
class Panels {
  open = $state<'device' | 'keys' | 'palette' | null>(null)
}

export const panels = new Panels()

export const showDevice = () => {
  panels.open = 'device'
}
