/** A command's world in memory: what it printed, and nothing of this process. */
import type { CliIo } from '../../src/cli/cli-io.ts'

export interface FakeIo extends CliIo {
  readonly out: () => string
  readonly err: () => string
}

export function fakeIo(cwd: string, env: Readonly<Record<string, string>> = {}): FakeIo {
  const out: string[] = []
  const err: string[] = []
  return {
    cwd,
    env,
    stdout: (text) => out.push(text),
    stderr: (text) => err.push(text),
    out: () => out.join(''),
    err: () => err.join(''),
  }
}
