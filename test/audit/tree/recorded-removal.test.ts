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
  t.same(read(JSON.stringify(removal)), { seq: 40, stream: 'n1-w0', lastSeq: 9, lastHash: 'ab' })
})

t.test('no other line is taken for one', async (t) => {
  for (const line of [
    '',
    '{"actor":',
    '{"action":"allow","path":"\\"operation\\":\\"retention.remove\\""}',
    JSON.stringify({ ...removal, operation: 'person.erase', after: { text: '"operation":"retention.remove"' } }),
    JSON.stringify({ ...removal, after: null }),
    JSON.stringify({ ...removal, after: { lastSeq: '9', lastHash: 'ab' } }),
    JSON.stringify(removal).slice(0, -1),
  ]) {
    t.equal(read(line), null, line)
  }
})
