/** Problems of the configuration: each with the line, variable or flag its value came from. Values are never shown: some are secret. */
import type { z } from 'zod'
import type { Problem } from '../domain/settings.ts'
import type { EnvValue } from './env.ts'
import { proxyListens } from './proxy-listens.ts'
import type { WeirConfig } from './schema.ts'
import type { YamlSource } from './yaml-file.ts'

/** Where values came from. */
export interface Origins {
  readonly source: YamlSource | null
  readonly shown: string
  readonly overlays: readonly EnvValue[]
}

export const problemOf = (
  file: string,
  line: number | null,
  path: string,
  message: string,
  severity: Problem['severity'] = 'error',
): Problem => ({ file, line, path, message, severity })

/** Every issue of the schema, unknown keys one by one. */
export function schemaProblems(error: z.ZodError, origins: Origins): Problem[] {
  return error.issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) =>
        located([...issue.path, key], `unknown key \`${key}\`: remove it or correct its name`, origins),
      )
    if (issue.code === 'invalid_type' && issue.expected === 'array')
      return [located(issue.path, 'this is a list: write it in brackets, `[a, b]`', origins)]
    return [located(issue.path, lowerFirst(issue.message), origins)]
  })
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1)

function located(keys: readonly PropertyKey[], message: string, { source, shown, overlays }: Origins): Problem {
  const path = keys
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./u, '')
  const overlay = overlays.findLast((each) => each.path.every((key, index) => keys[index] === key))
  if (overlay === undefined) return problemOf(shown, source?.lineAt(keys) ?? null, path, message)
  const origin = overlay.name.startsWith('WEIR_') ? `environment ${overlay.name}` : `flag ${overlay.name}`
  return problemOf(origin, null, path, message)
}

/** What no single value can tell, and what this version cannot do yet. */
export function crossChecks(config: WeirConfig, source: YamlSource | null, shown: string): Problem[] {
  return [...UNFIT, ...UNSUPPORTED]
    .filter(({ isHit }) => isHit(config))
    .map(({ keys, message, severity }) =>
      problemOf(shown, source?.lineAt(keys) ?? null, keys.join('.'), message, severity ?? 'error'),
    )
    .concat(twiceProblems(config, source, shown), pinProblems(config, source, shown))
}

interface Check {
  readonly keys: readonly string[]
  readonly isHit: (config: WeirConfig) => boolean
  readonly message: string
  readonly severity?: Problem['severity']
}

const isLoopbackListen = (address: string): boolean => /^(?:127\.|\[::1\]|localhost)/u.test(address)
const isLoopbackNetwork = (network: string): boolean => /^(?:127\.|::1)/u.test(network)

const UNFIT: readonly Check[] = [
  {
    keys: ['certs', 'pkcs12'],
    isHit: ({ certs }) => certs.pkcs12 !== null && (certs.chain !== null || certs.key !== null),
    message: 'give either `pkcs12` or `chain` and `key`',
  },
  {
    keys: ['certs'],
    isHit: ({ certs }) => (certs.chain === null) !== (certs.key === null),
    message: '`chain` and `key` belong together',
  },
  {
    keys: ['proxy', 'tls', 'clientCa'],
    isHit: ({ proxy }) => proxy.tls !== null && proxy.tls.clientAuth !== 'none' && proxy.tls.clientCa === null,
    message: '`clientAuth` asks for certificates: name the CA that issues them',
  },
  {
    keys: ['proxy', 'tls', 'clientAuth'],
    isHit: ({ proxy }) =>
      proxy.tls?.clientAuth === 'none' && (proxy.tls.clientCa !== null || proxy.tls.clientCrl !== null),
    message: 'a client CA is named but nobody is asked for a certificate: set `request` or `require`',
  },
  {
    keys: ['notice', 'askUrl'],
    isHit: ({ notice }) => notice.askUrl?.includes('{event}') === false,
    message: 'has no `{event}`: the event id will be missing',
    severity: 'warning',
  },
  {
    keys: ['proxy', 'networks'],
    isHit: ({ proxy }) =>
      !proxyListens(proxy).every(({ listen }) => isLoopbackListen(listen)) && proxy.networks.every(isLoopbackNetwork),
    message: 'listens for the network, but only loopback clients are let in: add networks',
    severity: 'warning',
  },
  {
    keys: ['upstream', 'noProxy'],
    isHit: ({ upstream }) => upstream.parent === null && upstream.noProxy.length > 0,
    message: 'says nothing without `upstream.parent`',
    severity: 'warning',
  },
  {
    keys: ['identity', 'trustedProxies'],
    isHit: ({ identity }) => identity.trustedProxies.some((network) => network.endsWith('/0')),
    message: 'holds everybody: any client could say it is somebody else; name the proxies in front',
  },
  {
    keys: ['identity', 'negotiate'],
    isHit: ({ identity }) => identity.negotiate !== null && identity.authenticate === 'off',
    message: 'nobody is asked while `identity.authenticate` is `off`: set `optional` or `required`',
  },
  {
    keys: ['identity', 'negotiate', 'keepRealm'],
    isHit: ({ identity: { negotiate } }) => negotiate !== null && negotiate.realms.length > 1 && !negotiate.keepRealm,
    message: 'two realms may have different people of one name: set `keepRealm: true`',
  },
  {
    keys: ['identity', 'ldap', 'urls'],
    isHit: ({ identity: { ldap } }) =>
      ldap?.startTls === false &&
      ldap.urls.some((url) => /^ldap:\/\/(?!(?:127(?:\.\d+){3}|\[::1\]|localhost)(?::|$))/u.test(url)),
    message: 'would send the password and be believed without TLS: use `ldaps://` or `startTls: true`',
  },
  {
    keys: ['identity', 'ldap', 'bindPasswordFile'],
    isHit: ({ identity: { ldap } }) => ldap !== null && (ldap.bindDn === null) !== (ldap.bindPasswordFile === null),
    message: '`bindDn` and `bindPasswordFile` belong together',
  },
  {
    keys: ['admin', 'listen'],
    isHit: ({ proxy, admin }) =>
      proxyListens(proxy).some(({ listen }) => listen === admin.listen) && !admin.listen.endsWith(':0'),
    message: 'is also an address of the proxy',
  },
]

/** Said before anything starts: a setting that silently does nothing would be a promise broken. */
const NOT_YET = 'this version does not support it yet: leave it out'
const UNSUPPORTED: readonly Check[] = [{ keys: ['workers'], isHit: ({ workers }) => workers > 1, message: NOT_YET }]

/** One address can be listened on once. */
function twiceProblems(config: WeirConfig, source: YamlSource | null, shown: string): Problem[] {
  const seen = new Set<string>()
  return proxyListens(config.proxy).flatMap(({ listen, keys, path }) => {
    if (listen.endsWith(':0') || !seen.has(listen)) {
      seen.add(listen)
      return []
    }
    return [
      problemOf(
        shown,
        source?.lineAt(keys) ?? null,
        path,
        'is there twice: every listener needs an address of its own',
      ),
    ]
  })
}

function pinProblems(config: WeirConfig, source: YamlSource | null, shown: string): Problem[] {
  return Object.keys(config.upstream.resolve)
    .filter((key) => !/^[^\s:]+:\d{1,5}$|^\[[^\]]+\]:\d{1,5}$/u.test(key))
    .map((key) =>
      problemOf(
        shown,
        source?.lineAt(['upstream', 'resolve', key]) ?? null,
        `upstream.resolve["${key}"]`,
        'write the pinned name as `host:port`',
      ),
    )
}
