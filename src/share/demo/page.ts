// The page of a demo: a prompt box and what the model wrote, or a conversation with it. Everything is made as elements and text.
import type { Message, Model, WriteOptions } from './model'
import { openPacked } from './player'

const WORDS = {
  prompt: 'Beginning',
  write: 'Write',
  stop: 'Stop',
  say: 'Your message',
  send: 'Send',
  fresh: 'Start again',
  settings: 'How it writes',
  temperature: 'Temperature',
  top_k: 'Top k',
  all: 'all',
  hint: 'Temperature: 0 always takes the likeliest token, higher is bolder. Top k: only the k likeliest are taken. Length is counted in tokens.',
  max_tokens: 'Length',
  written: 'What it wrote',
  turns: 'Conversation',
  you: 'You: ',
  model: 'Model: ',
  writing: 'Writing…',
  ended: { length: 'As long as asked for.', stop: 'It came to an end.', cancelled: 'Stopped.' },
  ready: (engine: string) => `Ready. ${engine} computes, in this page.`,
  unknown: (pieces: string[]) =>
    `The model has never seen ${pieces.map((piece) => `“${piece}”`).join(', ')}, and left that out.`,
  nothing: 'It had nothing to say.',
  failed: (error: unknown) =>
    `It stopped: ${error instanceof Error ? error.message : String(error)} Your text is still here; open the file again to go on.`,
  unopened: (error: unknown) =>
    `The model could not be opened: ${error instanceof Error ? error.message : String(error)} Try another browser, or ask whoever sent the file for another copy.`,
}

/** Pieces of a text that is being written reach the screen so often. */
const SHOW_MS = 50

type Given = Partial<Record<string, string | number | boolean>>
function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  given: Given = {},
  ...inside: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(given)) element.setAttribute(name, String(value))
  element.append(...inside)
  return element
}

const SLIDERS = {
  temperature: { min: 0, max: 2, step: 0.05, value: 0.8 },
  top_k: { min: 0, max: 100, step: 1, value: 0 },
  max_tokens: { min: 20, max: 1000, step: 20, value: 300 },
} as const
type Slider = keyof typeof SLIDERS

/** The sliders, and what they say now. */
function settings(): { element: HTMLElement; values: () => Pick<WriteOptions, Slider> } {
  const sliders = Object.entries(SLIDERS).map(([name, { value, ...range }]) => {
    const input = make('input', { type: 'range', id: name, ...range, value })
    const shown = make('span', { 'aria-hidden': 'true' })
    const show = () => {
      shown.textContent = name === 'top_k' && input.value === '0' ? WORDS.all : input.value
      input.setAttribute('aria-valuetext', shown.textContent)
    }
    input.addEventListener('input', show)
    show()
    const label = make('label', { for: name }, WORDS[name as Slider])
    return { name, input, element: make('div', {}, label, shown, input) }
  })
  const fields = make('fieldset', { class: 'settings' }, make('legend', { class: 'hidden' }, WORDS.settings))
  fields.append(...sliders.map(({ element }) => element), make('p', { class: 'small muted' }, WORDS.hint))
  return {
    element: fields,
    values: () => Object.fromEntries(sliders.map(({ name, input }) => [name, Number(input.value)])),
  }
}

/**
 * A box and a button, *Write* and, while the model writes, *Stop*. No form is submitted: a frame may forbid that.
 */
function asking(
  label: string,
  text: string,
  begin: string,
  ask: (text: string, signal: AbortSignal) => Promise<string>,
) {
  const box = make('textarea', { id: 'text', rows: 3, spellcheck: 'false' })
  box.value = text
  const button = make('button', { class: 'main', type: 'button' }, begin)
  const status = make('p', { class: 'small muted', role: 'status' })
  const row = make('div', { class: 'row' }, button, status)
  const form = make('div', { class: 'ask' }, make('label', { for: 'text' }, label), box, row)
  let stopping: AbortController | null = null
  const go = () => {
    if (stopping) return stopping.abort()
    const stops = (stopping = new AbortController())
    button.textContent = WORDS.stop
    status.className = 'small muted'
    status.textContent = WORDS.writing
    void ask(box.value, stops.signal)
      .catch((error: unknown) => {
        status.className = 'note error'
        return WORDS.failed(error)
      })
      .then((ended) => {
        stopping = null
        button.textContent = begin
        status.textContent = ended
      })
  }
  button.addEventListener('click', go)
  return { box, row, form, status, go, writes: () => stopping !== null }
}

