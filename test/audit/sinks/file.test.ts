import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { asideName, createFileSink } from '../../../src/audit/sinks/file.ts'
import { fileSettings, message } from './world.ts'

const idsIn = (text: string): string[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { id: string }).id)

t.test('records are lines of a file that only its owner reads', async (t) => {
  const file = join(t.testdir({}), 'deep', 'events.jsonl')
  const sink = createFileSink(fileSettings(file))
  t.strictSame(await sink.send([message('A'), message('B')]), { kind: 'delivered' })
  t.strictSame(await sink.send([message('C')]), { kind: 'delivered' })
  await sink.close()
  t.strictSame(idsIn(readFileSync(file, 'utf8')), ['A', 'B', 'C'])
  t.equal(statSync(file).mode & 0o777, 0o600)
})

t.test('a line that was cut short goes when the file is opened again', async (t) => {
  const file = join(t.testdir({}), 'events.jsonl')
  for (const torn of ['{"id":"to', 'x'.repeat(200_000)]) {
    writeFileSync(file, `{"id":"A"}\n${torn}`)
    const sink = createFileSink(fileSettings(file))
    t.strictSame(await sink.send([message('B')]), { kind: 'delivered' })
    await sink.close()
    t.strictSame(idsIn(readFileSync(file, 'utf8')), ['A', 'B'])
  }
})

t.test('a full file is put aside, and of those the newest stay', async (t) => {
  const dir = t.testdir({})
  const sink = createFileSink(fileSettings(join(dir, 'e.jsonl'), { maxBytes: 30, keep: 2 }))
  for (const id of ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I'])
    t.match(await sink.send([message(id)]), { kind: 'delivered' })
  await sink.close()
  const names = readdirSync(dir).sort()
  t.equal(names.length, 3)
  t.strictSame(
    names.map((name) => idsIn(readFileSync(join(dir, name), 'utf8'))),
    [['I'], ['E', 'F'], ['G', 'H']],
  )
})

t.test('names of files put aside sort by age and take nobody else’s', async (t) => {
  const now = new Date('2026-11-23T10:15:00.999Z')
  t.equal(asideName('e.jsonl', now, ['e.jsonl', 'other']), 'e.jsonl.20261123T101500Z-001')
  t.equal(asideName('e.jsonl', now, ['e.jsonl.20261123T101500Z-001']), 'e.jsonl.20261123T101500Z-002')
  const before = new Date('2026-11-23T09:00:00Z')
  const kept = 'a.20261123T101500Z-002'
  t.equal(asideName('a', before, [kept, 'b.20271123T101500Z-001']), 'a.20261123T101500Z-003', 'the clock was set back')
})

t.test('a place that cannot be written is tried again, and goes on when it is back', async (t) => {
  const dir = t.testdir({ taken: 'a file' })
  const file = join(dir, 'taken', 'e.jsonl')
  const sink = createFileSink(fileSettings(file))
  t.match(await sink.send([message('A')]), { kind: 'retry', why: /ENOTDIR|EEXIST/ })
  rmSync(join(dir, 'taken'))
  mkdirSync(join(dir, 'taken'))
  t.strictSame(await sink.send([message('A')]), { kind: 'delivered' })
  await sink.close()
  appendFileSync(file, '')
  t.strictSame(idsIn(readFileSync(file, 'utf8')), ['A'])
})
