import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { compressFile } from '../../src/audit/compress-segment.ts'
import { ExchangeTable } from '../../src/audit/exchange-table.ts'
import { Ingest, type IngestOptions } from '../../src/audit/ingest.ts'
import { listSegments } from '../../src/audit/segments.ts'
import { openStore } from '../../src/audit/store-schema.ts'
import { intent, tunnel } from './events.ts'
import { filled } from './filled.ts'

const rows = (db: DatabaseSync, table: string) => Number(db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.['n'])

function readAll(db: DatabaseSync, dir: string, options: IngestOptions = {}) {
  const table = new ExchangeTable(db)
  const ingest = new Ingest(db, table, dir, options)
  while (ingest.step());
  ingest.flush()
  return { ingest, table, exchanges: [...table.blocks].reduce((sum, block) => sum + block.rows, 0) }
}

t.test('a line counts once, however often it is read', async (t) => {
  const at = await filled(t, [intent(), tunnel()])
  const db = openStore(':memory:')!
  t.equal(readAll(db, at.dir).ingest.step(), false)
  db.exec('DELETE FROM files')
  t.equal(readAll(db, at.dir).exchanges, 2)
  t.equal(rows(db, 'ids'), 4, 'two records, two flows')
  db.close()
})

t.test('what was not flushed is read again, what was flushed is not', async (t) => {
  const at = await filled(t, [intent(), tunnel()])
  const db = openStore(':memory:')!
  const lost = new Ingest(db, new ExchangeTable(db), at.dir)
  while (lost.step());
  t.equal(lost.unflushed, 2)
  t.equal(rows(db, 'files'), 0)
  readAll(db, at.dir)
  await at.write(tunnel())
  const after = new Ingest(db, new ExchangeTable(db), at.dir)
  while (after.step());
  t.equal(after.unflushed, 1)
  t.equal(after.offsetOf('none'), null)
  db.close()
})

t.test('for somebody who only reads nothing is written', async (t) => {
  const at = await filled(t, [intent()])
  const db = openStore(':memory:')!
  const { exchanges } = readAll(db, at.dir, { isReadOnly: true })
  t.same([exchanges, rows(db, 'files'), rows(db, 'ids')], [1, 0, 0])
  db.close()
})

t.test('compressed segments are read; a damaged one is named, left out, and read once it is back', async (t) => {
  const at = await filled(t, [tunnel(), tunnel(), tunnel(), tunnel()], 1)
  const { events } = listSegments(at.dir)[1]!
  t.match(compressFile(events), { ok: true })
  const bytes = readFileSync(`${events}.zst`)
  writeFileSync(`${events}.zst`, 'garbage')
  const db = openStore(':memory:')!
  const table = new ExchangeTable(db)
  const ingest = new Ingest(db, table, at.dir)
  const read = () => {
    while (ingest.step());
    return [...table.blocks].reduce((sum, block) => sum + block.rows, 0)
  }
  t.equal(read(), 3)
  t.match(ingest.unreadable, [{ file: `${basename(events)}.zst`, why: /end is missing/ }])
  writeFileSync(`${events}.zst`, bytes)
  t.equal(read(), 4)
  t.same(ingest.unreadable, [])
  db.close()
})

t.test('lines that are no records are counted and left out', async (t) => {
  const at = await filled(t, [tunnel()])
  const { events } = listSegments(at.dir)[0]!
  writeFileSync(events, `x\n{"id":"1","flow":"1","phase":"tunnel","time":"never"}\n${readFileSync(events, 'utf8')}`)
  const db = openStore(':memory:')!
  const { ingest, exchanges } = readAll(db, at.dir)
  t.same([ingest.badLines, exchanges], [2, 1])
  db.close()
})

t.test('a personal line that was read before its record waits for it, also in another process', async (t) => {
  const at = await filled(t, [tunnel(), tunnel()])
  const { events } = listSegments(at.dir)[0]!
  const whole = readFileSync(events, 'utf8')
  writeFileSync(events, whole.slice(0, whole.indexOf('\n') + 1))
  const db = openStore(':memory:')!
  readAll(db, at.dir)
  t.equal(rows(db, 'waiting'), 1)
  writeFileSync(events, whole)
  const { table } = readAll(db, at.dir)
  t.equal(rows(db, 'waiting'), 0)
  t.ok([0, 1].every((row) => table.recordsOf(row)[0]?.personal?.includes('"who":"p_')))
  db.close()
})

t.test('files that are not what they were are told', async (t) => {
  const at = await filled(t, [tunnel()])
  const db = openStore(':memory:')!
  const { ingest } = readAll(db, at.dir)
  const { events } = listSegments(at.dir)[0]!
  renameSync(events, `${events}.kept`)
  writeFileSync(events, '{}\n')
  t.throws(() => ingest.step(), { message: /is not the file it was/ })
  rmSync(events)
  t.equal(ingest.step(), false, 'a segment that was removed is no change')
  db.close()
})

const forgedLine = (id: string): string => `{"v":1,"id":"${id}","salt":"x","addr":"10.6.6.6","user":"mallory"}\n`

t.test('a personal line that the record does not prove is nobody, wherever it stands', async (t) => {
  const at = await filled(t, [tunnel(), tunnel()])
  const { personal } = listSegments(at.dir)[0]!
  const [first = '', second = ''] = readFileSync(personal, 'utf8').split('\n')
  const users = () => {
    const db = openStore(':memory:')!
    const { table } = readAll(db, at.dir)
    const found = [0, 1].map((row) => table.recordsOf(row)[0]?.personal ?? null)
    t.equal(rows(db, 'waiting'), 0)
    db.close()
    return found
  }
  const forged = [first, second].map((line) => forgedLine((JSON.parse(line) as { id: string }).id)).join('')
  writeFileSync(personal, `${forged}${first}\n${second}\n`)
  t.strictSame(users(), [first, second], 'before the lines')
  writeFileSync(personal, `${first}\n${second}\n${forged}`)
  t.strictSame(users(), [first, second], 'behind them')
  writeFileSync(personal, forged)
  t.strictSame(users(), [null, null], 'instead of them')
})

t.test('a personal line that waited for its record must be proven by it as well', async (t) => {
  const at = await filled(t, [tunnel(), tunnel()])
  const { events, personal } = listSegments(at.dir)[0]!
  const whole = readFileSync(events, 'utf8')
  const [first = '', second = ''] = readFileSync(personal, 'utf8').split('\n')
  writeFileSync(events, whole.slice(0, whole.indexOf('\n') + 1))
  writeFileSync(personal, `${first}\n${forgedLine((JSON.parse(second) as { id: string }).id)}`)
  const db = openStore(':memory:')!
  readAll(db, at.dir)
  t.equal(rows(db, 'waiting'), 1)
  writeFileSync(events, whole)
  const { table } = readAll(db, at.dir)
  t.strictSame(
    [0, 1].map((row) => table.recordsOf(row)[0]?.personal),
    [first, null],
  )
  db.close()
})
