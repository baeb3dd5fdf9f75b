// The worker: everything that computes or is kept, behind Comlink. Its name is the address of the page, given by client.ts.
import { serve } from './serve'
import { BrowserThreads } from './threads'

async function fetchFile(path: string): Promise<Uint8Array> {
  const response = await fetch(new URL(path, self.name))
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`.trim())
  return new Uint8Array(await response.arrayBuffer())
}

serve({ gpu: navigator.gpu, fetchFile, threads: new BrowserThreads() }, self)
