import t from 'tap'
import { ConnectionShares } from '../../src/upstream/connection-shares.ts'

/** Enter; the result leaves. */
function enterFor(shares: ConnectionShares, client: string | null, run: () => void): () => void {
  const place = shares.place(client, run)
  place.enter()
  return place.leave
}

t.test('who finds no connection free waits, and gets the next one in turns with other clients', (t) => {
  const shares = new ConnectionShares({ total: 3, perClient: 2 })
  const began: string[] = []
  const enter = (client: string | null, name: string): (() => void) => enterFor(shares, client, () => began.push(name))
  const ends = ['a1', 'a2', 'a3', 'a4'].map((name) => enter('a', name))
  t.strictSame(began, ['a1', 'a2'], 'no client has all of them')
  const b1 = enter('b', 'b1')
  const b2 = enter('b', 'b2')
  const nobody = enter(null, 'n1')
  t.strictSame(began.splice(0), ['a1', 'a2', 'b1'])
  ends[0]?.()
  t.strictSame(began.splice(0), ['a3'], 'the first that waits')
  ends[1]?.()
  t.strictSame(began.splice(0), ['b2'], 'then another client')
  b1()
  t.strictSame(began.splice(0), ['n1'])
  ends[2]?.()
  ends[2]?.()
  t.strictSame(began.splice(0), ['a4'], 'a second word changes nothing')
  for (const end of [ends[3], b2, nobody]) end?.()
  t.ok(shares.isIdle)
  t.end()
})

t.test('who leaves while he waits leaves nothing behind', (t) => {
  const shares = new ConnectionShares({ total: 1, perClient: 1 })
  const began: string[] = []
  const first = enterFor(shares, null, () => began.push('first'))
  const second = enterFor(shares, 'b', () => began.push('second'))
  const third = enterFor(shares, 'c', () => began.push('third'))
  second()
  first()
  t.strictSame(began, ['first', 'third'])
  third()
  t.ok(shares.isIdle)
  t.end()
})

t.test('clients whom nobody can tell apart have no limit of their own', (t) => {
  const shares = new ConnectionShares({ total: 5, perClient: 1 })
  let began = 0
  for (let index = 0; index < 6; index++) enterFor(shares, null, () => began++)
  t.equal(began, 5)
  t.end()
})

t.test('one that is over before it began to return gives its place on', (t) => {
  const shares = new ConnectionShares({ total: 1, perClient: 1 })
  const began: number[] = []
  const ends = [1, 2].map((number) => enterFor(shares, 'a', () => began.push(number)))
  ends[0]?.()
  t.strictSame(began, [1, 2])
  t.end()
})
