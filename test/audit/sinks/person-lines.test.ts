import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { PersonLines } from '../../../src/audit/sinks/person-lines.ts'

const line = (id: string, filler = 10): string => JSON.stringify({ v: 1, id, salt: 'x'.repeat(filler) })

t.test('persons are found in the order of their records, those of records that never came are passed by', async (t) => {
  const file = join(t.testdir({}), 'personal')
  writeFileSync(file, ['A', 'orphan', 'B', 'C'].map((id) => `${line(id)}\n`).join(''))
  const persons = new PersonLines(file, 0)
  t.strictSame(
    ['A', 'B', 'none', 'C'].map((id) => persons.take(id)),
    [line('A'), line('B'), null, line('C')],
  )
  appendFileSync(file, `garbage\n${line('D')}\n`)
  t.equal(persons.take('D'), line('D'))
})

t.test('no file, no persons', async (t) => {
  t.equal(new PersonLines(join(t.testdir({}), 'none'), 0).take('A'), null)
})

t.test('from any place that it names, the rest is found again', async () => {
  const dir = t.testdir({})
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 39 }), fc.integer({ min: 0, max: 60_000 }), (stop, filler) => {
      const file = join(dir, 'personal')
      const ids = Array.from({ length: 40 }, (_, index) => `id-${index}`)
      writeFileSync(file, ids.map((id) => `${line(id, filler)}\n${line(`${id}-orphan`, 5)}\n`).join(''))
      const first = new PersonLines(file, 0)
      const found = ids.slice(0, stop).map((id) => first.take(id))
      const second = new PersonLines(file, first.from)
      found.push(...ids.slice(stop).map((id) => second.take(id)))
      return found.every((each, index) => each === line(ids[index] ?? '', filler))
    }),
    { numRuns: 40 },
  )
})

t.test('a person that is missing does not make it read the whole file, again and again', async (t) => {
  const file = join(t.testdir({}), 'personal')
  writeFileSync(file, Array.from({ length: 120 }, (_, index) => `${line(`id-${index}`, 100_000)}\n`).join(''))
  const persons = new PersonLines(file, 0)
  for (let round = 0; round < 3; round++) t.equal(persons.take('erased'), null)
  t.ok(persons.from < 2_000_000, 'it has not run away')
  t.equal(persons.take('id-30'), line('id-30', 100_000))
})
