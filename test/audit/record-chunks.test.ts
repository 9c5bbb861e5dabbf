import t from 'tap'
import { RecordChunks } from '../../src/audit/record-chunks.ts'
import { openStore } from '../../src/audit/store-schema.ts'

const record = (i: number) => ({ line: `{"i":${i}}`, personal: i % 3 === 0 ? null : `person ${i}` })

t.test('records are found by their numbers, before and after a flush and by somebody else', async (t) => {
  const db = openStore(':memory:')!
  const chunks = new RecordChunks(db)
  const numbers = Array.from({ length: 200 }, (_, i) => chunks.add(i % 2 === 0 ? 'a' : 'b', record(i), i))
  const check = (some: RecordChunks, when: string) =>
    t.same(
      numbers.map((number) => some.get(number)),
      numbers.map((_, i) => record(i)),
      when,
    )
  check(chunks, 'in memory')
  chunks.flush()
  chunks.flushed()
  check(chunks, 'written')
  check(new RecordChunks(db), 'read')
  t.equal(chunks.newestOf('b'), 199)
  t.equal(chunks.newestOf('none'), 0)
  t.same(
    [...new RecordChunks(db).ofFile('a')].flat().map(({ line }) => line),
    numbers.flatMap((_, i) => (i % 2 === 0 ? [record(i).line] : [])),
  )
  chunks.removeFile('a')
  t.equal(chunks.get(numbers[0]!), null)
  t.same(chunks.get(numbers[1]!), record(1))
  db.close()
})

t.test('persons are taken out of written records, open ones too', async (t) => {
  const db = openStore(':memory:')!
  const chunks = new RecordChunks(db)
  const numbers = Array.from({ length: 100 }, (_, i) => chunks.add('a', record(i), i))
  chunks.flush()
  chunks.flushed()
  chunks.forgetPersons([numbers[1]!, numbers[98]!])
  for (const some of [chunks, new RecordChunks(db)]) {
    t.same(some.get(numbers[1]!), { line: record(1).line, personal: null })
    t.same(some.get(numbers[98]!), { line: record(98).line, personal: null })
    t.same(some.get(numbers[2]!), record(2))
  }
  db.close()
})

t.test('a chunk that cannot be unpacked is damage', async (t) => {
  const db = openStore(':memory:')!
  const chunks = new RecordChunks(db)
  const number = chunks.add('a', record(1), 1)
  chunks.flush()
  db.exec("UPDATE chunks SET data = x'00'")
  t.throws(() => new RecordChunks(db).get(number), /cannot be unpacked/)
  db.close()
})
