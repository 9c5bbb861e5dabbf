import fc from 'fast-check'
import t from 'tap'
import type { FollowedRecord } from '../../../src/audit/sinks/follow.ts'
import { createFilter, createSelection } from '../../../src/audit/sinks/selection.ts'
import { alice, config, intent, singleOutcome, tunnel } from '../events.ts'

const record = (seq: number, stream = 'n1-w0'): FollowedRecord => ({
  id: `id-${seq}`,
  time: '2026-11-23T10:00:00.000Z',
  phase: 'outcome',
  stream,
  record: { id: `id-${seq}`, tool: seq % 10 === 0 ? 'claude-code' : 'codex' },
  line: 'x'.repeat(10),
  cursor: { segment: 1, offset: 0, line: seq, personal: 0, seq },
})

/** Reads `count` records of one stream. */
function reader(count: number): (max: number) => FollowedRecord[] {
  let next = 1
  return (max) => {
    const found: FollowedRecord[] = []
    while (found.length < max && next <= count) found.push(record(next++))
    return found
  }
}

t.test('a filter is asked of each record alone, persons included', async (t) => {
  const { address: addr, user, groups, device, network } = alice
  const client = { addr, user, groups, device, network }
  const blocked = { ...singleOutcome({ tier: 'prohibited' }), client }
  const watched = { ...intent({ action: 'log' }), client }
  const cases: readonly [filter: string, wanted: readonly string[]][] = [
    ['tier:prohibited', ['blocked']],
    ['tier:prohibited,restricted -action:block', ['watched']],
    ['phase:tunnel', ['tunnel']],
    ['phase:config', ['config']],
    ['user:ali*', ['blocked', 'watched']],
    ['-user:alice', ['tunnel', 'config']],
    ['group:emea status:>=200', ['blocked']],
    ['finding:*', ['blocked', 'watched']],
    ['host:*.qoder.com.cn', ['tunnel']],
    ['"sha256"', ['config']],
  ]
  const records = { blocked, watched, tunnel: { ...tunnel(), client: null }, config: config() }
  for (const [filter, wanted] of cases) {
    const isWanted = createFilter(filter, true)
    const found = Object.entries(records).filter(([, each]) => isWanted(each as never))
    t.strictSame(
      found.map(([name]) => name),
      wanted,
      filter,
    )
  }
  t.equal(
    Object.values(records).every((each) => createFilter(null, false)(each as never)),
    true,
  )
  t.throws(() => createFilter('tierr:prohibited', true), /character 1: .*did you mean `tier:`/)
})

t.test('it reads on until so many are wanted, and says where that ends', async (t) => {
  const select = createSelection(reader(95), createFilter('tool:claude-code', true))
  const first = select(4, 1e6)
  t.strictSame(
    first.records.map(({ id }) => id),
    ['id-10', 'id-20', 'id-30', 'id-40'],
  )
  t.match(first, { leftOut: 36, passed: { 'n1-w0': { seq: 40 } } })
  t.match(select(40, 1e6), { records: { length: 5 }, leftOut: 50, passed: { 'n1-w0': { seq: 95 } } })
  t.strictSame(select(40, 1e6), { records: [], leftOut: 0, passed: {} })
})

t.test('a long way without a wanted record is told in pieces', async (t) => {
  const select = createSelection(reader(12_000), createFilter('tool:qoder', true))
  const seqs = [1, 2, 3].map(() => select(500, 1e6).passed['n1-w0']?.seq)
  t.strictSame(seqs, [5000, 10_000, 12_000])
})

t.test('however it is cut, each wanted record comes once and none is passed by', async () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 300 }))), (cuts) => {
      const select = createSelection(reader(300), createFilter('tool:claude-code', true))
      const found: string[] = []
      let seq = 0
      for (const [max, bytes] of cuts) {
        const { records, passed, leftOut } = select(max, bytes)
        found.push(...records.map(({ id }) => id))
        const next = passed['n1-w0']?.seq ?? seq
        if (next - seq !== records.length + leftOut) return false
        seq = next
      }
      return found.join() === Array.from({ length: Math.floor(seq / 10) }, (_, i) => `id-${(i + 1) * 10}`).join()
    }),
  )
})
