import t from 'tap'
import { namedRanges } from '../../../src/audit/tree/named-ranges.ts'
import type { RecordedRemoval } from '../../../src/audit/tree/recorded-removal.ts'

const removal: RecordedRemoval = { seq: 50, what: 'records', stream: 's', gone: [[1, 9]], lastHash: null }
const named = (removals: readonly RecordedRemoval[], before: { seq: number; hash: string } | null = null) =>
  namedRanges('records', { stream: 's', removals, signed: 60, before })

t.test('what signed records of the stream say counts together', async (t) => {
  const more: RecordedRemoval = {
    ...removal,
    seq: 60,
    gone: [
      [10, 12],
      [20, 22],
    ],
  }
  t.same(named([removal, more]), [
    [1, 12],
    [20, 22],
  ])
  t.same(named([{ ...removal, seq: 61 }]), [], 'nobody signed it')
  t.same(named([{ ...removal, stream: 'other' }]), [])
  t.same(named([{ ...removal, what: 'persons' }]), [])
  t.same(
    namedRanges('persons', { stream: 's', removals: [{ ...removal, what: 'persons' }], signed: 60, before: null }),
    [[1, 9]],
  )
})

t.test('one without ranges must fit the first record that is there', async (t) => {
  const old = { ...removal, lastHash: 'ab' }
  t.same(named([old], { seq: 9, hash: 'ab' }), [[1, 9]])
  t.same(named([old], { seq: 10, hash: 'ab' }), [])
  t.same(named([old], { seq: 9, hash: 'cd' }), [])
  t.same(named([old]), [])
})
