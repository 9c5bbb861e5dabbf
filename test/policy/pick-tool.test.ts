import fc from 'fast-check'
import t from 'tap'
import { TIERS, type Tier, tierRank } from '../../src/domain/tier.ts'
import type { Candidate, Identification, MarkHit } from '../../src/domain/tool.ts'
import { tierOf } from '../../src/policy/compiled-policy.ts'
import { pickTool } from '../../src/policy/pick-tool.ts'
import type { ToolPick } from '../../src/policy/tool-pick.ts'
import { headOf, identify, lookupHost, marksOf, policyWith, tools } from './world.ts'

const head = headOf('POST https://api.anthropic.com/v1/messages')

function pick(tiers: Record<string, Tier>, identification: Identification, trustMarks: string[] = []): ToolPick {
  const assign = Object.entries(tiers).map(([tool, tier]) => ({ tool, tier }))
  const picked = pickTool(policyWith({ assign, trustMarks }), { head, identification, seenDialect: null })
  if (!picked.isTool) throw new Error(picked.reason)
  return picked
}

const candidate = (tool: string, changes: Partial<Candidate> = {}): Candidate => ({
  tool,
  purpose: 'inference',
  dialect: 'generic',
  isFallback: false,
  hostPattern: 'api.anthropic.com',
  pathPattern: null,
  isPathNamed: true,
  ...changes,
})

const anyTool = fc.constantFrom(...tools.keys())
const anyTiers = fc.dictionary(anyTool, fc.constantFrom(...TIERS))
const anyMark = fc.record({ tool: anyTool, header: fc.constantFrom('user-agent', 'x-app'), version: fc.constant(null) })
const anyMarks: fc.Arbitrary<MarkHit[]> = fc.array(anyMark, { maxLength: 4 })
const anyRequest = fc
  .constantFrom('POST https://api.anthropic.com/v1/messages', 'POST https://openrouter.ai/api/v1/chat/completions')
  .map(headOf)

t.test('without trusted marks the strictest of the marked tools and the unmarked one decides', async (t) => {
  fc.assert(
    fc.property(anyTiers, anyMarks, anyRequest, (tiers, marks, head) => {
      const policy = policyWith({
        assign: Object.entries(tiers).map(([tool, tier]) => ({ tool, tier })),
        trustMarks: [],
      })
      const own = pickTool(policy, { head, identification: identify(head, []), seenDialect: null })
      const picked = pickTool(policy, { head, identification: identify(head, marks), seenDialect: null })
      if (!own.isTool || !picked.isTool) return false
      const accused = [own.tool, ...marks.map((mark) => mark.tool)].map((tool) => tierRank(tierOf(policy, tool).tier))
      return tierRank(tierOf(policy, picked.tool).tier) === Math.max(...accused)
    }),
  )
  t.pass('on every request tried')
})

t.test('one more untrusted mark never leads to a milder tier, on any host', async (t) => {
  const anywhere = fc.constantFrom(
    'POST https://api.anthropic.com/v1/messages',
    'POST https://relay.example/v1/messages',
    'POST https://github.com/upload',
    'POST https://llm.example.com/v1/messages',
  )
  fc.assert(
    fc.property(anyTiers, anyMarks, anyMark, anywhere, (tiers, marks, more, request) => {
      const assign = Object.entries(tiers).map(([tool, tier]) => ({ tool, tier }))
      const policy = policyWith({ assign, trustMarks: [] })
      const head = headOf(request)
      const rankWith = (hits: MarkHit[]): number => {
        const picked = pickTool(policy, { head, identification: identify(head, hits), seenDialect: 'openai-chat' })
        return picked.isTool ? tierRank(tierOf(policy, picked.tool).tier) : -1
      }
      return rankWith([...marks, more]) >= rankWith(marks)
    }),
  )
  t.pass('on every request tried')
})

t.test('a trusted mark never opens an endpoint that is prohibited without it', async (t) => {
  fc.assert(
    fc.property(anyTiers, anyMarks, (tiers, marks) => {
      const assign = Object.entries({ ...tiers, 'anthropic-api': 'prohibited' }).map(([tool, tier]) => ({ tool, tier }))
      const policy = policyWith({ assign, trustMarks: [...tools.keys()] })
      const picked = pickTool(policy, { head, identification: identify(head, marks), seenDialect: null })
      return picked.isTool && tierOf(policy, picked.tool).tier === 'prohibited'
    }),
  )
  t.pass('on every set of marks tried')
})

