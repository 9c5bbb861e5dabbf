import t from 'tap'
import type { DiscoveryPort } from '../../src/flow/ports.ts'
import { type FinishedExchange, tellDiscovery, UNLISTED } from '../../src/flow/tell-discovery.ts'

const sighting = { score: 70, dialect: 'openai-chat', evidence: ['path:/v1/chat/completions'] } as const
const finished: FinishedExchange = {
  head: {
    method: 'POST',
    scheme: 'https',
    host: 'ai.example',
    port: 443,
    path: '/v1/x',
    headers: [],
    isUpgrade: false,
  },
  decision: { tool: null, unread: null },
  client: '10.1.2.3',
  bytesIn: 10,
  bytesOut: 20,
  isKnownHost: false,
  sighting,
}

/** What is told, in order. */
function told(changes: Partial<FinishedExchange>, rules: { sanctioned?: string; never?: string } = {}): unknown[] {
  const calls: unknown[] = []
  const discovery = {
    tool: (seen: unknown) => calls.push({ toldOf: 'tool', ...(seen as object) }),
    request: (seen: unknown) => calls.push({ toldOf: 'request', ...(seen as object) }),
  } as unknown as DiscoveryPort
  const snapshot = {
    isSanctioned: (host: string) => host === rules.sanctioned,
    isNeverRead: (host: string) => host === rules.never,
  }
  tellDiscovery(discovery, snapshot, { ...finished, ...changes })
  return calls
}

t.test('a host that nobody knows is told of with what was seen of it', async (t) => {
  t.match(told({}), [
    { toldOf: 'request', host: 'ai.example', client: '10.1.2.3', sighting, isOther: false, tool: null },
  ])
})

t.test('a tool that marks itself is told of, and the path where the catalogue does not name it', async (t) => {
  t.strictSame(told({ decision: { tool: 'openai-codex', unread: 'unnamed-path' }, isKnownHost: true }), [
    { toldOf: 'tool', tool: 'openai-codex', client: '10.1.2.3', host: 'ai.example', path: '/v1/x' },
  ])
  t.match(told({ decision: { tool: 'openai-codex', unread: null } }), [
    { toldOf: 'tool', tool: 'openai-codex' },
    { toldOf: 'request', tool: 'openai-codex' },
  ])
})

t.test('what is unlisted is no tool', async (t) => {
  t.match(told({ decision: { tool: UNLISTED, unread: null } }), [{ toldOf: 'request', tool: null }])
})

t.test('who says to be something else is told as such', async (t) => {
  const head = { ...finished.head, headers: ['user-agent', 'curl/8.5.0'] }
  t.match(told({ head }), [{ toldOf: 'request', isOther: true }])
})

t.test(
  'nothing is told of the company’s own, of what is never read, of known hosts, and of what nobody looked at',
  async (t) => {
    t.strictSame(told({}, { sanctioned: 'ai.example' }), [])
    t.strictSame(told({}, { never: 'ai.example' }), [])
    t.strictSame(told({ isKnownHost: true }), [])
    t.strictSame(told({ sighting: null }), [])
    t.doesNotThrow(() => tellDiscovery(undefined, {} as never, finished))
  },
)
