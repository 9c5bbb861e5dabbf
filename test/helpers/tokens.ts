/** Personal proxy tokens for tests, made as IT makes them: by `weir token` in the folder of a running Weir. */
import { run } from '../../src/cli/token.ts'
import { fakeIo } from '../cli/fake-io.ts'

export interface MadeToken {
  readonly id: string
  readonly user: string
  readonly token: string
  /** Value of `Proxy-Authorization`. */
  readonly credential: string
  /** The header line, with its end. */
  readonly line: string
}

export async function makeToken(dir: string, user: string, flags: readonly string[] = []): Promise<MadeToken> {
  const io = fakeIo(dir)
  const code = await run(['make', '--user', user, ...flags, '--json'], io)
  if (code !== 0) throw new Error(io.err())
  const { id, token } = JSON.parse(io.out()) as { id: string; token: string }
  const credential = `Basic ${Buffer.from(`${user}:${token}`).toString('base64')}`
  return { id, user, token, credential, line: `Proxy-Authorization: ${credential}\r\n` }
}

export async function revokeToken(dir: string, id: string): Promise<void> {
  const io = fakeIo(dir)
  if ((await run(['revoke', id], io)) !== 0) throw new Error(io.err())
}
