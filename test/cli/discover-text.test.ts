import t from 'tap'
import { driftTable, hostTable } from '../../src/cli/discover-text.ts'

const host = {
  host: 'relay.example',
  score: 85,
  evidence: ['dialect:openai-chat', 'header:key'],
  isRead: true,
  requests: 3,
  tunnels: 2,
  bytesIn: 2_500_000,
  bytesOut: 900,
  clients: 4,
  firstSeen: '2026-11-22T10:00:00.000Z',
  lastSeen: '2026-11-23T10:00:00.000Z',
  dismissed: null,
  draft: { policy: '- { tool: found-relay-example, tier: restricted }' },
}

t.test('a host is shown with its score, why, how much, and its line for the policy', async (t) => {
  const text = hostTable({ items: [host] })
  for (const part of [
    ' 85  relay.example\n',
    'dialect:openai-chat, header:key',
    '3 requests read, 2 tunnels, about 4 clients, 2 MiB up, 900 B down',
    host.draft.policy,
  ])
    t.ok(text.includes(part), part)
  t.match(
    hostTable({ items: [{ ...host, isRead: false, dismissed: { reason: 'ours' } }] }),
    /dismissed: ours[^]*only its name/u,
  )
})

t.test('pairs and paths are shown with their numbers', async (t) => {
  const text = driftTable({
    drift: [{ tool: 'codex', host: 'h.example', windows: 30, lift: 9.5, share: 0.5, clients: 3, firstSeen: 'T' }],
    paths: [{ tool: 'codex', host: 'a.example', path: '/new', count: 7 }],
  })
  t.match(text, /codex calls h\.example: together in 30 windows of two minutes, 9\.5 times/u)
  t.match(text, / {6}7 {2}codex {2}a\.example\/new\n/u)
})
