// Which stage is shown: the address's hash, so that back and forward walk the stages.
export const STAGES = ['data', 'tokens', 'model', 'train', 'look', 'chat', 'runs'] as const
export type Stage = (typeof STAGES)[number]

const read = (): Stage => STAGES.find((stage) => location.hash === `#/${stage}`) ?? 'train'

class Route {
  stage = $state<Stage>(read())
  /** The view that Look inside should open with, where somebody came for one. */
  view = $state<string | null>(null)

  constructor() {
    addEventListener('hashchange', () => (this.stage = read()))
  }

  go(stage: Stage, view: string | null = null) {
    this.view = view
    if (stage !== read() || location.hash === '') location.hash = `#/${stage}`
  }
}

export const route = new Route()
