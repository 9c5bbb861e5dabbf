/** Ends a child process for good: what it writes still must not meet the removal of its folder. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** Resolves when it is gone. */
export async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}
