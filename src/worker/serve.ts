// Puts the lab behind a port. Answers and events leave by it in the order in which they were given: an answer first sends the
// events that wait.
import { expose, type Endpoint } from 'comlink'
import { LocalLab, type LabOptions } from './lab'
import type { EventMessage } from './protocol'

export function serve(options: Omit<LabOptions, 'listen'>, port: Endpoint): void {
  const listen = (events: EventMessage['events']) => port.postMessage({ events } satisfies EventMessage)
  const lab = new LocalLab({ ...options, listen })
  expose(lab, {
    addEventListener: port.addEventListener.bind(port),
    removeEventListener: port.removeEventListener.bind(port),
    start: () => port.start?.(),
    postMessage: (answer: unknown, transfers?: Transferable[]) => {
      lab.flush()
      port.postMessage(answer, transfers)
    },
  })
}
