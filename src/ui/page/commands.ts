// Every command of the palette, as it stands at this moment.
import { canTrain, openRun, startOrPause, stepOnce } from '../state/actions'
import { chat } from '../chat/chat.svelte'
import { draft } from '../state/draft.svelte'
import { lab } from '../state/lab.svelte'
import { m } from '../messages'
import { panels } from '../state/panels.svelte'
import { route, STAGES } from '../state/route.svelte'
import { settings } from '../state/settings.svelte'
import { pageView } from '../state/view.svelte'

export interface Command {
  name: string
  key?: string
  run: () => unknown
}

export function generateHere() {
  route.go('chat')
  return chat.generate()
}

export function commands(): Command[] {
  const running = lab.status === 'running'
  const found: Command[] = []
  if (lab.run === null) {
    if (!pageView.isHeld('training')) found.push({ name: m.go.now, key: 'Space', run: startOrPause })
  } else {
    if (running && !pageView.isHeld('training')) found.push({ name: m.strip.pause, key: 'Space', run: startOrPause })
    if (!running && canTrain()) {
      found.push({ name: m.strip.resume, key: 'Space', run: startOrPause })
      found.push({ name: m.strip.step, key: 'S', run: stepOnce })
    }
    found.push({ name: m.palette.commands.generate, key: 'G', run: generateHere })
  }
  STAGES.forEach((stage, i) =>
    found.push({
      name: m.palette.commands.stage(m.stages[stage]),
      key: String(i + 1),
      run: () => route.go(stage),
    }),
  )
  for (const theme of ['system', 'light', 'dark'] as const)
    found.push({ name: m.palette.commands.theme(m.theme[theme]), run: () => settings.set({ theme }) })
  found.push({ name: m.palette.commands.device, run: () => (panels.open = 'device') })
  found.push({ name: m.bench.title, run: () => (location.hash = '#bench') })
  found.push({ name: m.palette.commands.keys, key: '?', run: () => (panels.open = 'keys') })
  for (const corpus of lab.corpora)
    found.push({
      name: m.palette.commands.corpus(corpus.name),
      run: () => {
        route.go('data')
        return draft.bring(() => draft.useCorpus(corpus.id))
      },
    })
  for (const run of lab.runs)
    found.push({
      name: m.palette.commands.run(run.name),
      run: () => {
        route.go('train')
        return openRun(run.id)
      },
    })
  return found
}
