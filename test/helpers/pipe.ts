/** A named pipe, which whoever opens it for reading waits at. */
import { execFileSync } from 'node:child_process'

/** Comes with every POSIX system. */
const PROGRAM = 'mkfifo'

export const makePipe = (file: string): void => {
  execFileSync(PROGRAM, [file])
}
