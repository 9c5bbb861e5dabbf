/** Takes the configured addresses of the proxy; what cannot be taken is a problem, and the others stand until the app stops. */
import type { ProxyListen } from '../config/proxy-listens.ts'
import { parseListen } from '../control/listen.ts'
import type { ListenerEntry, Problem } from '../domain/settings.ts'
import type { ProxyListener } from '../edge/listener.ts'
import { listenProblem } from './listen-address.ts'

/** An address as bound: port 0 has become a port. */
export interface BoundListen {
  readonly entry: ListenerEntry
  readonly host: string
  readonly port: number
}

export async function listenAll(
  listener: Pick<ProxyListener, 'listen'>,
  listens: readonly ProxyListen[],
): Promise<{ readonly bound: readonly BoundListen[]; readonly problems: readonly Problem[] }> {
  const bound: BoundListen[] = []
  const problems: Problem[] = []
  for (const { listen, entry } of listens) {
    try {
      const { host, port } = parseListen(listen)
      bound.push({ entry, ...(await listener.listen(host, port, entry)) })
    } catch (error) {
      problems.push({ file: listen, line: null, path: '', message: listenProblem(error), severity: 'error' })
    }
  }
  return { bound, problems }
}

const TLS_PORT = 443
const HTTP_PORT = 80

/**
 * Ports at which this machine is the proxy itself: those bound, and those that a packet filter sends to it. A destination
 * of this machine on one of them would be a loop.
 */
export const ownPortsOf = (bound: readonly BoundListen[]): number[] =>
  bound.flatMap(({ entry, port }) => {
    if (entry.kind !== 'transparent') return [port]
    return entry.port === null ? [port, TLS_PORT, HTTP_PORT] : [port, entry.port]
  })
