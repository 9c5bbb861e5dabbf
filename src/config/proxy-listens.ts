/** Every address that clients come in by, in one list: HTTP proxy, SOCKS5, redirected connections. */
import type { ListenerEntry } from '../domain/settings.ts'
import type { WeirConfig } from './schema.ts'

export interface ProxyListen {
  /** `host:port` as configured. */
  readonly listen: string
  readonly entry: ListenerEntry
  /** Where it stands in the configuration, e.g. `proxy.socks[0]`. */
  readonly path: string
  readonly keys: readonly (string | number)[]
}

export function proxyListens(proxy: Pick<WeirConfig['proxy'], 'listen' | 'socks' | 'transparent'>): ProxyListen[] {
  const at = (key: string, index: number) => ({ path: `proxy.${key}[${index}]`, keys: ['proxy', key, index] as const })
  return [
    ...proxy.listen.map((listen, index) => ({ listen, entry: { kind: 'proxy' } as const, ...at('listen', index) })),
    ...proxy.socks.map((listen, index) => ({ listen, entry: { kind: 'socks' } as const, ...at('socks', index) })),
    ...proxy.transparent.map((each, index) => {
      const { listen, port } = typeof each === 'string' ? { listen: each, port: null } : each
      return { listen, entry: { kind: 'transparent', port } as const, ...at('transparent', index) }
    }),
  ]
}
