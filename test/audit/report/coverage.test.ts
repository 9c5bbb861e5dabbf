import t from 'tap'
import { coverageOf, createCoverage } from '../../../src/audit/report/coverage.ts'

t.test('how an exchange or a tunnel was covered', async (t) => {
  const outcome = { phase: 'outcome', tool: 'x', unread: null }
  const tunnel = { phase: 'tunnel', tool: 'x', action: 'allow', reason: 'read-none' }
  for (const [record, kind] of [
    [{ ...outcome, action: 'log' }, 'read'],
    [{ ...outcome, action: 'redact' }, 'read'],
    [{ ...outcome, action: 'log', unread: 'oversize' }, 'unread'],
    [{ ...outcome, action: 'allow' }, 'head'],
    [{ ...outcome, action: 'block', unread: 'binary' }, 'blocked'],
    [tunnel, 'tunnelled'],
    [{ ...tunnel, action: 'block', reason: 'sni-mismatch' }, 'refused'],
    [{ ...tunnel, reason: 'untrusting-client', action: 'block' }, 'untrusting'],
  ] as const) {
    t.equal(coverageOf(record), kind, JSON.stringify(record))
  }
})

t.test('shares per tool add up to the total, folded tunnels count as often as they happened', async (t) => {
  const coverage = createCoverage()
  coverage.add({ phase: 'outcome', tool: 'a', action: 'log', unread: null })
  coverage.add({ phase: 'outcome', tool: 'b', action: 'log', unread: 'oversize' })
  coverage.add({
    phase: 'tunnel',
    tool: 'b',
    action: 'allow',
    reason: 'untrusting-client',
    alert: 'unknown_ca',
    count: 7,
  })
  coverage.add({ phase: 'tunnel', tool: null, action: 'allow', reason: 'never-list' })
  const { total, tools, unreadReasons, tunnelReasons, alerts } = coverage.result()
  t.match(total, { total: 10, read: 1, unread: 1, untrusting: 7, tunnelled: 1 })
  t.strictSame(
    tools.map(({ name, total: all }) => [name, all]),
    [
      ['b', 8],
      ['-', 1],
      ['a', 1],
    ],
  )
  t.strictSame(unreadReasons, [{ name: 'oversize', requests: 1 }])
  t.strictSame(tunnelReasons, [{ name: 'never-list', tunnels: 1 }])
  t.strictSame(alerts, [{ name: 'unknown_ca', clients: 7 }])
})

t.test('nothing was covered where nothing happened', async (t) => {
  t.match(createCoverage().result(), { total: { total: 0, read: 0 }, tools: [] })
})
