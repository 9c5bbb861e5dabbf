/** Asks the upstream for an upgrade and waits with the client: what it sends early stays here, and its leaving is seen. */
import type { Duplex, Readable } from 'node:stream'
import type { RawHeaders } from '../domain/headers.ts'
import { ProxyError } from '../domain/proxy-error.ts'
import type { RelayRequest, UpgradePort } from './ports.ts'

export type UpgradeAnswer =
  | { readonly kind: 'switched'; readonly reason: string; readonly headers: RawHeaders; readonly stream: Duplex }
  | {
      readonly kind: 'declined'
      readonly status: number
      readonly reason: string
      readonly headers: RawHeaders
      readonly body: Readable
    }
  | { readonly kind: 'failed'; readonly error: ProxyError }

/** What a client may send before the answer; the rest waits in its own buffers. */
const MAX_EARLY_BYTES = 65_536

/** Never rejects. When it resolves the client is paused, and what it sent early is what is read next. */
export function openUpgrade(port: UpgradePort, request: RelayRequest, client: Duplex): Promise<UpgradeAnswer> {
  return new Promise((resolve) => {
    const early: Buffer[] = []
    let earlyBytes = 0
    const onData = (chunk: Buffer): void => {
      early.push(chunk)
      earlyBytes += chunk.length
      if (earlyBytes > MAX_EARLY_BYTES) client.pause()
    }
    const onLeft = (): void => {
      giveUp()
      done({ kind: 'failed', error: new ProxyError('client-gone') })
    }
    const done = (answer: UpgradeAnswer): void => {
      client.removeListener('data', onData)
      client.removeListener('end', onLeft)
      client.removeListener('close', onLeft)
      client.pause()
      if (earlyBytes > 0 && !client.destroyed) client.unshift(Buffer.concat(early))
      resolve(answer)
    }
    const giveUp = port.open(request, {
      switched: (reason, headers, stream) => done({ kind: 'switched', reason, headers, stream }),
      declined: (status, reason, headers, body) => done({ kind: 'declined', status, reason, headers, body }),
      failed: (error) => done({ kind: 'failed', error }),
    })
    client.on('data', onData)
    client.once('end', onLeft)
    client.once('close', onLeft)
    // It may have left while the intent was written, and says so only once.
    if (client.destroyed || client.readableEnded) onLeft()
  })
}
