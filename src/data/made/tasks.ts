// The corpora that are made here, each with its settings and an exact checker.
import { arithmetic } from './arithmetic'
import { brackets } from './brackets'
import type { Task } from './generated'
import { repeats } from './repeats'
import { sorting } from './sorting'
import { supportTask } from './support_chats'

export const TASKS: readonly Task[] = [sorting, arithmetic, brackets, repeats, supportTask]

/** The task of a built-in corpus, or null where it is none. */
export function taskOf(id: string): Task | null {
  return TASKS.find((task) => task.id === id) ?? null
}
