import { readFileSync } from 'node:fs'
import t from 'tap'
import { parse } from 'yaml'
import { envName, leavesOf } from '../../src/config/env.ts'
import { configSchema } from '../../src/config/schema.ts'
import { PROJECT } from './shipped.ts'

/** Keys and defaults as they were agreed; a change here is a change of the outside contract. */
const DEFAULTS = `
proxy:    { listen: ["127.0.0.1:3128"], socks: [], transparent: [], advertise: [], networks: ["127.0.0.0/8", "::1/128"], proxyProtocol: [], tls: null, maxHeaderBytes: 65536, maxHeaders: 100, maxUrlBytes: 16384 }
timeouts: { headerMs: 10000, handshakeMs: 10000, connectMs: 5000, firstByteMs: 600000, bodyIdleMs: 300000, streamIdleMs: 3600000, tunnelIdleMs: 600000, drainMs: 30000 }
limits:   { connections: 20000, perClient: 500, perProxy: 5000, inspectingBytes: 536870912, decodedRatio: 100, heapPercent: 90 }
admin:    { listen: "127.0.0.1:3129", tls: null, networks: ["127.0.0.0/8", "::1/128"], publicUrl: null }
certs:    { dir: certs, chain: null, key: null, pkcs12: null, passphraseFile: null, leafDays: 90 }
rules:    { dir: rules }
data:     { dir: data }
identity: { map: null, trustedProxies: [], authenticate: off, realm: Weir, tokenCacheSeconds: 300, maxFailures: 20, failureWindowSeconds: 60, negotiate: null, ldap: null }
intercept: { hosts: catalogue, all: { networks: [], groups: [] }, shared: [], never: [] }
catalogue: { templates: {} }
upstream: { resolve: {}, extraRoots: [], parent: null, noProxy: [], allowPrivate: [] }
audit:    { tunnels: ai, segmentBytes: 268435456, rotateDaily: true, compress: true, retentionDays: 180, personDays: null, contentDays: 90, privacy: full, privacyKey: null, checkpointSeconds: 60, anchor: { dir: null, command: null }, seal: null, reportFont: null, sinks: [] }
notice:   { language: auto, fallback: en, askUrl: null, contact: null }
inspect:  { workers: 1, depth: 3, placeholder: WEIR, keyFile: data/keys/placeholder.key }
log:      { level: info }
workers: 1
`

t.test('every key has the agreed default', (t) => {
  t.strictSame(configSchema.parse({}), parse(DEFAULTS))
  t.strictSame(configSchema.parse(parse(DEFAULTS)), parse(DEFAULTS), 'and the defaults are themselves allowed')
  t.end()
})

t.test('persons are kept no longer than their records', (t) => {
  const parsed = (audit: object) => configSchema.safeParse({ audit })
  t.ok(parsed({ personDays: 30 }).success)
  t.ok(parsed({ personDays: 180 }).success)
  t.match(parsed({ personDays: 181 }).error?.issues, [
    { path: ['audit', 'personDays'], message: /more than `audit.retentionDays`/ },
  ])
  t.notOk(parsed({ personDays: 0 }).success)
  t.end()
})

t.test('unknown keys are refused in every section', (t) => {
  for (const section of Object.keys(configSchema.shape))
    t.equal(configSchema.safeParse({ [section]: { nonsense: 1 } }).success, false, section)
  t.equal(configSchema.safeParse({ nonsense: {} }).success, false)
  t.end()
})

t.test('docs/config.md has a row per key with its default and its variable', (t) => {
  const page = readFileSync(`${PROJECT}docs/config.md`, 'utf8')
  for (const { path, preset } of leavesOf(configSchema.parse({}))) {
    const row = `| \`${path.join('.')}\` | \`${JSON.stringify(preset)}\` | \`${envName(path)}\` |`
    t.ok(page.includes(row), row)
  }
  t.end()
})
