// What the loss doctor's buttons do.
import type { FieldName } from '../../config/fields'
import type { Finding } from '../../words/doctor'
import { m } from '../messages'
import { attempt, followRun } from '../state/actions'
import { draft } from '../state/draft.svelte'
import { lab } from '../state/lab.svelte'
import { route } from '../state/route.svelte'
import { doctor } from './doctor.svelte'

/** Does what the loss doctor advises. */
export async function treat({ rule, fix }: Finding) {
  const { run, status } = lab
  if (!run || !fix) return
  switch (fix.do) {
    case 'text':
      return route.go('data')
    case 'model':
      return route.go('model')
    case 'best':
      if (await attempt(() => lab.openBest(m.doctor.bestOf(run.name, fix.step)))) followRun()
      return
    case 'restart':
      followRun()
      for (const [field, value] of changes(fix.change)) draft.setField(field, value)
      if (await attempt(() => draft.restart('new'))) followRun()
      return
    case 'change':
      if (!(await attempt(() => lab.change(fix.change)))) return
      doctor.treat(rule)
      // Model shows the same, and what else was changed there stays.
      if (draft.ofRun) for (const [field, value] of changes(fix.change)) draft.setField(field, value)
      if (status === 'failed') await attempt(() => lab.start())
  }
}
const changes = (change: object) => Object.entries(change) as [FieldName, unknown][]
