import fc from 'fast-check'
import t from 'tap'
import { CLIENT_BITS, countClients, emptyBits, joinBits, setBit } from '../../src/discover/client-bits.ts'

t.test('few clients are counted rightly, many about', async (t) => {
  t.equal(countClients(emptyBits()), 0)
  const bits = emptyBits()
  for (const bit of [0, 7, 8, CLIENT_BITS - 1, 7]) setBit(bits, bit)
  t.equal(countClients(bits), 4)
  t.equal(countClients(new Uint8Array(CLIENT_BITS / 8).fill(255)), 3000, 'beyond what it can tell')
})

t.test('two counts joined are the count of both together', async (t) => {
  const anyBits = fc.array(fc.nat(CLIENT_BITS - 1), { maxLength: 100 })
  fc.assert(
    fc.property(anyBits, anyBits, (left, right) => {
      const [a, b, both] = [emptyBits(), emptyBits(), emptyBits()]
      for (const bit of left) setBit(a, bit)
      for (const bit of right) setBit(b, bit)
      for (const bit of [...left, ...right]) setBit(both, bit)
      joinBits(a, b)
      return countClients(a) === countClients(both)
    }),
  )
  t.pass('for whatever bits')
})
