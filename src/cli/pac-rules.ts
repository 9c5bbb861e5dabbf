/** What the PAC file is made of: the ways in that clients can reach, and the hosts of the rules in force. */
import type { WeirConfig } from '../config/schema.ts'
import type { LoadedRules } from '../config/snapshot.ts'
import type { PacInput, PacProxy } from '../control/pac.ts'
import { parseAuthority } from '../domain/destination.ts'
import type { BoundListen } from './listen-all.ts'

const KEYWORDS = { http: 'PROXY', https: 'HTTPS', socks5: 'SOCKS5' } as const

/** `askedHost`: the name by which the file was asked for, canonical; it stands for a listener on all addresses. */
export function pacInput(
  config: Pick<WeirConfig, 'proxy' | 'intercept'>,
  listens: readonly BoundListen[],
  rules: Pick<LoadedRules, 'pacHosts' | 'pacPatterns' | 'sanctionedHosts'>,
  askedHost: string | null,
): PacInput {
  const advertised = config.proxy.advertise.flatMap(advertisedProxy)
  return {
    proxies: advertised.length > 0 ? advertised : reachable(listens, spoken(config.proxy.tls), askedHost),
    hosts: [...rules.pacHosts, ...config.intercept.shared],
    patterns: rules.pacPatterns,
    isEveryHost: config.intercept.hosts === 'all',
    direct: rules.sanctionedHosts,
  }
}

function advertisedProxy(text: string): PacProxy[] {
  const [, scheme = 'http', authority = ''] = /^(?:(https?|socks5):\/\/)?(.*)$/u.exec(text) ?? []
  const parsed = parseAuthority(authority)
  if (!parsed.ok || parsed.port === null) return []
  return [{ keyword: KEYWORDS[scheme as keyof typeof KEYWORDS], host: parsed.host, port: parsed.port }]
}

/** What a proxy listener takes: plain requests, both, or TLS alone where it asks clients for certificates. */
const KEYWORDS_OF = { plain: ['PROXY'], both: ['HTTPS', 'PROXY'], tls: ['HTTPS'] } as const

const spoken = (tls: WeirConfig['proxy']['tls']): keyof typeof KEYWORDS_OF => {
  if (tls === null) return 'plain'
  return tls.clientCa === null ? 'both' : 'tls'
}

const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::'])
const isLoopback = ({ host }: PacProxy): boolean => /^(?:127\.|::1$)/u.test(host)

/** The proxy before SOCKS, TLS before plain; loopback only when there is nothing else. */
function reachable(
  listens: readonly BoundListen[],
  speaks: keyof typeof KEYWORDS_OF,
  askedHost: string | null,
): PacProxy[] {
  const all = (['proxy', 'socks'] as const).flatMap((kind) =>
    listens
      .filter(({ entry }) => entry.kind === kind)
      .flatMap(({ host, port }): PacProxy[] => {
        const at = { host: WILDCARDS.has(host) && askedHost !== null ? askedHost : host, port }
        if (kind === 'socks') return [{ keyword: 'SOCKS5', ...at }]
        return KEYWORDS_OF[speaks].map((keyword) => ({ keyword, ...at }))
      }),
  )
  const outside = all.filter((each) => !isLoopback(each))
  return outside.length > 0 ? outside : all
}
