import t from 'tap'
import { OutgoingBytes } from '../../src/inspect/body-restorer.ts'

t.test('what was added is taken once', async (t) => {
  const out = new OutgoingBytes()
  t.equal(out.take().length, 0)
  const piece = Buffer.from('one')
  out.add(piece)
  t.equal(out.take(), piece, 'one piece is not copied')
  out.add(piece)
  out.add(Buffer.from('two'))
  t.equal(Buffer.from(out.take()).toString(), 'onetwo')
  t.equal(out.take().length, 0)
})
