// The embed: a module that opens the model that stands at its end. model.d.ts is its documentation.
import type * as Told from './model'
import { openPacked } from './player'

/** Written after this module by the one who makes the file. */
declare const GLASSHOUSE_MODEL: string

export const open: typeof Told.open = ({ engine } = {}) => openPacked(GLASSHOUSE_MODEL, engine)