t.test('a tie without a fallback belongs to the strictest candidate', async (t) => {
  const identification = {
    host: lookupHost('api.anthropic.com'),
    candidates: [candidate('qoder'), candidate('claude-code'), candidate('anthropic-api')],
    marks: [],
  }
  const picked = pick({ qoder: 'approved', 'claude-code': 'prohibited', 'anthropic-api': 'monitored' }, identification)
  t.match(picked, { tool: 'claude-code', confidence: 'low', evidence: ['host'] })
})

t.test('of equally strict marked tools the one at home decides, and its entry gives purpose and dialect', async (t) => {
  const identification = {
    host: lookupHost('api.anthropic.com'),
    candidates: [
      candidate('claude-code', { purpose: 'telemetry', dialect: 'mcp', pathPattern: '/v1/*' }),
      candidate('anthropic-api', { isFallback: true }),
    ],
    marks: marksOf({ 'openai-codex': null, 'claude-code': '2.0.0' }),
  }
  const tiers = { 'openai-codex': 'monitored', 'claude-code': 'monitored', 'anthropic-api': 'monitored' } as const
  const picked = pick(tiers, identification)
  t.match(picked, { tool: 'claude-code', purpose: 'telemetry', dialect: 'mcp', via: null, toolVersion: '2.0.0' })
  t.strictSame(picked.evidence, ['host+path', 'header:user-agent'])
})

t.test('of tools in one tier the one whose purpose has the stricter action decides', async (t) => {
  const identification = {
    host: lookupHost('api.anthropic.com'),
    candidates: [candidate('qoder', { purpose: 'settings' }), candidate('claude-code')],
    marks: marksOf({ qoder: null, 'claude-code': null }),
  }
  t.equal(pick({ qoder: 'restricted', 'claude-code': 'restricted' }, identification).tool, 'claude-code')
  t.equal(
    pick({ qoder: 'restricted', 'claude-code': 'restricted' }, { ...identification, marks: [] }).tool,
    'claude-code',
  )
})

t.test('a tool marked on its own host, but on a path of another tool, is at home', async (t) => {
  const host = { ...lookupHost('api.anthropic.com'), tools: ['claude-code', 'anthropic-api'] }
  const identification = { host, candidates: [candidate('anthropic-api')], marks: marksOf({ 'claude-code': null }) }
  const picked = pick({ 'claude-code': 'prohibited', 'anthropic-api': 'monitored' }, identification)
  t.match(picked, { tool: 'claude-code', via: null, confidence: 'high' })
  t.strictSame(picked.evidence, ['header:user-agent'])
})

t.test('every mark of the picked tool is named once, and the first version counts', async (t) => {
  const marks = [
    { tool: 'claude-code', header: 'x-app', version: null },
    { tool: 'claude-code', header: 'user-agent', version: '2.1.330' },
    { tool: 'claude-code', header: 'user-agent', version: '9.9.9' },
    { tool: 'qoder', header: 'x-qoder', version: '1.0.0' },
  ]
  const picked = pick({ 'claude-code': 'prohibited', qoder: 'approved' }, identify(head, marks))
  t.strictSame(picked.evidence, ['host+path', 'header:x-app', 'header:user-agent'])
  t.equal(picked.toolVersion, '2.1.330')
})

t.test('a marked fallback is sure, an unmarked one is not', async (t) => {
  t.equal(pick({}, identify(head, marksOf({ 'anthropic-api': null }))).confidence, 'high')
  t.equal(pick({}, identify(head, [])).confidence, 'low')
})

t.test('a host that is AI alone never yields an unseen request, even when no entry matches', async (t) => {
  const identification = { host: lookupHost('api.anthropic.com'), candidates: [], marks: [] }
  const picked = pick({ 'claude-code': 'prohibited', 'anthropic-api': 'monitored' }, identification)
  t.match(picked, { tool: 'claude-code', purpose: 'inference', isPathNamed: false })
})
