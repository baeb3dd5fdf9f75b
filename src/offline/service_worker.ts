// Keeps the page’s files, so that after one visit it opens without a network. The list with a hash of each is written in by the build
// (src/headless/page_files.mjs). A file is kept under its path and hash: another version of the page shares what has not changed, and a tab of
// the version before goes on finding its own files. Nothing takes over a page that is open, unless the page asks for it.
export {}

const worker = globalThis as unknown as ServiceWorkerGlobalScope
/** Path beside the page, hash, and whether it is fetched only when it is first asked for. */
declare const FILES: readonly (readonly [path: string, hash: string, onUse: boolean])[]

const scope = new URL(worker.registration.scope)
/** Other copies of the page may be served from other folders of the same host. */
const CACHE = `glasshouse ${scope.pathname}`
const RECORD = new URL('?kept', scope).href
/** Files that are fetched at once. */
const AT_ONCE = 4

interface Kept {
  current: string[]
  /** Those of the version before, which tabs may have open. */
  before: string[]
}

const keyOf = (path: string, hash: string) => new URL(`${path}?${hash}`, scope).href
const keys = FILES.map(([path, hash]) => keyOf(path, hash))
const files = new Map(FILES.map(([path, hash]) => [path, hash]))

/** Fetches a file past the browser’s own cache. Throws where it is missing, or not the one that was built. */
async function fetched(path: string, hash: string): Promise<Response> {
  const response = await fetch(new URL(path, scope), { cache: 'no-cache' })
  if (!response.ok) throw new Error(`${path}: ${response.status}`)
  const bytes = await response.arrayBuffer()
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
  if (!found.startsWith(hash)) throw new Error(`${path} is of another version of the page`)
  return new Response(bytes, { headers: { 'content-type': response.headers.get('content-type') ?? '' } })
}

async function install(): Promise<void> {
  const cache = await caches.open(CACHE)
  const wanted = FILES.filter(([, , onUse]) => !onUse)
  const added: string[] = []
  const one = async (): Promise<void> => {
    for (let file = wanted.shift(); file; file = wanted.shift()) {
      const [path, hash] = file
      const key = keyOf(path, hash)
      if (await cache.match(key)) continue
      await cache.put(key, await fetched(path, hash))
      added.push(key)
    }
  }
  const done = await Promise.allSettled(Array.from({ length: AT_ONCE }, one))
  const failed = done.find(({ status }) => status === 'rejected')
  if (!failed) return
  // A full disk, or a host in the middle of an update. The page works without; the next visit tries again.
  await Promise.all(added.map((key) => cache.delete(key)))
  throw (failed as PromiseRejectedResult).reason
}

/** Takes off what neither this version nor the one before needs. */
async function activate(): Promise<void> {
  const cache = await caches.open(CACHE)
  const record = await cache.match(RECORD)
  const kept: Kept = record ? ((await record.json()) as Kept) : { current: [], before: [] }
  const before = kept.current.join() === keys.join() ? kept.before : kept.current
  await cache.put(RECORD, Response.json({ current: keys, before } satisfies Kept))
  const needed = new Set([...keys, ...before, RECORD])
  for (const { url } of await cache.keys()) if (!needed.has(url)) await cache.delete(url)
}

async function answer(request: Request, path: string): Promise<Response> {
  const cache = await caches.open(CACHE)
  const hash = files.get(path)
  // A file of the version before has another name; its key begins alike.
  if (hash === undefined) return (await cache.match(new URL(path, scope), { ignoreSearch: true })) ?? fetch(request)
  const key = keyOf(path, hash)
  const kept = await cache.match(key)
  if (kept) return kept
  try {
    const response = await fetched(path, hash)
    await cache.put(key, response.clone())
    return response
  } catch {
    // The host has another version, or the disk is full: what the network says is the answer.
    return fetch(request)
  }
}

worker.addEventListener('install', (event) => event.waitUntil(install()))
worker.addEventListener('activate', (event) => event.waitUntil(activate()))
worker.addEventListener('message', ({ data }) => {
  if (data === 'take over') void worker.skipWaiting()
})
worker.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== scope.origin || !url.pathname.startsWith(scope.pathname)) return
  const path = decodeURIComponent(url.pathname.slice(scope.pathname.length)) || 'index.html'
  if (path === 'service_worker.js') return
  event.respondWith(answer(request, path))
})
