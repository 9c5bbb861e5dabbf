/** Flows without a network: ports in memory, a clock that steps, and real rules over one small tool. */
import { stringify } from 'yaml'
import { configSchema } from '../../src/config/schema.ts'
import { buildSnapshot } from '../../src/config/snapshot.ts'
import { parseYaml, type YamlSource } from '../../src/config/yaml-file.ts'
import { dialectById } from '../../src/dialects/registry.ts'
import type { AuditEvent } from '../../src/domain/audit-event.ts'
import type { Client } from '../../src/domain/client.ts'
import type { PolicySnapshot } from '../../src/domain/policy-snapshot.ts'
import type { RequestHead } from '../../src/domain/tool.ts'
import type { FlowPorts, HeldBody } from '../../src/flow/ports.ts'
import { createInspector } from '../../src/inspect/inspector.ts'
import { smallRules } from '../config/small-rules.ts'

/** Found as `high`, `medium` and `low`; nothing else is. */
export const SECRET = { high: 'HIGHSECRET1', medium: 'MIDSECRET22', low: 'LOWSECRET33' } as const

const detector = (severity: keyof typeof SECRET) => ({
  id: `${severity}-secret`,
  name: severity,
  severity,
  keywords: [SECRET[severity]],
  pattern: SECRET[severity],
  examples: { match: [SECRET[severity]] },
})

export const alice: Client = {
  address: '10.1.2.3',
  user: 'alice',
  groups: ['dev'],
  device: 'LT-1',
  network: 'berlin',
  assurance: 'network',
}

export interface WorldOptions {
  /** Tier of `alpha-cli`. */
  readonly tier?: string
  /** Keys laid over the policy file. */
  readonly policy?: Readonly<Record<string, unknown>>
  /** Hosts that are read although they are not in the catalogue. */
  readonly intercept?: 'catalogue' | 'all'
  readonly decodedRatio?: number
  /** There are auditors to seal to. */
  readonly hasAuditors?: boolean
  /** Another catalogue file. */
  readonly catalogue?: string
}

const source = (file: string, text: string): YamlSource => {
  const parsed = parseYaml(file, text)
  if (!parsed.ok) throw new Error(parsed.problems.map(({ message }) => message).join('\n'))
  return parsed.source
}

/** Rules over `api.alpha.test` (dialect anthropic-messages) and the mark `alpha/1.2`. */
export function rulesOf({
  tier = 'monitored',
  policy = {},
  intercept = 'catalogue',
  hasAuditors = false,
  catalogue,
}: WorldOptions) {
  const files = smallRules() as Record<string, Record<string, string>>
  const document = {
    version: 1,
    mode: 'enforce',
    company: 'ACME',
    assign: [{ tool: 'alpha-cli', tier }],
    default: 'monitored',
    unlisted: 'monitored',
    ...policy,
  }
  const built = buildSnapshot({
    files: {
      shown: 'rules',
      catalogue: [source('rules/catalogue/alpha.yaml', catalogue ?? files['catalogue']?.['alpha.yaml'] ?? '')],
      policy: source('rules/policy.yaml', stringify(document)),
      tables: { dictionaries: [], fingerprints: [] },
      detectors: [
        source(
          'rules/detectors/test.yaml',
          stringify({ version: 1, detectors: (['high', 'medium', 'low'] as const).map(detector) }),
        ),
      ],
      notices: Object.entries(files['notices'] ?? {}).map(([name, text]) => source(`rules/notices/${name}`, text)),
      problems: [],
    },
    config: configSchema.parse({
      intercept: { hosts: intercept },
      identity: { map: 'who.yaml' },
      audit: { seal: hasAuditors ? { auditors: ['ann.pub.json'], threshold: 1 } : null },
    }),
    isObserving: false,
    loadedAt: '2026-11-22T10:00:00.000Z',
  })
  if (!built.ok)
    throw new Error(built.problems.map(({ file, path, message }) => `${file} ${path} ${message}`).join('\n'))
  return built.rules
}

export interface FlowWorld {
  readonly ports: FlowPorts
  /** Durable records, in order. */
  readonly events: AuditEvent[]
  readonly counted: { readonly name: string; readonly labels: Readonly<Record<string, string>>; readonly by: number }[]
  readonly logged: { readonly event: string; readonly fields: Readonly<Record<string, unknown>> }[]
  readonly audit: { isDown: boolean; spooledBytes: number }
  snapshot: PolicySnapshot
}

/** Every look at the clock is one millisecond later. */
export function flowWorld(options: WorldOptions = {}): FlowWorld {
  const rules = rulesOf(options)
  let tick = 0
  let ids = 0
  const events: AuditEvent[] = []
  const counted: FlowWorld['counted'] = []
  const logged: FlowWorld['logged'] = []
  const audit = { isDown: false, spooledBytes: 0 }
  const log = (fields: Readonly<Record<string, unknown>>, event: string): void => {
    logged.push({ event, fields })
  }
  const world: FlowWorld = {
    events,
    counted,
    logged,
    audit,
    snapshot: rules.snapshot,
    ports: {
      snapshots: { current: () => world.snapshot },
      audit: {
        append: (event) => {
          if (audit.isDown) return Promise.reject(new Error('the disk is full'))
          events.push(event)
          return Promise.resolve()
        },
        appendSoon: (event) => events.push(event),
        health: () => ({ ok: !audit.isDown, spooledBytes: audit.spooledBytes, detail: null }),
      },
      inspect: createInspector({
        detectors: () => rules.detectors,
        textPartsOf: (dialect, body, contentType) => dialectById(dialect).textParts(body, contentType),
        placeholderPrefix: 'WEIR',
        placeholderKey: Buffer.alloc(32, 1),
        depth: 3,
      }),
      clock: {
        nowMs: () => Date.UTC(2026, 10, 22, 10),
        nowIso: () => '2026-11-22T10:00:00.000Z',
        tickMs: () => ++tick,
      },
      newId: () => `ID${++ids}`,
      limits: { decodedRatio: options.decodedRatio ?? 100 },
      metrics: {
        count: (name, labels = {}, by = 1) => counted.push({ name, labels, by }),
        observe: () => undefined,
        gauge: () => undefined,
      },
      log: { debug: log, info: log, warn: log, error: log },
    },
  }
  return world
}

export const headOf = (change: Partial<RequestHead> = {}, headers: readonly string[] = []): RequestHead => ({
  method: 'POST',
  scheme: 'https',
  host: 'api.alpha.test',
  port: 443,
  path: '/v1/messages',
  headers: ['Host', 'api.alpha.test', 'User-Agent', 'alpha/1.2', 'Content-Type', 'application/json', ...headers],
  isUpgrade: false,
  ...change,
})

export const held = (text: string | Uint8Array, cut: HeldBody['cut'] = null): HeldBody => ({
  bytes: Buffer.from(text),
  cut,
})

/** A body of the dialect with one text. */
export const bodyWith = (text: string, model = 'alpha-large'): string =>
  JSON.stringify({ model, max_tokens: 9, messages: [{ role: 'user', content: text }] })
