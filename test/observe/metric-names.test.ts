import t from 'tap'
import { METRIC_LABELS, METRICS } from '../../src/observe/metric-names.ts'

t.test('names and units follow Prometheus', async (t) => {
  for (const [name, { type, help }] of Object.entries(METRICS)) {
    t.match(name, /^(?:weir|process|nodejs)_[a-z0-9_]+$/)
    t.equal(name.endsWith('_total'), type === 'counter', name)
    t.equal(/_(?:ms|millis|kb|mb)(?:_|$)/.test(name), false, name)
    t.match(help, /^.+\.$/, name)
  }
})

t.test('every label of the table is allowed, and none that names hosts, people or paths', async (t) => {
  for (const { labels } of Object.values(METRICS)) for (const label of labels) t.ok(METRIC_LABELS.has(label), label)
  for (const label of ['host', 'user', 'path', 'client', 'address', 'url', 'model', 'flow'])
    t.notOk(METRIC_LABELS.has(label), label)
})
