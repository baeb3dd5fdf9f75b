// The page's catalogue with what Share says, which is loaded when somebody shares or opens a link.
import { m as everywhere } from '../messages'
import { share } from './messages'

export const m = { ...everywhere, share }
