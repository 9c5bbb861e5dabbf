/** A command's surroundings that only listen. */
import type { CliIo } from '../../src/cli/cli-io.ts'

export function fakeIo(): { readonly io: CliIo; readonly said: () => string } {
  let text = ''
  const hear = (more: string): void => {
    text += more
  }
  const io = { stdout: hear, stderr: hear, env: {}, cwd: '/' } as unknown as CliIo
  return { io, said: () => text }
}
