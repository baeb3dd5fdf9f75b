// Short messages that rise above the run strip. What can be undone stays longer, what went wrong stays until it is closed.
export interface Toast {
  id: number
  level: 'info' | 'warning' | 'error'
  text: string
  action?: { label: string; run: () => void }
}

class Toasts {
  items = $state.raw<Toast[]>([])
  #next = 1

  show(toast: Omit<Toast, 'id'>) {
    if (this.items.some((shown) => shown.text === toast.text)) return
    const id = this.#next++
    this.items = [...this.items.slice(-3), { ...toast, id }]
    if (toast.level !== 'error') setTimeout(() => this.close(id), toast.action ? 20_000 : 8_000)
  }

  close(id: number) {
    this.items = this.items.filter((toast) => toast.id !== id)
  }
}

export const toasts = new Toasts()
