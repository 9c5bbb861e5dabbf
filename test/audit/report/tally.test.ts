import t from 'tap'
import { MAX_NAMES, Tally } from '../../../src/audit/report/tally.ts'

t.test('names are counted, largest first, equal ones by name', async (t) => {
  const tally = new Tally('requests', 'blocked')
  tally.add('b', { requests: 2 })
  tally.add('a', { requests: 2, blocked: 1 })
  tally.add('c', { requests: 1 })
  tally.add('c', { requests: 4 })
  t.strictSame(tally.rows('requests'), [
    { name: 'c', requests: 5, blocked: 0 },
    { name: 'a', requests: 2, blocked: 1 },
    { name: 'b', requests: 2, blocked: 0 },
  ])
  t.equal(tally.rows('requests', 1).length, 1)
})

t.test('endless and endlessly long names fill no memory, and that some are missing is known', async (t) => {
  const tally = new Tally('n')
  for (let i = 0; i < MAX_NAMES + 10; i++) tally.add(`host-${i}`, { n: 1 })
  tally.add('x'.repeat(1e6), { n: 1 })
  t.equal(tally.size, MAX_NAMES)
  t.equal(tally.beyond, 11)
  tally.add('host-1', { n: 5 })
  t.strictSame(tally.rows('n', 1), [{ name: 'host-1', n: 6 }], 'known names are still counted')
  const long = new Tally('n')
  long.add('x'.repeat(1e6), { n: 1 })
  t.equal(long.rows('n')[0]?.name.length, 200)
})

t.test('names of built-in properties are names like any other', async (t) => {
  const tally = new Tally('n')
  tally.add('__proto__', { n: 1 })
  tally.add('constructor', { n: 1 })
  t.strictSame(
    tally.rows('n').map(({ name }) => name),
    ['__proto__', 'constructor'],
  )
})
