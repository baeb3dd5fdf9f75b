/** Milliseconds of processor time that work took in this process: on a busy machine much the same as on an idle one. */
export function cpuTime(work: () => unknown): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}
