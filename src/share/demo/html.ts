// One HTML file that is the demo: what its author says as text, the packed model, and the player. A policy of its own lets in the player’s script and
// style by their hashes and nothing else: no other script, no request to anywhere.
import { strToU8, zipSync } from 'fflate'
import { invariant } from '../../errors'
import type { DemoForm, DemoText } from '../../words/demo'
import { isChat } from './chat'
import { factsOf, type Origin } from './facts'
import { pack, type PackedModel } from './packed'

/** The player, bundled (src/headless/demo_bundle.mjs); hashes as a policy names them: `sha256-…`. */
export interface Player {
  script: string
  style: string
  script_hash: string
  style_hash: string
}

/** The embed, bundled, and its types. */
export interface Embed {
  script: string
  types: string
}

/** The file: UTF-8, the same bytes for the same model and words. Throws CheckpointError where a weight is not finite. */
export function demoHtml(
  { weights, tokenizer, config, gates }: Omit<PackedModel, keyof DemoText>,
  text: DemoText,
  origin: Origin,
  form: DemoForm,
  player: Player,
): string {
  const { script, style, script_hash, style_hash } = player
  // Either would end or hide the script, and the rest would stand in the page as text.
  invariant(!/<\/script|<!--|<script/i.test(script), () => 'the player has a tag of a script in it')
  invariant(!/<\/style/i.test(style), () => 'the style has its own end in it')
  const policy = [
    `default-src 'none'`,
    `script-src '${script_hash}' 'wasm-unsafe-eval'`,
    `style-src '${style_hash}'`,
    `base-uri 'none'`,
    `form-action 'none'`,
  ].join('; ')
  const facts = factsOf(config, tokenizer, origin, form)
  const chats = isChat(tokenizer)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="description" content="${escaped(text.description.slice(0, 300))}">
<title>${escaped(text.title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<header>
<h1>${escaped(text.title)}</h1>
${text.author === '' ? '' : `<p class="by">${escaped(text.author)}</p>\n`}${paragraphs(text.description)}</header>
<noscript><p class="note">The model runs inside this page, so it needs JavaScript switched on.</p></noscript>
<div id="app" data-form="${chats ? 'chat' : 'prompt'}"><p class="note" role="status">Opening the model…</p></div>
<details>
<summary>About this model</summary>
<dl>
${facts.map(([name, value]) => `<div><dt>${escaped(name)}</dt><dd>${escaped(value)}</dd></div>`).join('\n')}
</dl>
<p>${
    chats
      ? 'It answers in the manner of the conversations it learned from.'
      : 'It continues text in the manner of what it learned from; it does not answer questions.'
  } A model this small makes things up, and may repeat what it has read. Take nothing that it writes for true.</p>
</details>
<footer>Made with Glasshouse. The model is in this file and runs in this page: nothing is sent anywhere.</footer>
</main>
<script type="text/plain" id="model">${pack({ config, tokenizer, gates, weights, ...text }, form)}</script>
<script type="module">${script}</script>
</body>
</html>
`
}

/** The module: the player, and the packed model as a constant at its end. */
export function demoModule(
  model: Omit<PackedModel, keyof DemoText>,
  text: DemoText,
  form: DemoForm,
  { script }: Embed,
): string {
  return `${script}\nconst GLASSHOUSE_MODEL="${pack({ ...model, ...text }, form)}"\n`
}

/** Any fixed time: the same model gives the same zip. */
const WRITTEN = new Date('2026-01-01T00:00:00')

/** The module and its types in a .zip. */
export function demoZip(module: string, { types }: Embed): Uint8Array<ArrayBuffer> {
  return zipSync({ 'model.js': strToU8(module), 'model.d.ts': strToU8(types) }, { mtime: WRITTEN })
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
/** Text as it may stand anywhere in the page, between quotation marks too. */
export function escaped(text: string): string {
  // What HTML cannot hold at all: NUL, other controls, halves of surrogate pairs.
  const held = text.replace(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\p{Surrogate}]/gu, '�')
  return held.replace(/[&<>"']/g, (character: string) => ENTITIES[character]!)
}

/** Empty lines part paragraphs; other line breaks stay. */
function paragraphs(text: string): string {
  return text
    .split(/\n\s*\n/)
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => `<p class="about">${escaped(part)}</p>\n`)
    .join('')
}
