import { mkdirSync, renameSync, rmdirSync, rmSync } from 'node:fs'
import { basename } from 'node:path'
import t from 'tap'
import {
  csvRows,
  firstWalk,
  personLines,
  type RecordQuestion,
  StreamPart,
} from '../../../src/audit/report/pack-records.ts'
import { listSegments } from '../../../src/audit/segments.ts'
import { admin, followingOutcome, intent, tunnel } from '../events.ts'
import { filled } from '../filled.ts'
import { readAlice } from './packed.ts'

const first = intent({ time: '2026-11-22T10:00:00.000Z' })
const events = [first, followingOutcome({ flow: first.flow }), tunnel(), admin()]

const questionOf = (dir: string, change: Partial<RecordQuestion> = {}): RecordQuestion => ({
  dir,
  range: { fromMs: 0, toMs: Date.parse('2100-01-01T00:00:00Z') },
  flows: null,
  readPerson: readAlice,
  hasPersons: true,
  onProgress: () => undefined,
  ...change,
})

t.test('a part knows which numbers it has', async (t) => {
  const part = new StreamPart('s', 5)
  for (const seq of [5, 7, 100_000]) part.add(seq)
  t.strictSame(
    [4, 5, 6, 7, 99_999, 100_000, 100_001].map((seq) => part.has(seq)),
    [false, true, false, true, false, true, false],
  )
  t.match(part, { records: 3, firstSeq: 5, lastSeq: 100_000 })
})

t.test('lines are those of the files, exchanges are merged and know their persons', async (t) => {
  const { dir } = await filled(t, events)
  const seen: Record<string, unknown>[] = []
  const walk = firstWalk(questionOf(dir), (exchange) => seen.push(exchange))
  const lines = [...walk.lines]
  t.equal(lines.length, 4)
  t.equal(walk.gapCount(), 0)
  t.match(walk.streams.get('n1-w0'), { records: 4, firstSeq: 1, lastSeq: 4 })
  t.match(seen, [{ phase: 'outcome', client: { user: 'alice' } }, { phase: 'tunnel' }, { phase: 'admin' }])
  t.equal([...csvRows(questionOf(dir), walk)].length, 1 + 3)
  const persons = [...personLines(questionOf(dir), walk)].map((line) => JSON.parse(line))
  t.match(persons, [{ client: { user: 'alice' }, line: /^\{"v":/u }, {}, { client: { addr: '10.1.2.3' } }])
})

t.test('only the flows that were asked for', async (t) => {
  const { dir } = await filled(t, events)
  const walk = firstWalk(questionOf(dir, { flows: new Set([first.flow]) }), () => undefined)
  t.equal([...walk.lines].length, 2)
})

t.test('without persons no name is read', async (t) => {
  const { dir } = await filled(t, events)
  const seen: Record<string, unknown>[] = []
  const walk = firstWalk(questionOf(dir, { hasPersons: false }), (exchange) => seen.push(exchange))
  t.notMatch([...walk.lines].join('') + JSON.stringify(seen), /alice|10\.1\.2\.3/u)
  t.notMatch([...csvRows(questionOf(dir, { hasPersons: false }), walk)].join(''), /alice/u)
})

t.test('what can be read again since the first walk is in no file, what cannot be read any more ends it', async (t) => {
  const { dir, spool } = await filled(t, [...events, tunnel(), tunnel()], 1500)
  await spool.close()
  const [, second] = listSegments(dir)
  const file = second?.events ?? ''
  const aside = `${file}.aside`
  renameSync(file, aside)
  mkdirSync(file)
  const walk = firstWalk(questionOf(dir), () => undefined)
  const count = [...walk.lines].length
  t.match(walk.damage, [{ file: basename(file), missing: 'records' }])
  t.match([...personLines(questionOf(dir), walk)], { length: count - (count > 3 ? 1 : 0) })
  rmdirSync(file)
  renameSync(aside, file)
  t.equal([...personLines(questionOf(dir), walk)].length, count - (count > 3 ? 1 : 0), 'it was brought back')
  const whole = firstWalk(questionOf(dir), () => undefined)
  t.equal([...whole.lines].length, 6)
  rmSync(file)
  mkdirSync(file)
  t.throws(
    () => [...csvRows(questionOf(dir), whole)],
    /could be read first and cannot be read now: it is no regular file: try again/u,
  )
})
