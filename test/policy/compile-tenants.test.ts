import t from 'tap'
import type { Problem } from '../../src/domain/settings.ts'
import { compilePolicy } from '../../src/policy/compile.ts'
import { tenantHeadersAt } from '../../src/policy/compiled-policy.ts'
import { TENANT_RESTRICTIONS } from '../../src/policy/tenant-restrictions.ts'
import { policyWith, SETTINGS, shipped, tools } from './world.ts'

const UUID = '1f0c2b9e-1c6e-4a5e-9d1b-0123456789ab'

/** Problems of a policy with these tenants: path and message. */
function problemsOf(tenants: unknown, interceptNever: string[] = []): readonly Problem[] {
  const result = compilePolicy({ file: 'p', document: { ...shipped(), tenants } }, tools, {
    ...SETTINGS,
    interceptNever,
  })
  return result.problems
}

t.test('a configured restriction says what is set on its hosts, on every port but that of SSH', async (t) => {
  const policy = policyWith({ tenants: { anthropic: { 'Anthropic-Allowed-Org-IDs': UUID } } })
  const wanted = {
    restrictions: ['anthropic'],
    set: ['anthropic-allowed-org-ids', UUID],
    names: new Set(['anthropic-allowed-org-ids']),
  }
  t.strictSame(tenantHeadersAt(policy, 'claude.ai', 443), wanted)
  t.strictSame(tenantHeadersAt(policy, 'api.anthropic.com', 8443), wanted)
  t.equal(tenantHeadersAt(policy, 'api.anthropic.com', 22), null)
  t.equal(tenantHeadersAt(policy, 'api.openai.com', 443), null)
  t.equal(policy.tenants.patterns.includes('claude.ai'), true)
})

t.test('restrictions that meet on a host are set together', async (t) => {
  const tenants = {
    'gemini-code-assist': { 'X-GeminiCodeAssist-Allowed-Domains': 'example.com' },
    'google-cloud': { 'X-Goog-Allowed-Resources': 'organizations/1' },
    github: { 'sec-GitHub-allowed-enterprise': [1234, 5678] },
  }
  const policy = policyWith({ tenants })
  t.match(tenantHeadersAt(policy, 'cloudcode-pa.googleapis.com', 443), {
    restrictions: ['gemini-code-assist', 'google-cloud'],
    set: ['X-GeminiCodeAssist-Allowed-Domains', 'example.com', 'X-Goog-Allowed-Resources', /^eyJ/u],
  })
  t.match(tenantHeadersAt(policy, 'storage.googleapis.com', 443), { restrictions: ['google-cloud'] })
  t.match(tenantHeadersAt(policy, 'github.com', 443)?.set, ['sec-GitHub-allowed-enterprise', '1234,5678'])
})

t.test('nothing is set while the policy observes, nor on hosts that are never read', async (t) => {
  const tenants = { anthropic: { 'anthropic-allowed-org-ids': UUID } }
  t.equal(tenantHeadersAt(policyWith({ mode: 'observe', tenants }), 'claude.ai', 443), null)
  t.equal(tenantHeadersAt(policyWith({ tenants }, { interceptNever: ['claude.ai'] }), 'claude.ai', 443), null)
})

t.test('a restriction has its aliases', async (t) => {
  const policy = policyWith({ tenants: { openai: { 'chatgpt-allowed-workspace-id': UUID } } })
  t.match(tenantHeadersAt(policy, 'chatgpt.com', 443), {
    restrictions: ['chatgpt'],
    set: ['ChatGPT-Allowed-Workspace-Id', UUID],
  })
  t.equal(policy.tenants.refusing('chatgpt.com', '/backend-anon/conversation'), 'chatgpt')
  t.equal(
    policy.tenants.refusing('chatgpt.com', '/x/..//backend%2Danon/conversation'),
    'chatgpt',
    'however it is written',
  )
  t.equal(policy.tenants.refusing('chatgpt.com', '/backend-api/conversation'), null)
  t.equal(policy.tenants.refusing('claude.ai', '/backend-anon/conversation'), null)
})

t.test('what cannot be set is told with what is right', async (t) => {
  const cases: readonly (readonly [unknown, string, RegExp])[] = [
    [{ antropic: { x: '1' } }, 'tenants.antropic', /did you mean `anthropic`.*known are anthropic, chatgpt/u],
    [{ anthropic: {} }, 'tenants.anthropic', /`anthropic-allowed-org-ids` is missing/u],
    [
      { anthropic: { 'x-org': UUID, 'anthropic-allowed-org-ids': UUID } },
      'tenants.anthropic.x-org',
      /no header of this/u,
    ],
    [{ anthropic: { 'anthropic-allowed-org-ids': 'acme' } }, 'tenants.anthropic.anthropic-allowed-org-ids', /UUIDs/u],
    [{ slack: { 'X-Slack-Allowed-Workspaces': 'T12345678' } }, 'tenants.slack', /Requester` is missing/u],
    [
      { openai: { 'ChatGPT-Allowed-Workspace-Id': UUID }, chatgpt: { 'ChatGPT-Allowed-Workspace-Id': UUID } },
      'tenants.chatgpt',
      /written twice/u,
    ],
    [
      {
        'microsoft-entra-v2': { 'sec-Restrict-Tenant-Access-Policy': `${UUID}:${UUID}` },
        'microsoft-consumer': { 'sec-Restrict-Tenant-Access-Policy': 'restrict-msa' },
      },
      'tenants.microsoft-consumer',
      /both set .* on login\.live\.com/u,
    ],
    [
      { anthropic: { 'anthropic-allowed-org-ids': 'a\r\nx: y' } },
      'tenants.anthropic.anthropic-allowed-org-ids',
      /ASCII/u,
    ],
  ]
  for (const [tenants, path, message] of cases) {
    const problems = problemsOf(tenants)
    t.equal(problems.length, 1, path)
    t.match(problems[0], { path, message, severity: 'error' })
  }
})

t.test('a never-list that meets a restriction is warned of', async (t) => {
  const tenants = { 'google-workspace': { 'X-GoogApps-Allowed-Domains': 'example.com' } }
  t.match(problemsOf(tenants, ['mail.google.com']), [
    { severity: 'warning', path: 'tenants.google-workspace', message: /`mail\.google\.com` is in intercept\.never/u },
  ])
  t.match(problemsOf(tenants, ['*.mail.google.com']).length, 1)
  t.strictSame(problemsOf(tenants, ['www.bank.example']), [])
})

t.test('every restriction of the table has an id and hosts of its own, and each can be configured', async (t) => {
  const ids = TENANT_RESTRICTIONS.flatMap(({ id, aliases }) => [id, ...(aliases ?? [])])
  t.equal(new Set(ids).size, ids.length)
  for (const { id, headers, hosts, source } of TENANT_RESTRICTIONS) {
    t.ok(headers.length > 0 && hosts.length > 0 && source !== '', id)
    for (const { name } of headers) t.match(name, /^[A-Za-z0-9-]+$/u)
  }
})
