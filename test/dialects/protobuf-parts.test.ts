import { Buffer } from 'node:buffer'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import t from 'tap'
import { GENERIC_KEYS } from '../../src/dialects/generic.ts'
import { framedParts, protobufParts } from '../../src/dialects/protobuf-parts.ts'
import { frameBytes, framingOf } from '../../src/wire/grpc-frames.ts'

const message = (text: string): Uint8Array => new BinaryWriter().tag(1, WireType.LengthDelimited).string(text).finish()

t.test('strings of a message are parts that nobody edits, opaque bytes are looked at for keys only', async (t) => {
  const bytes = new BinaryWriter()
    .tag(1, WireType.LengthDelimited)
    .string('héllo')
    .tag(2, WireType.LengthDelimited)
    .bytes(new Uint8Array([0xff, 1, 2]))
    .finish()
  t.strictSame(protobufParts(bytes), {
    ok: true,
    model: null,
    parts: [
      { start: 2, end: 8, escaping: 'plain', field: '1', isEditable: false },
      { start: 10, end: 13, escaping: 'plain', field: '2', isEditable: false, isName: true },
    ],
  })
})

t.test('messages of a stream share the names of their fields', async (t) => {
  const body = Buffer.concat([frameBytes(0, message('a')), frameBytes(0, message('b'))])
  const result = framedParts(body, framingOf('application/grpc')!, GENERIC_KEYS)
  t.strictSame(result.ok && result.parts.map(({ field, start, end }) => [field, body.toString('utf8', start, end)]), [
    ['1', 'a'],
    ['1', 'b'],
  ])
})

t.test('bytes behind the last whole message make the body unparsable', async (t) => {
  const body = Buffer.concat([frameBytes(0, message('a')), Buffer.from([0, 0])])
  t.strictSame(framedParts(body, framingOf('application/grpc')!, GENERIC_KEYS), { ok: false, unread: 'unparsable' })
})

t.test('trailers of gRPC-Web are read as the text they are', async (t) => {
  const body = Buffer.concat([frameBytes(0, message('hi')), frameBytes(0x80, Buffer.from('a: b'))])
  const result = framedParts(body, framingOf('application/grpc-web+proto')!, GENERIC_KEYS)
  t.strictSame(
    result.ok &&
      result.parts.map(({ field, isEditable, start, end }) => [field, isEditable, body.toString('utf8', start, end)]),
    [
      ['1', false, 'hi'],
      ['trailers', false, 'a: b'],
    ],
  )
})
