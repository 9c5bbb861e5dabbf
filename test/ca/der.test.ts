import fc from 'fast-check'
import t from 'tap'
import {
  bits,
  bmp,
  boolean,
  children,
  content,
  context,
  decode,
  encode,
  isContext,
  isUniversal,
  nul,
  octets,
  oid,
  readOid,
  sequence,
  smallInteger,
  time,
  utf8,
} from '../../src/ca/der.ts'

const hex = (node: Parameters<typeof encode>[0]) => encode(node).toString('hex')

t.test('values are encoded as DER has them', async (t) => {
  t.equal(hex(sequence(smallInteger(2), boolean(true), boolean(false), nul())), '300b0201020101ff0101000500')
  t.equal(hex(oid('2.5.29.17')), '0603551d11')
  t.equal(hex(bits(Uint8Array.of(0x80), 7)), '03020780')
  t.equal(hex(context(2, Buffer.from('a'))), '820161')
  t.equal(hex(context(0, [smallInteger(2)])), 'a003020102')
  t.equal(hex(utf8('ä')), '0c02c3a4')
  t.equal(hex(bmp('ä')), '1e0200e4')
})

t.test('times change their form in 2050', async (t) => {
  t.equal(encode(time(Date.UTC(2049, 11, 31, 23, 59, 59))).toString('latin1'), '\x17\x0d491231235959Z')
  t.equal(encode(time(Date.UTC(2050, 0, 1))).toString('latin1'), '\x18\x0f20500101000000Z')
})

t.test('constructed strings of BER are joined', async (t) => {
  const chunked = Buffer.from('2480040161040262630000', 'hex')
  t.equal(content(decode(chunked)).toString(), 'abc')
})

t.test('asking for what is not there throws', async (t) => {
  t.throws(() => children(decode(encode(smallInteger(1)))))
  t.throws(() => children(undefined))
  t.throws(() => content(undefined))
  t.throws(() => decode(Buffer.alloc(0)))
})

t.test('tags are told apart', async (t) => {
  t.ok(isContext(decode(encode(context(3, []))), 3))
  t.notOk(isContext(decode(encode(smallInteger(3))), 3))
  t.ok(isUniversal(decode(encode(octets(Buffer.alloc(0)))), 4))
})

t.test('property: bytes and numbers come back as they went in', async (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      return content(decode(encode(octets(bytes)))).equals(Buffer.from(bytes))
    }),
  )
  const arc = fc.array(fc.nat(2 ** 31 - 1), { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(arc, (arcs) => readOid(decode(encode(oid(`1.2.${arcs.join('.')}`)))) === `1.2.${arcs.join('.')}`),
  )
  t.pass()
})
