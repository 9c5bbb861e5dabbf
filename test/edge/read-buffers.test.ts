import t from 'tap'
import { ReadBuffers } from '../../src/edge/read-buffers.ts'

t.test('a buffer that was filled is followed by a larger one, up to the largest', async (t) => {
  const buffers = new ReadBuffers()
  const medium = buffers.larger(buffers.shared)
  const large = buffers.larger(medium)
  t.strictSame([buffers.shared.length, medium.length, large.length], [4096, 65_536, 1_048_576])
  t.equal(buffers.larger(large), large)
  t.equal(buffers.lentLarge, 1)
})

t.test('a buffer that was given back is lent again, never to two at once', async (t) => {
  const buffers = new ReadBuffers()
  const first = buffers.larger(buffers.shared)
  const second = buffers.larger(buffers.shared)
  t.not(first, second)
  buffers.giveBack(first)
  t.equal(buffers.larger(buffers.shared), first)
  t.not(buffers.larger(buffers.shared), first)
})

t.test('more streams than large buffers read into medium ones', async (t) => {
  const buffers = new ReadBuffers()
  const lent = Array.from({ length: 100 }, () => buffers.larger(buffers.larger(buffers.shared)))
  t.equal(lent.filter((buffer) => buffer.length === 1_048_576).length, 64)
  t.equal(lent.filter((buffer) => buffer.length === 65_536).length, 36)
  t.equal(new Set(lent).size, 100)
  for (const buffer of lent) buffers.giveBack(buffer)
  t.equal(buffers.lentLarge, 0)
})

t.test('giving back the shared buffer changes nothing', async (t) => {
  const buffers = new ReadBuffers()
  buffers.giveBack(buffers.shared)
  t.equal(buffers.lentLarge, 0)
  t.not(buffers.larger(buffers.shared), buffers.shared)
})