/** Shows a text as it comes, a few times a second; returns why it ended. */
async function follow(
  text: AsyncGenerator<string, keyof typeof WORDS.ended>,
  into: Text,
): Promise<keyof typeof WORDS.ended> {
  let waiting = ''
  let shown = 0
  const show = () => {
    into.data += waiting
    waiting = ''
    shown = performance.now()
  }
  try {
    for (;;) {
      const next = await text.next()
      if (next.done) return next.value
      waiting += next.value
      if (performance.now() - shown < SHOW_MS) continue
      show()
      // Lets the page paint, and hear the button.
      await new Promise((resolve) => setTimeout(resolve))
    }
  } finally {
    show()
  }
}

function prompting(model: Model): HTMLElement[] {
  const { element, values } = settings()
  const written = make('div', { class: 'written', role: 'group', 'aria-label': WORDS.written, hidden: '' })
  const { form, box, status, go } = asking(WORDS.prompt, model.prompt, WORDS.write, async (prompt, signal) => {
    const unknown = model.unknown(prompt)
    const read = [...prompt].filter((character) => !unknown.includes(character)).join('')
    const text = new Text()
    written.replaceChildren(make('b', {}, read), text)
    written.hidden = false
    const ended = WORDS.ended[await follow(model.write(prompt, { ...values(), signal }), text)]
    return unknown.length > 0 ? `${ended} ${WORDS.unknown(unknown)}` : ended
  })
  box.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.metaKey || event.ctrlKey)) go()
  })
  status.textContent = WORDS.ready(model.engine)
  form.append(element)
  return [form, written]
}

function chatting(model: Model): HTMLElement[] {
  const { element, values } = settings()
  const turns = make('ol', { class: 'turns', role: 'log', 'aria-label': WORDS.turns })
  const messages: Message[] = []
  const add = (who: 'you' | 'model', text: Text) => {
    turns.append(make('li', { class: `turn ${who}` }, make('span', { class: 'hidden' }, WORDS[who]), text))
  }
  const { form, box, row, status, go, writes } = asking(WORDS.say, model.prompt, WORDS.send, async (said, signal) => {
    if (said.trim() === '') return ''
    const asked: Message[] = [...messages, { role: 'user', content: said }]
    add('you', new Text(said))
    box.value = ''
    const text = new Text()
    add('model', text)
    try {
      const ended = await follow(model.reply(asked, { ...values(), signal }), text)
      return ended === 'stop' ? (text.data === '' ? WORDS.nothing : '') : WORDS.ended[ended]
    } finally {
      messages.push({ role: 'user', content: said }, { role: 'assistant', content: text.data })
      text.parentElement?.scrollIntoView({ block: 'nearest' })
    }
  })
  box.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
    event.preventDefault()
    // Enter sends; it never stops an answer.
    if (box.value.trim() !== '' && !writes()) go()
  })
  const fresh = make('button', { type: 'button' }, WORDS.fresh)
  fresh.addEventListener('click', () => {
    messages.length = 0
    turns.replaceChildren()
    box.value = model.prompt
    box.focus()
  })
  row.insertBefore(fresh, status)
  status.textContent = WORDS.ready(model.engine)
  form.append(element)
  return [turns, form]
}

async function start(app: HTMLElement): Promise<void> {
  // `#gpu`, `#cpu` and `#javascript` at the end of the address choose what computes.
  const asked = (['gpu', 'cpu', 'javascript'] as const).find((engine) => location.hash === `#${engine}`)
  try {
    const model = await openPacked(document.getElementById('model')!.textContent, asked)
    app.replaceChildren(...(model.chats ? chatting(model) : prompting(model)))
  } catch (error) {
    app.replaceChildren(make('p', { class: 'note error', role: 'alert' }, WORDS.unopened(error)))
  }
}

void start(document.getElementById('app')!)
