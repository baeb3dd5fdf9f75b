// The worker: everything that computes or is kept, behind Comlink. Its name is the address of the page, given by client.ts.
import { serve } from './serve'
import { BrowserThreads } from './threads'

async function fetchText(path: string): Promise<string> {
  const response = await fetch(new URL(path, self.name))
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`.trim())
  return response.text()
}

serve({ gpu: navigator.gpu, fetchText, threads: new BrowserThreads() }, self)
