import t from 'tap'
import { segmentOf } from '../../../src/audit/segments.ts'
import { GoneCheck, inPlace } from '../../../src/audit/tree/gone-check.ts'
import type { RecordedRemoval } from '../../../src/audit/tree/recorded-removal.ts'
import type { Problem } from '../../../src/audit/tree/verify-report.ts'

const first = { seq: 10, stream: 's', prevHash: 'ab', whoDigest: '' }
const removal: RecordedRemoval = { seq: 80, what: 'records', stream: 's', gone: [[1, 9]], lastHash: null }
const about = { stream: 's', signed: 90, first }

t.test('records that are gone must be named by records, wherever those stand', async (t) => {
  const gone = new GoneCheck()
  t.notOk(gone.isAny)
  gone.missing([1, 9])
  gone.missing([20, 29])
  t.ok(gone.isAny)
  gone.take(segmentOf('/d', 's', 10), { removals: [removal], unnamed: null })
  t.match(gone.report(about), { problems: [{ kind: 'removed', seq: 20 }], notes: [] })
  gone.take(segmentOf('/d', 's', 70), { removals: [{ ...removal, gone: [[20, 25]] }], unnamed: null })
  t.match(gone.report(about), { problems: [{ kind: 'removed', seq: 26, message: /^records 26 to 29 are gone/ }] })
  gone.take(segmentOf('/d', 's', 80), { removals: [{ ...removal, gone: [[20, 29]] }], unnamed: null })
  t.same(gone.report(about), {
    problems: [],
    notes: ['records 20 to 29 were removed because of their age'],
    expired: 0,
  })
  t.equal(gone.report({ ...about, signed: 79 }).problems.length, 2, 'nobody signed them')
  t.same(gone.report({ ...about, first: null }).problems, [], 'that nothing is there at all is said elsewhere')
})

t.test('a personal file that is gone must be named, as far as its records are signed', async (t) => {
  const gone = new GoneCheck()
  gone.take(segmentOf('/d', 's', 10), { removals: [], unnamed: { line: 2, seq: 11, lastSeq: 19, count: 5 } })
  t.match(gone.report(about), { problems: [{ kind: 'person', seq: 11, line: 2, file: /events-s-/ }], expired: 0 })
  t.same(gone.report({ ...about, signed: 10 }).problems, [])
  const forgotten = { ...removal, what: 'persons' } as const
  gone.take(segmentOf('/d', 's', 70), { removals: [{ ...forgotten, gone: [[1, 15]] }], unnamed: null })
  t.match(gone.report(about).problems, [{ seq: 16, line: null }])
  gone.take(segmentOf('/d', 's', 70), { removals: [{ ...forgotten, gone: [[1, 19]] }], unnamed: null })
  t.same(gone.report(about), { problems: [], notes: [], expired: 5 })
})

t.test('problems are put in where their records stand', async (t) => {
  const at = (seq: number | null): Problem => ({ kind: 'removed', seq, file: null, line: null, message: '' })
  const seqs = (problems: readonly Problem[]) => problems.map(({ seq }) => seq)
  t.same(seqs(inPlace([at(5), at(null), at(9)], [at(1), at(7), at(12)])), [1, 5, null, 7, 9, 12])
})
