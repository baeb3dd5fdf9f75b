// Which stage is shown: the address's hash, so that back and forward walk the stages. A link that somebody shared stands in the same place
// (`#g1.…`): it is offered to be opened, over whichever stage is shown.
import { LINK_PATTERN } from '../../words/link'

export const STAGES = ['data', 'tokens', 'model', 'train', 'look', 'chat', 'share', 'runs'] as const
export type Stage = (typeof STAGES)[number]

const read = (): Stage => STAGES.find((stage) => location.hash === `#/${stage}`) ?? 'train'
const linkHere = () => (LINK_PATTERN.test(location.hash) ? location.hash : null)

class Route {
  stage = $state<Stage>(read())
  /** The view that Look inside should open with, where somebody came for one. */
  view = $state<string | null>(null)
  /** The text that Look inside should open with, where a link brought one. */
  probe = $state<string | null>(null)
  /** A link that waits to be opened. */
  link = $state.raw(linkHere())
  /** The stages that are shown, where a link shows only some. */
  only = $state.raw<readonly Stage[] | null>(null)

  constructor() {
    addEventListener('hashchange', () => {
      this.link = linkHere()
      if (this.link === null) this.stage = read()
    })
  }

  /** Takes the link out of the address: it was opened, or nobody wants it. */
  leaveLink() {
    this.link = null
    if (linkHere() !== null) history.replaceState(null, '', `#/${this.stage}`)
  }

  go(stage: Stage, view: string | null = null) {
    this.view = view
    if (stage !== read() || location.hash === '') location.hash = `#/${stage}`
  }
}

export const route = new Route()
