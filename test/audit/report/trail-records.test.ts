import { appendFileSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import t from 'tap'
import { compressFile } from '../../../src/audit/compress-segment.ts'
import { type TrailDamage, type TrailGap, trailRecords } from '../../../src/audit/report/trail-records.ts'
import { listSegments } from '../../../src/audit/segments.ts'
import { admin, tunnel } from '../events.ts'
import { filled } from '../filled.ts'

const at = (hour: number): string => `2026-11-22T${String(hour).padStart(2, '0')}:00:00.000Z`
const hours = (from: number, to: number) => ({ fromMs: Date.parse(at(from)), toMs: Date.parse(at(to)) })
const all = { fromMs: 0, toMs: Date.parse('2100-01-01T00:00:00Z') }
const events = Array.from({ length: 12 }, (_, hour) => tunnel({ time: at(hour) }))

t.test('records of the range come in order, with their lines and persons, across segments', async (t) => {
  const { dir } = await filled(t, events, 1500)
  t.ok(listSegments(dir).length > 2)
  const records = [...trailRecords(dir, { range: hours(3, 9) })]
  t.strictSame(
    records.map(({ seq }) => seq),
    [4, 5, 6, 7, 8, 9],
  )
  for (const { line, fields, personal } of records) {
    t.strictSame(JSON.parse(line), fields)
    t.equal(JSON.parse(personal ?? '{}').id, fields['id'])
  }
})

t.test('days on which nothing can be are not read', async (t) => {
  const late = Array.from({ length: 6 }, (_, index) => tunnel({ time: `2026-11-2${index + 1}T00:00:00.000Z` }))
  const { dir } = await filled(t, late, 700)
  const [first] = listSegments(dir)
  writeFileSync(first?.events ?? '', `{"seq":1,"time":"2026-11-21T00:00:00.000Z"}\n`)
  const range = { fromMs: Date.parse('2026-11-25T00:00:00Z'), toMs: Date.parse('2026-11-27T00:00:00Z') }
  t.strictSame(
    [...trailRecords(dir, { range })].map(({ seq }) => seq),
    [5, 6],
  )
})

t.test('a missing record and a missing file are gaps, and the rest is still read', async (t) => {
  const { dir, spool } = await filled(t, events, 1500)
  await spool.close()
  const segments = listSegments(dir)
  const [first, second, third] = segments
  const lines = readFileSync(first?.events ?? '', 'utf8').split('\n')
  writeFileSync(first?.events ?? '', [lines[0], ...lines.slice(2)].join('\n'))
  rmSync(second?.events ?? '')
  const gaps: TrailGap[] = []
  const records = [...trailRecords(dir, { range: all, onGap: (gap) => gaps.push(gap) })]
  t.equal(records.length, 12 - 1 - ((third?.firstSeq ?? 0) - (second?.firstSeq ?? 0)))
  t.match(gaps, [
    { after: 1, before: 3 },
    { after: (second?.firstSeq ?? 0) - 1, before: third?.firstSeq },
  ])
})

t.test('a line that is no record is told and skipped', async (t) => {
  const { dir, spool } = await filled(t, events.slice(0, 2))
  await spool.close()
  const [segment] = listSegments(dir)
  appendFileSync(segment?.events ?? '', 'garbage\nnull\n{"seq":"3"}\n')
  const gaps: TrailGap[] = []
  t.equal([...trailRecords(dir, { range: all, onGap: (gap) => gaps.push(gap) })].length, 2)
  t.equal(gaps.length, 3)
})

t.test('an erased person is none, and those behind it still are', async (t) => {
  const { dir, spool } = await filled(t, [...events.slice(0, 4), admin(), ...events.slice(4, 6)])
  await spool.close()
  const [segment] = listSegments(dir)
  const lines = readFileSync(segment?.personal ?? '', 'utf8').split('\n')
  writeFileSync(segment?.personal ?? '', lines.filter((_, index) => index !== 1).join('\n'))
  t.strictSame(
    [...trailRecords(dir, { range: all })].map(({ personal }) => personal !== null),
    [true, false, true, true, false, true, true],
  )
})

t.test('what is written meanwhile is left out where it is asked for', async (t) => {
  const { dir, write } = await filled(t, events.slice(0, 3))
  const lastSeqs = new Map([['n1-w0', 3]])
  await write(...events.slice(3, 6))
  t.equal([...trailRecords(dir, { range: all, lastSeqs })].length, 3)
  t.equal([...trailRecords(dir, { range: all, lastSeqs: new Map() })].length, 0, 'a stream that was not there')
})

t.test('a personal line that the record does not prove is left out', async (t) => {
  const { dir, spool } = await filled(t, events.slice(0, 2))
  await spool.close()
  const [segment] = listSegments(dir)
  const [first = '', second = ''] = readFileSync(segment?.personal ?? '', 'utf8').split('\n')
  writeFileSync(segment?.personal ?? '', `${first}\n${second.replace('"salt":"', '"salt":"x')}\n`)
  t.strictSame(
    [...trailRecords(dir, { range: all })].map(({ personal }) => personal),
    [first, null],
  )
})

t.test('files that cannot be read are told with the numbers of their records, and the others are read', async (t) => {
  const { dir, spool } = await filled(t, events, 1500)
  await spool.close()
  const segments = listSegments(dir)
  const damage: TrailDamage[] = []
  const gaps: TrailGap[] = []
  const [first, second, third] = segments
  const newest = segments.at(-1)
  for (const each of [second, newest]) {
    rmSync(each?.events ?? '')
    mkdirSync(each?.events ?? '')
  }
  const options = { onDamage: (each: TrailDamage) => damage.push(each), onGap: (gap: TrailGap) => gaps.push(gap) }
  const seqs = [...trailRecords(dir, { range: all, ...options })].map(({ seq }) => seq)
  const from = second?.firstSeq ?? 0
  const to = (third?.firstSeq ?? 0) - 1
  const end = newest?.firstSeq ?? 0
  t.strictSame(
    seqs,
    Array.from({ length: 12 }, (_, index) => index + 1).filter((seq) => (seq < from || seq > to) && seq < end),
  )
  t.strictSame(damage, [
    {
      stream: 'n1-w0',
      file: basename(second?.events ?? ''),
      why: 'it is no regular file',
      missing: 'records',
      firstSeq: from,
      lastSeq: to,
    },
    {
      stream: 'n1-w0',
      file: basename(newest?.events ?? ''),
      why: 'it is no regular file',
      missing: 'records',
      firstSeq: end,
      lastSeq: null,
    },
  ])
  t.strictSame(gaps, [], 'what is told is no gap besides')
  damage.length = 0
  const days = { fromMs: Date.parse('2026-12-24T00:00:00Z'), toMs: Date.parse('2026-12-25T00:00:00Z') }
  t.strictSame([...trailRecords(dir, { range: days, ...options })], [])
  t.match(damage, [{ firstSeq: end }], 'only the file that could hold something of the range')
  t.equal(first?.firstSeq, 1)
})

t.test(
  'a compressed file that is cut off is told, and a personal file that cannot be read takes no record along',
  async (t) => {
    const { dir, spool } = await filled(t, events, 1500)
    await spool.close()
    const [first, second] = listSegments(dir)
    const file = first?.events ?? ''
    t.ok(compressFile(file).ok)
    truncateSync(`${file}.zst`, 40)
    rmSync(second?.personal ?? '')
    mkdirSync(second?.personal ?? '')
    const damage: TrailDamage[] = []
    const records = [...trailRecords(dir, { range: all, onDamage: (each) => damage.push(each) })]
    const from = second?.firstSeq ?? 0
    t.equal(records.length, 12 - from + 1)
    t.equal(records[0]?.personal, null)
    t.match(damage, [
      { file: `${basename(file)}.zst`, missing: 'records', firstSeq: 1, lastSeq: from - 1, why: /end is missing/u },
      { file: basename(second?.personal ?? ''), missing: 'persons', firstSeq: from },
    ])
  },
)
