// Every view's question, answered: which file of src/inspect computes what, for which tokens.
import type { LookViews, ViewName } from '../../words/look'
import type { Job } from '../desk'
import type { Slots } from './slots'
import { readText } from './texts'

type Views = {
  [V in ViewName]: (slots: Slots, question: LookViews[V]['asks'], job: Job<never>) => Promise<LookViews[V]['tells']>
}

export const VIEWS: Views = {
  text: async (slots, { slot, text }) => readText(slots.at(slot), text).told,
}
