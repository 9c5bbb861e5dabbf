import t from 'tap'
import { EXPORT_FORMAT_NAMES } from '../../src/audit/export/formats.ts'
import type { SinkSettings } from '../../src/audit/sinks/settings.ts'
import { configSchema } from '../../src/config/schema.ts'

const parse = (sinks: unknown) => configSchema.safeParse({ audit: { sinks } })
const KINDS = {
  syslog: { kind: 'syslog', name: 'a', host: 'siem.example.com' },
  hec: { kind: 'hec', name: 'b', url: 'https://splunk.example.com:8088', tokenFile: 'hec.token' },
  otlp: { kind: 'otlp', name: 'c', url: 'https://otel.example.com' },
  webhook: { kind: 'webhook', name: 'd', url: 'https://hooks.example.com/weir', secretFile: 'hook.secret' },
  file: { kind: 'file', name: 'e', file: '/mnt/audit/events.jsonl' },
}

t.test('each kind needs little, and gives what the sinks take', async (t) => {
  const parsed = configSchema.parse({ audit: { sinks: Object.values(KINDS) } })
  const settings: readonly SinkSettings[] = parsed.audit.sinks
  t.equal(settings.length, 5)
  t.match(settings[0], {
    port: 6514,
    tls: true,
    format: 'jsonl',
    from: 'now',
    persons: true,
    confirm: 'close',
    facility: 13,
    caFile: null,
  })
  t.match(settings[1], { ackMs: 120_000, sourcetype: 'weir:audit', batchEvents: 500, batchMs: 1000 })
})

t.test('wrong sinks are refused, all problems at once, and no secret has a place', async (t) => {
  const wrong: readonly (readonly [unknown, RegExp])[] = [
    [{ ...KINDS.syslog, name: 'A b' }, /1 to 40/],
    [{ ...KINDS.syslog, host: 'a b' }, /host name/],
    [{ ...KINDS.syslog, port: 0 }, />=1/],
    [{ ...KINDS.syslog, format: 'csv' }, /jsonl/],
    [{ ...KINDS.hec, url: 'https://u:p@splunk.example.com' }, /tokenFile/],
    [{ ...KINDS.hec, token: 'abc' }, /unrecognized/i],
    [{ ...KINDS.hec, tokenFile: undefined }, /string/],
    [{ ...KINDS.otlp, url: 'ftp://x' }, /an address/],
    [{ ...KINDS.otlp, certFile: 'a.pem' }, /belong together/],
    [{ ...KINDS.webhook, secretFile: undefined }, /string/],
    [{ ...KINDS.file, kind: 'kafka' }, /invalid/i],
    [{ ...KINDS.file, filter: 'tool:codex tierr:high' }, /the filter of `e`, character 12: .*did you mean `tier:`/],
    [{ ...KINDS.file, filter: 'since:7d' }, /the filter of `e`, character 1: /],
    [{ ...KINDS.file, filter: 'user:li*', persons: false }, /the filter of `e`, character 1: .*persons: false/],
  ]
  for (const [sink, message] of wrong) {
    const result = parse([sink])
    t.equal(result.success, false)
    t.match(result.error?.message, message)
  }
  t.equal(
    parse([
      { ...KINDS.syslog, port: -1 },
      { ...KINDS.otlp, url: '' },
    ]).error?.issues.length,
    2,
  )
  t.match(parse([KINDS.file, KINDS.file]).error?.message, /another sink is called `e`/)
})

t.test('formats of sinks are formats of exports', async (t) => {
  for (const format of ['jsonl', 'ocsf', 'ecs', 'cef']) {
    t.ok((EXPORT_FORMAT_NAMES as readonly string[]).includes(format), format)
    t.equal(parse([{ ...KINDS.file, format }]).success, true, format)
  }
})
