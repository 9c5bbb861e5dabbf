import t from 'tap'
import type { AuditSinks } from '../../src/audit/sinks/sinks.ts'
import type { SinkStatus } from '../../src/audit/sinks/sinks-protocol.ts'
import { createSinkGauges, sinkCounts } from '../../src/cli/sink-gauges.ts'
import { createMetrics } from '../../src/observe/metrics.ts'

const status = (name: string, more: Partial<SinkStatus> = {}): SinkStatus => ({
  name,
  kind: 'syslog',
  behindEvents: 0,
  behindSeconds: 0,
  delivered: 5,
  retried: 0,
  leftOut: 4,
  setAside: 0,
  lost: 0,
  deliveredAt: null,
  failure: null,
  ...more,
})

const sinksOf = (all: readonly SinkStatus[]): AuditSinks => ({
  durable: () => undefined,
  checkpoint: () => undefined,
  replace: () => undefined,
  status: () => all,
  close: () => Promise.resolve(),
})

t.test('each sink is a series of its own; one that has not reported has none', async (t) => {
  const metrics = createMetrics()
  t.teardown(() => metrics.stop())
  const failing = status('siem', {
    behindEvents: 7,
    behindSeconds: 60,
    retried: 3,
    lost: 2,
    setAside: 1,
    failure: { since: '', why: '' },
  })
  const show = createSinkGauges(metrics, sinksOf([failing, status('copy')]))
  show(['siem', 'copy', 'late'])
  const text = await metrics.scrape()
  const wanted = [
    'behind_events 7',
    'behind_seconds 60',
    'delivered_events 5',
    'retries 3',
    'left_out_events 4',
    'refused_events 1',
    'lost_events 2',
    'failing 1',
  ]
  for (const each of wanted) t.match(text, `weir_sink_${each.replace(' ', '{sink="siem"} ')}\n`)
  t.match(text, 'weir_sink_failing{sink="copy"} 0\n')
  t.notMatch(text, 'late')
  show(['copy'])
  const later = await metrics.scrape()
  for (const each of wanted) t.match(later, `weir_sink_${each.replace(/ .*/u, '{sink="siem"} 0')}\n`)
  t.match(later, 'weir_sink_delivered_events{sink="copy"} 5\n')
})

t.test('readyz tells how many are well', async (t) => {
  t.equal(sinkCounts(sinksOf([])), null)
  t.strictSame(sinkCounts(sinksOf([status('a'), status('b', { failure: { since: '', why: '' } })])), {
    well: 1,
    failing: 1,
  })
})
