// The rooms of the design, held by reading every import in src/ (type imports count): who may import whom, no cycles, shaders
// only in their own op, npm packages only in the rooms that need them, and the doors of which there is one each.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'

/** Source files by path from the project's folder: `src/ops/gelu.ts`. */
type Sources = ReadonlyMap<string, string>

/** Rooms that many may import. */
const BASE = ['words', 'config', 'leaves']
const DATA = ['data/tokenize', 'data/collect', 'data/prepare', 'data/made', 'data/dataset'] as const
/** What takes a model to others. */
const SHARE = ['share/link', 'share/formats', 'share/folder', 'share/demo'] as const
/** The page's stages: none of them knows another. */
const STAGES = [
  'ui/data',
  'ui/tokens',
  'ui/model',
  'ui/train',
  'ui/look',
  'ui/chat',
  'ui/share',
  'ui/runs',
  'ui/device',
] as const
/** What stands under every stage. */
const PAGE = ['ui/words', 'ui/state', 'worker/client', ...BASE]

/** Who may import whom. A large room has wings, which stand here as rooms of their own. */
const ROOMS: Record<string, readonly string[]> = {
  leaves: ['leaves', 'config'],
  config: ['config'],
  words: BASE,
  gpu: ['gpu', ...BASE],
  ops: ['ops', 'gpu', ...BASE],
  cpu: ['cpu', ...BASE],
  model: ['model', ...BASE],
  'data/tokenize': ['data/tokenize', ...BASE],
  'data/collect': ['data/collect', 'data/tokenize', ...BASE],
  'data/prepare': ['data/prepare', 'data/tokenize', ...BASE],
  'data/made': ['data/made', 'data/tokenize', ...BASE],
  'data/dataset': ['data/dataset', 'data/prepare', 'data/tokenize', ...BASE],
  evaluate: ['evaluate', 'data/dataset', 'data/made', 'data/tokenize', ...BASE],
  wasm: ['wasm', 'cpu', ...BASE],
  train: ['train', 'model', 'ops', 'gpu', 'cpu', 'wasm', ...DATA, ...BASE],
  inspect: ['inspect', 'model', 'train', 'gpu', 'cpu', ...DATA, ...BASE],
  storage: ['storage', ...BASE],
  'share/link': ['share/link', 'storage', ...DATA, ...BASE],
  'share/formats': ['share/formats', 'storage', ...DATA, ...BASE],
  'share/folder': ['share/folder', 'share/formats', 'storage', ...DATA, ...BASE],
  // The player has an engine of its own.
  'share/demo': ['share/demo', 'train', 'ops', 'wasm', 'cpu', ...DATA, ...BASE],
  offline: ['offline'],
  'worker/protocol': BASE,
  'worker/worker': [
    ...['worker/worker', 'worker/protocol', 'train', 'inspect', 'evaluate', 'storage', 'gpu', ...SHARE],
    ...DATA,
    ...BASE,
  ],
  'worker/client': ['worker/protocol', ...BASE],
  headless: ['headless', 'train', 'inspect', 'evaluate', 'storage', 'gpu', ...SHARE, ...DATA, ...BASE],
  'ui/words': ['ui/words', ...BASE],
  'ui/state': PAGE,
  'ui/parts': ['ui/parts', ...PAGE],
  ...Object.fromEntries(STAGES.map((stage) => [stage, [stage, 'ui/parts', ...PAGE]])),
  'ui/page': ['ui/page', 'ui/parts', ...STAGES, ...PAGE],
  main: ['ui/page'],
}

/** npm packages and Node's modules, and the only rooms that may have them. */
const PACKAGES: [RegExp, readonly string[]][] = [
  [/^node:/, ['headless']],
  [/^webgpu$/, ['headless']],
  [/^(vite|esbuild)$/, ['headless']],
  [/^svelte(\/|$)/, ['ui', 'main']],
  [/^uplot/, ['ui/train', 'ui/runs']],
  [/^uqr$/, ['ui/share']],
  [/^html-to-image$/, ['ui/look']],
  [/^@fontsource/, ['main']],
  [/^comlink$/, ['worker/worker', 'worker/client']],
  [/^idb-keyval$/, ['storage']],
  [/^fflate$/, ['storage', 'share', 'data']],
  [/^(papaparse|chardet|htmlparser2|pdfjs-dist)(\/|$)/, ['data/collect']],
  [/^libphonenumber-js(\/|$)/, ['data/prepare']],
  [/^franc-min$/, ['data/prepare', 'data/dataset']],
  [/^valibot$/, ['words', 'storage', 'share', 'worker/worker', 'headless', 'ui']],
]

