// The page without a network: a service worker (src/offline) keeps its files after the first visit. A newer version waits until somebody asks for
// it; it never takes over a page that is open. Files that the system opens with the installed page come in here too.
import { takeFiles } from './actions'
import { lab } from './lab.svelte'

/** Free space below which nothing is kept: runs need it more. Where a browser does not tell, it is tried. */
const LEAST_FREE = 64 * 2 ** 20
/** Longest wait for a quiet moment. */
const PATIENCE_MS = 5000

class Offline {
  /** A newer version of the page lies ready. */
  waiting = $state.raw<ServiceWorker | null>(null)

  /** Keeps the page’s files, once it is open and quiet. Does nothing where the browser has no service workers, or refuses them. */
  async keep(): Promise<void> {
    const { serviceWorker } = navigator as Partial<Pick<Navigator, 'serviceWorker'>>
    if (!import.meta.env.PROD || !serviceWorker) return
    const { used_bytes = 0, quota_bytes = 0 } = lab.storage ?? {}
    if (quota_bytes > 0 && quota_bytes - used_bytes < LEAST_FREE) return
    await new Promise<void>((resolve) =>
      'requestIdleCallback' in window
        ? requestIdleCallback(() => resolve(), { timeout: PATIENCE_MS })
        : setTimeout(resolve, PATIENCE_MS),
    )
    try {
      const registration = await serviceWorker.register('./service_worker.js')
      const look = () => {
        // Without a controller this is the first visit: what waits is no update.
        this.waiting = serviceWorker.controller ? registration.waiting : null
      }
      registration.addEventListener('updatefound', () => registration.installing?.addEventListener('statechange', look))
      look()
      document.addEventListener('visibilitychange', () => {
        // A host that does not answer is no news.
        if (document.visibilityState === 'visible') registration.update().catch(() => undefined)
      })
    } catch {
      // Plain http, a private window, a frame without an origin: the page works without.
    }
  }

  /** Saves what is open, and loads the page anew as the newer version. */
  async update(): Promise<void> {
    const { waiting } = this
    if (!waiting) return
    if (lab.run) await lab.calls.run.save()
    navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true })
    waiting.postMessage('take over')
  }
}

export const offline = new Offline()

interface LaunchQueue {
  setConsumer(take: (launch: { files?: readonly FileSystemFileHandle[] }) => void): void
}

/** Takes files that the system opens with the page, as if they had been dropped. Only an installed page is given any. */
export function takeOpenedFiles(): void {
  const { launchQueue } = window as { launchQueue?: LaunchQueue }
  launchQueue?.setConsumer(({ files = [] }) => {
    if (files.length === 0) return
    void Promise.all(files.map((handle) => handle.getFile())).then((opened) =>
      takeFiles(opened.map((file) => ({ name: file.name, file }))),
    )
  })
}
