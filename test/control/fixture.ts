/** An admin port over ports of plain values, for the tests of this folder. */
import { createConnection } from 'node:net'
import type { Test } from 'tap'
import type { ControlPorts, EventQuery } from '../../src/control/ports.ts'
import { type ControlOptions, createControlServer } from '../../src/control/server.ts'
import { adminToken } from '../../src/control/token.ts'
import type { PolicySnapshot } from '../../src/domain/policy-snapshot.ts'
import type { Tier } from '../../src/domain/tier.ts'
import type { Kind, Tool } from '../../src/domain/tool.ts'

export const TOKEN = 'test-token-of-forty-characters-0123456789'

const tool = (id: string, name: string, vendor: string, kinds: readonly Kind[]): Tool => ({
  id,
  name,
  vendor: { id: vendor, name: vendor.toUpperCase(), country: 'ZZ' },
  kinds,
  confidence: 'verified',
  sources: [],
  endpoints: 3,
  tenant: null,
})

export const TOOLS = [
  tool('claude-code', 'Claude Code', 'anthropic', ['coding-cli', 'ide-assistant']),
  tool('qwen-code', 'Qwen Code', 'alibaba', ['coding-cli']),
  tool('openai-api', 'OpenAI API', 'openai', ['model-api']),
]

const TIER_OF: Readonly<Record<string, Tier>> = { 'claude-code': 'prohibited', 'qwen-code': 'approved' }

const unused = (): never => {
  throw new Error('a test of the admin port decides nothing')
}

export const SNAPSHOT: PolicySnapshot = {
  revision: 'sha256:aa',
  catalogueRevision: 'sha256:bb',
  loadedAt: '2026-11-22T10:00:00.000Z',
  mode: 'enforce',
  company: 'ACME',
  tools: new Map(TOOLS.map((entry) => [entry.id, entry])),
  tierOf: (id) => ({ tier: TIER_OF[id] ?? 'monitored', rule: id in TIER_OF ? `assign:tool:${id}` : 'default' }),
  lookupHost: unused,
  isSanctioned: unused,
  isNeverRead: unused,
  identify: unused,
  tenantHeaders: unused,
  decideTunnel: unused,
  decideExchange: unused,
  renderNotice: unused,
  answerWithNotice: unused,
}

export type Recorded = Parameters<ControlPorts['audit']['record']>[0]

export interface Fixture {
  readonly ports: ControlPorts
  readonly recorded: Recorded[]
  readonly queries: EventQuery[]
  readonly logged: unknown[]
}