/** What only one room, or one file, may say, and which. */
const DOORS: [RegExp, string, string?][] = [
  // The page starts the lab, and the lab those that compute beside it.
  [/\bnew\s+Worker\b/, 'worker/client', 'src/worker/threads.ts'],
  // Except asking that nothing be cleared: browsers let only a page ask, not a worker.
  [/\bnavigator\.storage\b(?!\??\.persist\b)|\bindexedDB\b/, 'storage'],
  [/\bnavigator\.gpu\b/, 'worker/worker'],
  [/\bqueue\.submit\(\[|\.mapAsync\(|\bonSubmittedWorkDone\b/, 'src/gpu/queue.ts'],
]

function room(path: string): string {
  if (path === 'src/main.ts') return 'main'
  const [, name = '', wing = '', file = ''] = path.split('/')
  if (wing === '') return 'leaves'
  if (name === 'worker') {
    const stem = wing.replace(/\.ts$/, '')
    return stem === 'client' || stem === 'protocol' ? `worker/${stem}` : 'worker/worker'
  }
  // What the page says stands beside what says it; messages.ts gathers it.
  if (name === 'ui' && (file === '' || /^messages\w*\.ts$/.test(file))) return 'ui/words'
  return file === '' ? name : `${name}/${wing}`
}

/** The TypeScript of a file: all of it, or what stands in a component's script elements. */
function script(path: string, text: string): string {
  if (!path.endsWith('.svelte')) return text
  return [...text.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map(([, body]) => body).join('\n')
}

const stem = (path: string) => path.replace(/^.*\//, '').replace(/(\.svelte)?\.\w+$/, '')
/** The op of a shader: `matmul.tile.wgsl` is a variant of matmul. */
const opOf = (path: string) => stem(path).replace(/\..*$/, '')

function resolve(from: string, specifier: string, sources: Sources): string {
  const path = normalize(join(dirname(from), specifier.replace(/\?.*$/, '')))
  return [path, `${path}.ts`, `${path}.d.ts`].find((candidate) => sources.has(candidate)) ?? path
}

/** Everything in these sources that breaks the design, one sentence each. */
function offences(sources: Sources): string[] {
  const found: string[] = []
  const graph = new Map<string, string[]>()
  const ops = new Set([...sources.keys()].filter((path) => path.startsWith('shaders/')).map(opOf))
  for (const [path, text] of sources) {
    if (!path.startsWith('src/')) continue
    const here = room(path)
    const may = ROOMS[here]
    if (!may) {
      found.push(`${path} lies in no room of the design`)
      continue
    }
    const code = script(path, text)
    // Comments may name what the code may not touch.
    const bare = code.replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '')
    for (const [pattern, door, other] of DOORS)
      if (here !== door && path !== door && path !== other && here !== 'headless' && pattern.test(bare))
        found.push(`${path} says ${pattern.exec(bare)?.[0]}, which is for ${door} alone`)
    const edges: string[] = []
    for (const { fileName } of ts.preProcessFile(code, true, true).importedFiles) {
      if (!fileName.startsWith('.')) {
        const rule = PACKAGES.find(([name]) => name.test(fileName))
        if (rule && !rule[1].some((room) => here === room || here.startsWith(`${room}/`)))
          found.push(`${path} imports ${fileName}, which is not for ${here}`)
        continue
      }
      const target = resolve(path, fileName, sources)
      if (target.endsWith('.wgsl')) {
        const own = here === 'ops' && (opOf(target) === stem(path) || path === 'src/ops/engine.ts')
        if (!own) found.push(`${path} imports ${target}, which only src/ops/${opOf(target)}.ts may`)
        continue
      }
      if (!target.startsWith('src/') || target.endsWith('.css')) continue
      if (!sources.has(target)) found.push(`${path} imports ${fileName}, which does not exist`)
      edges.push(target)
      if (!may.includes(room(target))) found.push(`${path} (${here}) imports ${target} (${room(target)})`)
      const otherOp = here === 'ops' && room(target) === 'ops' && ops.has(stem(target))
      if (otherOp && path !== 'src/ops/engine.ts') found.push(`${path} imports another op, ${target}`)
    }
    graph.set(path, edges)
  }
  return [...found, ...cycles(graph)]
}

/** Every import cycle, once, as the path around it (depth-first search; an edge back into the current path closes one). */
function cycles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = []
  const done = new Set<string>()
  const visit = (node: string, trail: string[]) => {
    const at = trail.indexOf(node)
    if (at >= 0) found.push(`import cycle: ${[...trail.slice(at), node].join(' → ')}`)
    if (at >= 0 || done.has(node)) return
    for (const next of graph.get(node) ?? []) visit(next, [...trail, node])
    done.add(node)
  }
  for (const node of graph.keys()) visit(node, [])
  return found
}

function readSources(): Sources {
  const files = ['src', 'shaders'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(ts|svelte|css|wgsl|py|mjs|json)$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name)),
  )
  return new Map(files.map((path) => [path, readFileSync(path, 'utf8')]))
}

test('every import in src keeps to the rooms of the design', () => {
  const sources = readSources()
  expect(sources.size).toBeGreaterThan(20)
  expect(offences(sources)).toEqual([])
})

test('one word, four rooms: every shader has its op, its reference and its test', () => {
  const names = (folder: string, ending: string) =>
    readdirSync(folder)
      .filter((file) => file.endsWith(ending))
      .map((file) => file.slice(0, -ending.length))
  const files = names('shaders', '.wgsl').filter((name) => name !== 'prelude')
  const shaders = files.filter((name) => !name.includes('.'))
  expect(shaders.length).toBeGreaterThan(10)
  const variants = files.filter((name) => name.includes('.'))
  expect(variants.filter((name) => !shaders.includes(opOf(name)))).toEqual([])
  for (const [folder, ending] of [
    ['src/ops', '.ts'],
    ['src/cpu', '.ts'],
    ['test/ops', '.test.ts'],
  ] as const)
    expect(
      shaders.filter((name) => !names(folder, ending).includes(name)),
      folder,
    ).toEqual([])
})

describe('an offender is found', () => {
  const cases: [string, Record<string, string>, string][] = [
    [
      'a type import counts',
      { 'src/gpu/a.ts': `import type { T } from '../train/b'`, 'src/train/b.ts': '' },
      'src/gpu/a.ts (gpu) imports src/train/b.ts (train)',
    ],
    [
      'a re-export counts',
      { 'src/cpu/a.ts': `export * from '../model/b'`, 'src/model/b.ts': '' },
      'src/cpu/a.ts (cpu) imports src/model/b.ts (model)',
    ],
    [
      'a dynamic import counts',
      { 'src/model/b.ts': `const x = import('../cpu/c')`, 'src/cpu/c.ts': '' },
      'src/model/b.ts (model) imports src/cpu/c.ts (cpu)',
    ],
    [
      'a component is read too',
      {
        'src/ui/chat/A.svelte': `<script lang="ts">\nimport { b } from '../../train/b'\n</script><p></p>`,
        'src/train/b.ts': '',
      },
      'src/ui/chat/A.svelte (ui/chat) imports src/train/b.ts (train)',
    ],
    [
      'a stage knows no other',
      { 'src/ui/chat/A.svelte': `<script>import B from '../train/B.svelte'</script>`, 'src/ui/train/B.svelte': '' },
      'src/ui/chat/A.svelte (ui/chat) imports src/ui/train/B.svelte (ui/train)',
    ],
    [
      'a step of the data path knows none after it',
      { 'src/data/tokenize/a.ts': `import '../prepare/b'`, 'src/data/prepare/b.ts': '' },
      'src/data/tokenize/a.ts (data/tokenize) imports src/data/prepare/b.ts (data/prepare)',
    ],
    [
      'the page may not read the protocol past the client',
      { 'src/ui/parts/a.ts': `import type { Lab } from '../../worker/protocol'`, 'src/worker/protocol.ts': '' },
      'src/ui/parts/a.ts (ui/parts) imports src/worker/protocol.ts (worker/protocol)',
    ],
    [
      'a leaf knows no room',
      { 'src/params.ts': `import './gpu/a'`, 'src/gpu/a.ts': '' },
      'src/params.ts (leaves) imports src/gpu/a.ts (gpu)',
    ],
    [
      'a shader belongs to its op',
      { 'src/ops/gelu.ts': `import s from '../../shaders/rope.wgsl?raw'`, 'shaders/rope.wgsl': '' },
      'src/ops/gelu.ts imports shaders/rope.wgsl, which only src/ops/rope.ts may',
    ],
    [
      'a variant of a shader too',
      { 'src/ops/gelu.ts': `import s from '../../shaders/rope.tile.wgsl?raw'`, 'shaders/rope.tile.wgsl': '' },
      'src/ops/gelu.ts imports shaders/rope.tile.wgsl, which only src/ops/rope.ts may',
    ],
    [
      'an op knows no other',
      { 'src/ops/gelu.ts': `import { rope } from './rope'`, 'src/ops/rope.ts': '', 'shaders/rope.wgsl': '' },
      'src/ops/gelu.ts imports another op, src/ops/rope.ts',
    ],
    [
      'a cycle',
      { 'src/a.ts': `import './b'`, 'src/b.ts': `import './c'`, 'src/c.ts': `import './a'` },
      'import cycle: src/a.ts → src/b.ts → src/c.ts → src/a.ts',
    ],
    ['a missing file', { 'src/a.ts': `import './b'` }, 'src/a.ts imports ./b, which does not exist'],
    ['an unknown room', { 'src/helpers/a.ts': '' }, 'src/helpers/a.ts lies in no room of the design'],
    ['a package', { 'src/train/a.ts': `import 'node:fs'` }, 'src/train/a.ts imports node:fs, which is not for train'],
    [
      'a second worker',
      { 'src/ui/a.ts': `const w = new Worker('x')` },
      'src/ui/a.ts says new Worker, which is for worker/client alone',
    ],
    [
      'a second door to the disk',
      { 'src/worker/worker.ts': `await navigator.storage.estimate() // indexedDB` },
      'src/worker/worker.ts says navigator.storage, which is for storage alone',
    ],
    [
      'a second place that waits for the GPU',
      { 'src/gpu/a.ts': `await staging.mapAsync(1)`, 'src/gpu/queue.ts': `await staging.mapAsync(1)` },
      'src/gpu/a.ts says .mapAsync(, which is for src/gpu/queue.ts alone',
    ],
  ]
  test.each(cases)('%s', (_, files, offence) => {
    expect(offences(new Map(Object.entries(files)))).toEqual([offence])
  })
})
