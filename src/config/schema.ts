/**
 * The keys of `weir.yaml`, with their defaults (contracts section 8). Unknown keys are refused.
 * What a key means stands in its description; `docs/config.md` and the JSON schema are made of them.
 */
import { z } from 'zod'
import { sinks } from './sink-schemas.ts'
import {
  advertised,
  cidr,
  hostPattern,
  listenAddress,
  networkOrName,
  noProxyRule,
  path,
  pin,
  privateAllowance,
  redirected,
  secretUrl,
} from './value-schemas.ts'

const ms = z.int().min(1).max(86_400_000)
const bytes = z.int().min(1024).max(1_099_511_627_776)
const count = z.int().min(1).max(1_000_000)

const tls = z
  .strictObject({ chain: path, key: path, passphraseFile: path.nullable().default(null) })
  .nullable()
  .default(null)

const proxyTls = z
  .strictObject({
    chain: path,
    key: path,
    passphraseFile: path.nullable().default(null),
    clientAuth: z.enum(['none', 'request', 'require']).default('none'),
    clientCa: path.nullable().default(null),
    clientCrl: path.nullable().default(null),
    userFrom: z.enum(['email', 'upn', 'cn', 'none']).default('email'),
    groupsFrom: z.enum(['ou', 'none']).default('none'),
    deviceFrom: z.enum(['dns', 'cn', 'none']).default('none'),
  })
  .nullable()
  .default(null)

const LOOPBACK = ['127.0.0.0/8', '::1/128']

const proxy = z.strictObject({
  listen: z
    .array(listenAddress)
    .min(1)
    .default(['127.0.0.1:3128'])
    .describe('Addresses the proxy listens on, `host:port`.'),
  socks: z.array(listenAddress).default([]).describe('Addresses for SOCKS5 clients.'),
  transparent: z
    .array(redirected)
    .default([])
    .describe('Addresses for connections that a packet filter redirects: an address, or { listen, port }.'),
  advertise: z
    .array(advertised)
    .default([])
    .describe('How clients reach the proxy, best first, for the PAC file; empty: the listen addresses.'),
  networks: z.array(cidr).default(LOOPBACK).describe('Networks whose clients may use the proxy, CIDR.'),
  proxyProtocol: z
    .array(cidr)
    .default([])
    .describe('Balancers that must say by PROXY protocol whose connection it is, CIDR.'),
  tls: proxyTls.describe('Certificate for speaking TLS to the proxy itself, client certificates; null: plain.'),
  maxHeaderBytes: z.int().min(1024).max(1_048_576).default(65_536).describe('Largest header block of a request.'),
  maxHeaders: z.int().min(10).max(2000).default(100).describe('Most header lines of a request.'),
  maxUrlBytes: z.int().min(256).max(1_048_576).default(16_384).describe('Longest request target.'),
})

const timeouts = z.strictObject({
  headerMs: ms.default(10_000).describe('From the first byte of a request to the end of its head.'),
  handshakeMs: ms.default(10_000).describe('For a TLS handshake with a client.'),
  connectMs: ms.default(5000).describe('For a connection to a destination.'),
  firstByteMs: ms.default(600_000).describe('From the end of a request to the first byte of its response.'),
  bodyIdleMs: ms.default(300_000).describe('Longest pause inside a request body.'),
  streamIdleMs: ms.default(3_600_000).describe('Longest pause inside a response.'),
  tunnelIdleMs: ms.default(600_000).describe('Longest pause of a tunnel.'),
  drainMs: ms.default(30_000).describe('How long running exchanges may go on after a stop.'),
})

const limits = z.strictObject({
  connections: count.default(20_000).describe('Client connections at once.'),
  perClient: count.default(500).describe('Client connections at once from one address.'),
  perProxy: count
    .default(5000)
    .describe('The same for each of `identity.trustedProxies`, which speaks for many clients.'),
  inspectingBytes: bytes
    .default(536_870_912)
    .describe('Bytes held for inspection at once, all requests together; one client gets half at most.'),
  decodedRatio: z
    .int()
    .min(2)
    .max(10_000)
    .default(100)
    .describe('Decoded : encoded, above which a body is a decompression bomb.'),
  heapPercent: z.int().min(10).max(99).default(90).describe('Heap use above which no new body is held.'),
})

const admin = z.strictObject({
  listen: listenAddress.default('127.0.0.1:3129').describe('Address of the admin port.'),
  tls: tls.describe('Certificate of the admin port; null: plain.'),
  networks: z.array(cidr).default(LOOPBACK).describe('Networks that may use the admin port, CIDR.'),
  publicUrl: z
    .url({ protocol: /^https?$/u })
    .nullable()
    .default(null)
    .describe('How browsers reach the admin port, when not by its address.'),
})