/** Ports that answer with the values above and note what was asked; `changes` replaces some. */
export function fakePorts(changes: Partial<ControlPorts> = {}): Fixture {
  const recorded: Recorded[] = []
  const queries: EventQuery[] = []
  const logged: unknown[] = []
  const log = (fields: Readonly<Record<string, unknown>>, event: string): void => {
    logged.push({ ...fields, event })
  }
  const ports: ControlPorts = {
    events: {
      query: async (query) => {
        queries.push(query)
        return { items: [{ flow: '01KC0000000000000000000001', tool: 'claude-code' }], next: 'c1' }
      },
      find: async (id) =>
        id === '01KC0000000000000000000001'
          ? { exchange: { flow: id, tool: 'claude-code', action: 'block', tier: 'prohibited' }, records: [{ id }] }
          : null,
      lastSeen: async () => new Map([['claude-code', '2026-11-22T09:00:00.000Z']]),
    },
    counts: {
      facets: async ({ fields }) => {
        const facet = { values: [{ value: 'claude-code', count: 7 }], other: 0, none: 1 }
        return { total: 8, isWhole: true, facets: Object.fromEntries(fields.map((field) => [field, facet])) }
      },
      histogram: async ({ buckets }) => ({
        total: 8,
        isWhole: true,
        bucketMs: 1000,
        buckets: Array.from({ length: buckets }, () => ({ time: '2026-11-22T10:00:00.000Z', count: 1 })),
      }),
    },
    persons: {
      erase: async () => ({ ok: false, why: 'unknown', detail: 'nobody of this name has records' }),
      holds: { list: () => [], add: async () => ({ ok: false, detail: 'no' }), release: async () => null },
    },
    discover: {
      list: () => [],
      find: () => null,
      dismiss: () => undefined,
      drift: () => [],
      paths: () => [],
      draft: () => '',
    },
    feedback: {
      newId: () => 'fb_1',
      foundIn: () => null,
      list: () => [],
      find: () => null,
      ofEvent: () => null,
      add: () => null,
      allow: () => true,
      end: () => undefined,
    },
    policy: {
      current: () => SNAPSHOT,
      source: () => 'version: 1\n',
      problems: () => [],
      counts: () => ({ endpoints: 9, detectors: 30, exemptions: 0 }),
      explain: (input) => ({ ok: true, explanation: { tool: 'claude-code', action: 'block', asked: input } }),
    },
    readiness: { checks: () => ({ spool: true, store: true, tree: true, ca: true, rules: true }) },
    metrics: { scrape: async () => '# TYPE weir_connections gauge\nweir_connections 0\n' },
    ca: { rootPem: () => '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' },
    sealed: { open: async () => null },
    audit: {
      record: (event) => recorded.push(event),
      recordFirst: async (event) => {
        recorded.push(event)
      },
    },
    log: { warn: log, error: log },
    pac: (askedHost) => ({
      proxies: [{ keyword: 'PROXY', host: askedHost ?? 'nobody', port: 3128 }],
      hosts: ['api.anthropic.com', '*.githubcopilot.com'],
      patterns: [],
      isEveryHost: false,
      direct: [],
    }),
    ...changes,
  }
  return { ports, recorded, queries, logged }
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The body as JSON; `undefined` when it is none. */
  readonly json: any // eslint-disable-line @typescript-eslint/no-explicit-any -- tests look into all kinds of answers
}

export interface Running extends Fixture {
  /** `host:port` as bound. */
  readonly address: string
  /** With the right token unless `headers` say otherwise. */
  readonly get: (path: string, headers?: Readonly<Record<string, string>>) => Promise<Answer>
  readonly post: (path: string, body: unknown) => Promise<Answer>
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const toAnswer = async (response: Response): Promise<Answer> => {
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, json: parse(text) }
}

/** Start an admin port on a free port of 127.0.0.1; it stops with the test. */
export async function startControl(
  t: Test,
  changes: Partial<ControlPorts> = {},
  options: Partial<ControlOptions> = {},
): Promise<Running> {
  const fixture = fakePorts(changes)
  const server = createControlServer(fixture.ports, {
    listen: '127.0.0.1:0',
    tls: null,
    networks: ['127.0.0.0/8'],
    publicUrl: null,
    tokens: [adminToken('admin', TOKEN)],
    ...options,
  })
  const { address } = await server.start()
  t.teardown(() => server.stop())
  const headers = { authorization: `Bearer ${TOKEN}` }
  return {
    ...fixture,
    address,
    get: async (path, more) => toAnswer(await fetch(`http://${address}${path}`, { headers: more ?? headers })),
    post: async (path, body) =>
      toAnswer(
        await fetch(`http://${address}${path}`, {
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/json' },
          body: typeof body === 'string' ? body : JSON.stringify(body),
        }),
      ),
  }
}

/** Send bytes as they are; everything that comes back until the server closes. */
export function sendRaw(address: string, text: string): Promise<string> {
  const [host = '', port = ''] = address.split(':')
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host, port: Number(port) }, () => socket.write(text))
    let received = ''
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => {
      received += chunk
    })
    socket.on('end', () => resolve(received))
    socket.on('error', reject)
  })
}

/** A GET with exactly these header lines. */
export const rawGet = (path: string, ...lines: readonly string[]): string =>
  [`GET ${path} HTTP/1.1`, ...lines, 'connection: close', '', ''].join('\r\n')

/** What a call or promise throws; `undefined` when it does not. */
export async function thrownBy(act: () => unknown): Promise<unknown> {
  try {
    await act()
    return undefined
  } catch (error) {
    return error
  }
}
