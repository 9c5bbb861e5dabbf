import t from 'tap'
import { encodeTime } from 'ulid'
import { openStore } from '../../src/audit/store-schema.ts'
import { WaitingPersons } from '../../src/audit/waiting-persons.ts'

t.test('a line waits until it is taken, once, also across a restart', async (t) => {
  const db = openStore(':memory:')!
  const waiting = new WaitingPersons(db)
  waiting.add('a', 'person a')
  waiting.add('b', 'person b')
  t.equal(waiting.take('a'), 'person a')
  t.equal(waiting.take('a'), null)
  waiting.flush()
  waiting.flushed()
  const later = new WaitingPersons(db)
  t.equal(later.take('a'), null)
  t.equal(later.take('b'), 'person b')
  t.equal(later.take('b'), null)
  later.flush()
  later.flushed()
  t.equal(new WaitingPersons(db).take('b'), null)
  db.close()
})

t.test('lines of records that would be older than a time go', async (t) => {
  const db = openStore(':memory:')!
  const waiting = new WaitingPersons(db)
  const id = (ms: number) => `${encodeTime(ms)}0123456789ABCDEF`
  waiting.add(id(1000), 'old')
  waiting.add(id(2000), 'young')
  waiting.flush()
  waiting.flushed()
  waiting.forgetBefore(2000)
  t.equal(waiting.take(id(1000)), null)
  t.equal(waiting.take(id(2000)), 'young')
  db.close()
})
