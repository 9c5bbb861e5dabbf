import t from 'tap'
import { damagedFile, damageNote, leftOut, shownRange } from '../../../src/audit/report/damaged-files.ts'
import { StreamPart } from '../../../src/audit/report/pack-records.ts'
import type { TrailDamage } from '../../../src/audit/report/trail-records.ts'
import { tunnel } from '../events.ts'
import { signed } from './packed.ts'

const damage: TrailDamage = {
  stream: 'n1-w0',
  file: 'events-n1-w0-000000000004.jsonl',
  why: 'EIO',
  missing: 'records',
  firstSeq: 4,
  lastSeq: 6,
}
const part = (...seqs: readonly number[]): StreamPart => {
  const made = new StreamPart('n1-w0', seqs[0] ?? 0)
  for (const seq of seqs) made.add(seq)
  return made
}
const told = (change: Partial<TrailDamage> = {}) => ({ ...damage, ...change, signedSize: null })

t.test('what a damaged file held is not counted as left out', async (t) => {
  t.equal(leftOut(part(2, 3, 7, 9), [told()]), 1, 'record 8')
  t.equal(leftOut(part(2, 3, 7, 9), []), 4)
  t.equal(leftOut(part(2, 3), [told({ lastSeq: null })]), 0, 'it lies behind the part')
  t.equal(leftOut(part(8, 9), [told()]), 0, 'it lies before the part')
  t.equal(leftOut(part(5, 8), [told({ missing: 'persons' })]), 2, 'the records are not missing')
  t.equal(leftOut(part(2, 9), [told({ stream: 'n2-w0' })]), 6, 'another stream')
})

t.test('the signed tree says how many records there were, where there is one', async (t) => {
  const { dir } = await signed(t, [tunnel(), tunnel(), tunnel()], [3])
  t.equal(damagedFile(dir, damage).signedSize, 3)
  t.equal(damagedFile(dir, { ...damage, stream: 'n9-w0' }).signedSize, null)
})

t.test('it is said which records, of which file, and why', async (t) => {
  t.equal(
    damageNote(told()),
    '`events-n1-w0-000000000004.jsonl` cannot be read (EIO): records 4 to 6 of n1-w0 are not in this pack',
  )
  t.match(damageNote(told({ lastSeq: null, missing: 'persons' })), /records from 4 on .* without their persons$/u)
  t.equal(shownRange(told()), '4 – 6')
  t.equal(shownRange(told({ lastSeq: null })), '4 –')
})
