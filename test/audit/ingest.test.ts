import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { Ingest } from '../../src/audit/ingest.ts'
import { listSegments } from '../../src/audit/segments.ts'
import { openStore } from '../../src/audit/store-schema.ts'
import { intent, tunnel } from './events.ts'
import { filled } from './filled.ts'

const rows = (db: NonNullable<ReturnType<typeof openStore>>, table: string) =>
  Number(db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.['n'])

t.test('a line counts once, however often it is read', async (t) => {
  const at = await filled(t, [intent(), tunnel()])
  const db = openStore(':memory:')!
  const ingest = new Ingest(db, at.dir)
  while (ingest.step());
  t.equal(ingest.step(), false)
  db.exec('DELETE FROM files')
  const again = new Ingest(db, at.dir)
  while (again.step());
  t.equal(rows(db, 'records'), 2)
  t.equal(rows(db, 'exchanges'), 2)
  db.close()
})

t.test('lines that are no records are counted and left out', async (t) => {
  const at = await filled(t, [tunnel()])
  const { events } = listSegments(at.dir)[0]!
  writeFileSync(events, `x\n{"id":"1","flow":"1","phase":"tunnel","time":"never"}\n${readFileSync(events, 'utf8')}`)
  const db = openStore(':memory:')!
  const ingest = new Ingest(db, at.dir)
  while (ingest.step());
  t.equal(ingest.badLines, 2)
  t.equal(rows(db, 'records'), 1)
  db.close()
})

t.test('a personal line that was read before its record waits for it, also in another process', async (t) => {
  const at = await filled(t, [tunnel(), tunnel()])
  const { events } = listSegments(at.dir)[0]!
  const whole = readFileSync(events, 'utf8')
  writeFileSync(events, whole.slice(0, whole.indexOf('\n') + 1))
  const db = openStore(':memory:')!
  const first = new Ingest(db, at.dir)
  while (first.step());
  t.equal(rows(db, 'waiting'), 1)
  writeFileSync(events, whole)
  const second = new Ingest(db, at.dir)
  while (second.step());
  t.equal(rows(db, 'waiting'), 0)
  t.equal(Number(db.prepare('SELECT count(*) AS n FROM records WHERE personal IS NOT NULL').get()?.['n']), 2)
  db.close()
})

t.test('files that are not what they were are told', async (t) => {
  const at = await filled(t, [tunnel()])
  const db = openStore(':memory:')!
  const ingest = new Ingest(db, at.dir)
  while (ingest.step());
  const { events } = listSegments(at.dir)[0]!
  renameSync(events, `${events}.kept`)
  writeFileSync(events, '{}\n')
  t.throws(() => ingest.step(), { message: /is not the file it was/ })
  rmSync(events)
  t.equal(ingest.step(), false, 'a segment that was removed is no change')
  db.close()
})
