import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { createMetrics, type MetricsRegistry } from '../../src/observe/metrics.ts'

const start = (t: Test): MetricsRegistry => {
  const metrics = createMetrics()
  t.teardown(() => metrics.stop())
  return metrics
}

/** The samples of a scrape, comments left out, by their text before the value. */
const samples = (text: string): ReadonlyMap<string, number> =>
  new Map(
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  )

t.test('counts are kept by labels and come with type and help', async (t) => {
  const metrics = start(t)
  metrics.count('weir_requests_total', { tool: 'claude-code', tier: 'prohibited', action: 'block' })
  metrics.count('weir_requests_total', { tool: 'claude-code', tier: 'prohibited', action: 'block' })
  metrics.count('weir_bytes_total', { direction: 'in', kind: 'tunnel' }, 4096)
  metrics.count('weir_audit_failures_total')
  const text = await metrics.scrape()
  t.match(text, /^# TYPE weir_requests_total counter$/m)
  t.match(text, /^# HELP weir_requests_total Requests decided/m)
  const values = samples(text)
  t.equal(values.get('weir_requests_total{action="block",tier="prohibited",tool="claude-code"}'), 2)
  t.equal(values.get('weir_bytes_total{direction="in",kind="tunnel"}'), 4096)
  t.equal(values.get('weir_audit_failures_total'), 1)
})

t.test('counters only grow from scrape to scrape', async (t) => {
  const metrics = start(t)
  metrics.count('weir_errors_total', { code: 'dns-failed', side: 'upstream' })
  await metrics.scrape()
  metrics.count('weir_errors_total', { code: 'dns-failed', side: 'upstream' })
  t.equal(samples(await metrics.scrape()).get('weir_errors_total{code="dns-failed",side="upstream"}'), 2)
})

t.test('hosts, users and paths never become labels', async (t) => {
  const metrics = start(t)
  metrics.count('weir_requests_total', { tool: 'x', host: 'secret.example', user: 'zhang', path: '/p' })
  t.notMatch(await metrics.scrape(), /secret\.example|zhang|\/p/)
})

t.test('label values are escaped', async (t) => {
  const metrics = start(t)
  metrics.count('weir_errors_total', { code: 'a"b\\c\nd' })
  t.match(await metrics.scrape(), /code="a\\"b\\\\c\\nd"/)
})

t.test('durations are histograms with cumulative buckets', async (t) => {
  const metrics = start(t)
  for (const seconds of [0.0003, 0.02, 3]) metrics.observe('weir_request_duration_seconds', seconds, { action: 'log' })
  const values = samples(await metrics.scrape())
  t.equal(values.get('weir_request_duration_seconds_count{action="log"}'), 3)
  t.equal(values.get('weir_request_duration_seconds_bucket{action="log",le="0.0005"}'), 1)
  t.equal(values.get('weir_request_duration_seconds_bucket{action="log",le="0.05"}'), 2)
  t.equal(values.get('weir_request_duration_seconds_bucket{action="log",le="+Inf"}'), 3)
})

t.test('gauges are read when scraped, and the last one given under a name counts', async (t) => {
  const metrics = start(t)
  let connections = 1
  metrics.gauge('weir_connections', () => 99)
  metrics.gauge('weir_connections', () => connections)
  connections = 7
  const values = samples(await metrics.scrape())
  t.equal(values.get('weir_connections'), 7)
})

t.test('a gauge that fails is left out and hides no other', async (t) => {
  const metrics = start(t)
  metrics.gauge('weir_broken', () => {
    throw new Error('closed')
  })
  metrics.gauge('weir_odd', () => Number.NaN)
  metrics.gauge('weir_connections', () => 1)
  const values = samples(await metrics.scrape())
  t.equal(values.has('weir_broken'), false)
  t.equal(values.has('weir_odd'), false)
  t.equal(values.get('weir_connections'), 1)
})

t.test('memory, CPU and event loop of the process are there from the start', async (t) => {
  const metrics = start(t)
  const first = samples(await metrics.scrape())
  t.ok((first.get('process_resident_memory_bytes') ?? 0) > 1_000_000)
  t.ok((first.get('process_heap_used_bytes') ?? 0) > 100_000)
  t.ok((first.get('process_cpu_seconds') ?? 0) > 0)
  await delay(60)
  const lag = samples(await metrics.scrape()).get('nodejs_eventloop_lag_p99_seconds')
  t.ok(lag !== undefined && lag >= 0)
})

t.test('two registries do not mix', async (t) => {
  const [one, two] = [start(t), start(t)]
  one.count('weir_audit_failures_total')
  t.equal(samples(await two.scrape()).has('weir_audit_failures_total'), false)
})
