import t from 'tap'
import { mergeRecords, readRecord } from '../../src/audit/merge-records.ts'

const chain = { stream: 's', seq: 1, prevHash: 'x', whoDigest: 'y' }
const intent = {
  v: 1,
  id: 'A',
  flow: 'F',
  ...chain,
  time: 't1',
  phase: 'intent',
  tool: 'codex',
  bytesIn: null,
  findings: [{ detector: 'jwt' }],
  unread: null,
}
const outcome = {
  v: 1,
  id: 'B',
  flow: 'F',
  ...chain,
  time: 't2',
  phase: 'outcome',
  bytesIn: 7,
  findings: [],
  status: 200,
  complete: true,
}

t.test('intent and outcome become one exchange with the first id and time and without chain fields', async (t) => {
  t.strictSame(mergeRecords([intent, outcome]), {
    v: 1,
    id: 'A',
    flow: 'F',
    time: 't1',
    phase: 'outcome',
    tool: 'codex',
    bytesIn: 7,
    findings: [{ detector: 'jwt' }],
    unread: null,
    status: 200,
    complete: true,
  })
})

t.test('an intent alone is an exchange that is not complete', async (t) => {
  t.match(mergeRecords([intent]), { phase: 'intent', complete: false, status: null, error: null })
})

t.test('a record without an intent stays as it is', async (t) => {
  t.strictSame(mergeRecords([{ id: 'A', flow: 'F', phase: 'tunnel', bytesIn: 1 }]), {
    id: 'A',
    flow: 'F',
    phase: 'tunnel',
    bytesIn: 1,
  })
})

t.test('the person is joined as client, or null once erased; events of nobody have none', async (t) => {
  const line = JSON.stringify({ id: 'A', who: 'p_1' })
  const personal = JSON.stringify({
    v: 1,
    id: 'A',
    salt: 's',
    addr: '10.1.1.1',
    user: 'alice',
    groups: [],
    device: null,
    network: null,
  })
  t.strictSame(readRecord({ line, personal }), {
    id: 'A',
    who: 'p_1',
    client: { addr: '10.1.1.1', user: 'alice', groups: [], device: null, network: null },
  })
  t.strictSame(readRecord({ line, personal: null }), { id: 'A', who: 'p_1', client: null })
  t.strictSame(readRecord({ line: '{"id":"A"}', personal: null }), { id: 'A' })
})
