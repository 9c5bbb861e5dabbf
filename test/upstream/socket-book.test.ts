import { Socket } from 'node:net'
import t from 'tap'
import { SocketBook } from '../../src/upstream/socket-book.ts'

t.test('an error is told apart by the connection it happened on', (t) => {
  const book = new SocketBook()
  const [first, second] = [new Socket(), new Socket()]
  book.note(first)
  const between = book.now
  book.note(second)
  const [early, late] = [new Error('early'), new Error('late')]
  first.on('error', () => undefined).emit('error', early)
  second.on('error', () => undefined).emit('error', late)
  t.ok((book.madeAt(early) ?? Infinity) <= between)
  t.ok((book.madeAt(late) ?? 0) > between)
  t.equal(book.madeAt(new Error('of no connection')), null)
  t.equal(book.madeAt('text'), null)
  t.end()
})
