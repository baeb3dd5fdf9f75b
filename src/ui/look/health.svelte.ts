// What is known of the models' health. Kept while other views are shown: the map and the health view share it.
import { Asked } from './asked.svelte'
import { look } from './look.svelte'

class HealthState {
  readonly A = new Asked('health')
  readonly B = new Asked('health')
  readonly course = new Asked('course')
  /** The tensor in focus, by its whole name or address. */
  chosen = $state<string | null>(null)

  /** Asks about every model that is shown, and has not been asked about. */
  ask(again = false): void {
    for (const slot of ['A', 'B'] as const)
      if (look.slots[slot]) void this[slot].ask({ slot }, `${look.version}`, again)
  }
  /** Goes through the kept steps of the model that is shown. */
  walk(): void {
    const { info, slot } = look
    if (!info) return
    const { source } = info
    const run = source.of === 'run' ? source.run : source.of
    void this.course.ask({ slot }, JSON.stringify([run, info.config, look.frames[slot].length]))
  }
}

export const health = new HealthState()