const certs = z.strictObject({
  dir: path.default('certs').describe('Folder of the generated CA.'),
  chain: path.nullable().default(null).describe("The company's own CA: its certificate and chain, PEM."),
  key: path.nullable().default(null).describe('Its key, PEM.'),
  pkcs12: path.nullable().default(null).describe('Certificate and key in one PKCS#12 file instead.'),
  passphraseFile: path.nullable().default(null).describe('File with the passphrase of the key or of the PKCS#12 file.'),
  leafDays: z.int().min(1).max(397).default(90).describe('How long minted certificates are valid.'),
})

const upstream = z.strictObject({
  resolve: z
    .record(z.string(), pin)
    .default({})
    .describe('Pins: `host:port` → `address:port`; certificates are still checked.'),
  extraRoots: z.array(path).default([]).describe('PEM files with more roots for upstream certificates.'),
  parent: secretUrl
    .nullable()
    .default(null)
    .describe('Parent proxy that everything goes through, `http://user:password@host:port` or `https://…`.'),
  noProxy: z.array(noProxyRule).default([]).describe('Destinations that do not go through the parent.'),
  allowPrivate: z
    .array(privateAllowance)
    .default([])
    .describe('Private destinations that are allowed: CIDR or `host:port`.'),
})

const seal = z
  .strictObject({
    auditors: z.array(path).min(1).max(100),
    threshold: z.int().min(1).max(100),
    maxBytes: bytes.max(67_108_864).default(1_048_576),
  })
  .refine(({ auditors, threshold }) => threshold <= auditors.length, {
    path: ['threshold'],
    error: 'more auditors are needed than are named',
  })
  .nullable()
  .default(null)

const anchor = z.strictObject({
  dir: path.nullable().default(null).describe('Second folder that every checkpoint is copied to.'),
  command: z
    .array(z.string().min(1))
    .min(1)
    .nullable()
    .default(null)
    .describe('Program and arguments that get every checkpoint on standard input.'),
})

const audit = z
  .strictObject({
    tunnels: z.enum(['none', 'ai', 'all']).default('ai').describe('Which tunnels leave an event.'),
    segmentBytes: bytes.default(268_435_456).describe('Size at which an event file is closed and the next begins.'),
    rotateDaily: z.boolean().default(true).describe('Begin a new event file also with the first event of a UTC day.'),
    compress: z.boolean().default(true).describe('Compress closed event files (zstd).'),
    retentionDays: z.int().min(1).max(36_500).default(180).describe('How long events are kept.'),
    personDays: z
      .int()
      .min(1)
      .max(36_500)
      .nullable()
      .default(null)
      .describe('How long it is kept who is behind them; null: as long as the events.'),
    contentDays: z
      .int()
      .min(1)
      .max(36_500)
      .nullable()
      .default(90)
      .describe('How long sealed content is kept; null: for ever.'),
    reportFont: path
      .nullable()
      .default(null)
      .describe(
        'Font with Chinese characters for the PDF of evidence packs; null: Noto Sans CJK where it is installed.',
      ),
    privacy: z.enum(['full', 'pseudonymous', 'aggregate']).default('full').describe('Which personal fields are kept.'),
    privacyKey: path
      .nullable()
      .default(null)
      .describe('Public key that persons are encrypted to in mode `pseudonymous` (`weir audit privacy-key`).'),
    checkpointSeconds: z.int().min(1).max(60).default(60).describe('At most so long between two signed checkpoints.'),
    anchor: anchor.prefault({}),
    seal: seal.describe('Who can read sealed content together, for tiers with `seal`; null: nothing is sealed.'),
    sinks: sinks.describe('Receivers that records are sent on to.'),
  })
  .refine(({ personDays, retentionDays }) => personDays === null || personDays <= retentionDays, {
    path: ['personDays'],
    error: 'is more than `audit.retentionDays`: persons go with their records at the latest',
  })

