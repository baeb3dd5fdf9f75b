// A run's history as a table for other programs.
import type { RunHistory } from './history'
import { bitsPerByte } from './loss_unit'

/**
 * Comma-separated: a row for each step, its losses in nats a token; `val_loss`, and the same in bits a byte, where the run was measured
 * after that step. In a long run an old row is the mean of several steps, as many as `steps` says.
 */
export function metricsTable({ steps, evals }: RunHistory, bytes_per_token: number | undefined): string {
  const bits = (loss: number) => (bytes_per_token === undefined ? '' : bitsPerByte(loss, bytes_per_token))
  const measured = new Map(
    evals.map(({ step, val_loss, update_ratio }) => [step, [val_loss, bits(val_loss), update_ratio ?? '']] as const),
  )
  const nothing = ['', '', '']
  const rows = Array.from(steps.rows(), ({ step, loss, grad_norm, learning_rate, step_ms, tokens, span }) =>
    [step, loss, grad_norm, learning_rate, step_ms, tokens, ...(measured.get(step) ?? nothing), span].join(),
  )
  const start = measured.get(0)
  if (start !== undefined) rows.unshift([0, '', '', '', '', 0, ...start, ''].join())
  return [
    'step,loss,grad_norm,learning_rate,step_ms,tokens,val_loss,val_bits_per_byte,update_ratio,steps',
    ...rows,
    '',
  ].join('\n')
}
