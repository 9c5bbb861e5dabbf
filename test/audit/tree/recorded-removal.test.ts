import t from 'tap'
import { recordedRemoval } from '../../../src/audit/tree/recorded-removal.ts'

const removal = {
  actor: 'weir',
  after: { firstSeq: 1, lastSeq: 9, lastHash: 'ab' },
  operation: 'retention.remove',
  seq: 40,
  target: 'n1-w0',
}

const read = (line: string) => {
  const bytes = Buffer.from(`before\n${line}\nbehind`)
  return recordedRemoval(bytes, 7, 7 + Buffer.byteLength(line))
}

t.test('a record of a removal is read', async (t) => {
  const gone = [
    [1, 9],
    [20, 30],
  ]
  const about = { seq: 40, stream: 'n1-w0', gone, lastHash: null }
  const ranged = { ...removal, after: { ...removal.after, gone } }
  t.same(read(JSON.stringify(ranged)), { ...about, what: 'records' })
  t.same(read(JSON.stringify({ ...ranged, operation: 'retention.forget' })), { ...about, what: 'persons' })
})

t.test('one of before ranges is of all from the beginning on', async (t) => {
  const about = { seq: 40, what: 'records', stream: 'n1-w0', gone: [[1, 9]], lastHash: 'ab' }
  t.same(read(JSON.stringify(removal)), about)
})

t.test('no other line is taken for one', async (t) => {
  for (const line of [
    '',
    '{"actor":',
    '{"action":"allow","path":"\\"operation\\":\\"retention.remove\\""}',
    JSON.stringify({ ...removal, operation: 'person.erase', after: { text: '"operation":"retention.remove"' } }),
    JSON.stringify({ ...removal, after: null }),
    JSON.stringify({ ...removal, operation: 'retention.forget' }),
    JSON.stringify({ ...removal, operation: 'retention.other', after: { gone: [[1, 9]] } }),
    JSON.stringify({ ...removal, after: { gone: [[9, 1]] } }),
    JSON.stringify({ ...removal, after: { lastSeq: '9', lastHash: 'ab' } }),
    JSON.stringify(removal).slice(0, -1),
  ]) {
    t.equal(read(line), null, line)
  }
})