const languages = ['en', 'zh-CN'] as const
const notice = z.strictObject({
  language: z
    .enum(['auto', ...languages])
    .default('auto')
    .describe("`auto`: the client's Accept-Language."),
  fallback: z.enum(languages).default('en').describe('When the client names no language.'),
  askUrl: z
    .string()
    .regex(/^https?:\/\/[^\s<>"]+$/u, 'an http or https address, `{event}` stands for the event id')
    .nullable()
    .default(null)
    .describe('Where to ask for access; `{event}` stands for the event id.'),
  contact: z.string().min(1).max(200).nullable().default(null).describe('Whom to ask when there is no askUrl.'),
})

const filter = (placeholder: RegExp, hint: string) =>
  z
    .string()
    .regex(/^\(.*\)$/su, 'a filter in brackets')
    .regex(placeholder, hint)

const ldap = z
  .strictObject({
    urls: z
      .array(
        z
          .string()
          .regex(/^ldaps?:\/\/(?:[\w.-]+|\[[\da-fA-F:]+\])(?::\d{1,5})?$/u, '`ldaps://host` or `ldap://host:port`'),
      )
      .min(1),
    startTls: z.boolean().default(false),
    bindDn: z.string().min(1).nullable().default(null),
    bindPasswordFile: path.nullable().default(null),
    userBase: z.string(),
    userFilter: filter(/\{user\}/u, 'name the user by `{user}`').default('(uid={user})'),
    groupBase: z.string(),
    groupFilter: filter(/\{(?:dn|user)\}/u, 'name the user by `{dn}` or `{user}`').default('(member={dn})'),
    groupName: z
      .string()
      .regex(/^[A-Za-z][\w-]*$/u, 'an attribute')
      .default('cn'),
    timeoutMs: z.int().min(10).max(60_000).default(2000),
    cacheSeconds: z.int().min(1).max(86_400).default(600),
    caFile: path.nullable().default(null),
  })
  .nullable()
  .default(null)

const negotiate = z
  .strictObject({
    service: z
      .string()
      .regex(/^HTTP(?:@[\w.-]+)?$/u, '`HTTP` or `HTTP@host`')
      .default('HTTP'),
    keytab: path.nullable().default(null),
    realms: z.array(z.string().regex(/^[\w.-]{1,200}$/u, 'a realm')).min(1),
    keepRealm: z.boolean().default(false),
    timeoutMs: z.int().min(10).max(60_000).default(5000),
  })
  .nullable()
  .default(null)

const inspect = z.strictObject({
  workers: z.int().min(0).max(64).default(1).describe('Threads for bodies above 256 KiB; 0: none.'),
  depth: z.int().min(0).max(10).default(3).describe('Encodings inside encodings that are looked into.'),
  placeholder: z
    .string()
    .regex(/^[A-Z][A-Z0-9]{1,15}$/u, '2 to 16 of A-Z and 0-9')
    .default('WEIR')
    .describe('Word that placeholders begin with.'),
  keyFile: path.default('data/keys/placeholder.key').describe('Key that placeholders are made with.'),
})

const templateValue = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)])

export const configSchema = z.strictObject({
  proxy: proxy.prefault({}),
  timeouts: timeouts.prefault({}),
  limits: limits.prefault({}),
  admin: admin.prefault({}),
  certs: certs.prefault({}),
  rules: z
    .strictObject({ dir: path.default('rules').describe('Folder of catalogue, policy, detectors and notices.') })
    .prefault({}),
  data: z.strictObject({ dir: path.default('data').describe('Folder of events, store and keys.') }).prefault({}),
  identity: z
    .strictObject({
      map: path.nullable().default(null).describe('YAML file: network → user, groups, device.'),
      trustedProxies: z
        .array(cidr)
        .default([])
        .describe('Proxies in front whose `X-Authenticated-User` and `X-Client-IP` are believed, CIDR.'),
      authenticate: z
        .enum(['off', 'optional', 'required'])
        .default('off')
        .describe('`optional`: credentials that are given must be right; `required`: 407 where nobody is known.'),
      realm: z
        .string()
        .regex(/^[ !#-[\]-~]{1,80}$/u, '1 to 80 plain characters without quote and backslash')
        .default('Weir')
        .describe('What programs show when they ask for user and token.'),
      tokenCacheSeconds: z
        .int()
        .min(1)
        .max(86_400)
        .default(300)
        .describe('How long a checked token is not hashed again; a revocation counts at once.'),
      maxFailures: z
        .int()
        .min(1)
        .max(100_000)
        .default(20)
        .describe('Different wrong credentials of one address before further ones are answered 429.'),
      failureWindowSeconds: z.int().min(1).max(86_400).default(60).describe('The time in which they are counted.'),
      negotiate: negotiate.describe('Kerberos tickets of users (SPNEGO), see identity.md; null: not offered.'),
      ldap: ldap.describe("LDAP directory that known users' groups are read from; null: none."),
    })
    .prefault({}),
  intercept: z
    .strictObject({
      hosts: z.enum(['catalogue', 'all']).default('catalogue').describe('Which hosts are read.'),
      all: z
        .strictObject({
          networks: z
            .array(networkOrName)
            .default([])
            .describe('With `hosts: all`: for clients of these networks, CIDR or name in the network map.'),
          groups: z
            .array(z.string().min(1).max(200))
            .default([])
            .describe('With `hosts: all`: for members of these groups. Neither named: for everybody.'),
        })
        .prefault({}),
      shared: z.array(hostPattern).default([]).describe('Shared hosts to read all the same.'),
      never: z.array(hostPattern).default([]).describe('Hosts that are never read.'),
    })
    .prefault({}),
  catalogue: z
    .strictObject({ templates: z.record(z.string(), templateValue).default({}).describe('Values for `{name}` hosts.') })
    .prefault({}),
  upstream: upstream.prefault({}),
  audit: audit.prefault({}),
  notice: notice.prefault({}),
  inspect: inspect.prefault({}),
  log: z
    .strictObject({
      level: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('Of the operational log.'),
    })
    .prefault({}),
  workers: z.int().min(1).max(64).default(1).describe('Processes that serve clients.'),
})

/** The configuration after defaults; paths are absolute. */
export type WeirConfig = Readonly<z.output<typeof configSchema>>
