// The page's catalogue with what is said of runs side by side, which is loaded with the stage.
import { m as everywhere } from '../messages'
import { beside } from './messages_beside'

export const m = { ...everywhere, beside }
