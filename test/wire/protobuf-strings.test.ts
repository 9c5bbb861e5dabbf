import { Buffer } from 'node:buffer'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import fc from 'fast-check'
import t from 'tap'
import { protobufStrings } from '../../src/wire/protobuf-strings.ts'

const text = (bytes: Uint8Array, { start, end }: { start: number; end: number }): string =>
  Buffer.from(bytes).toString('utf8', start, end)

const shown = (bytes: Uint8Array): Record<string, string> | null => {
  const found = protobufStrings(bytes)
  return found && Object.fromEntries(found.map((leaf) => [leaf.path, text(bytes, leaf)]))
}

const writer = (): BinaryWriter => new BinaryWriter()

t.test('strings are found with the numbers of their fields, in nested messages too', async (t) => {
  const inner = writer().tag(2, WireType.LengthDelimited).string('a secret inside\u0000').finish()
  const bytes = writer()
    .tag(1, WireType.Varint)
    .uint64(18446744073709551615n)
    .tag(2, WireType.LengthDelimited)
    .string('outside')
    .tag(3, WireType.Bit64)
    .double(3.5)
    .tag(4, WireType.Bit32)
    .float(2)
    .tag(5, WireType.LengthDelimited)
    .fork()
    .tag(1, WireType.LengthDelimited)
    .bytes(inner)
    .tag(7, WireType.Varint)
    .int32(-1)
    .join()
    .tag(536870911, WireType.LengthDelimited)
    .string('last')
    .finish()
  t.strictSame(shown(bytes), { 2: 'outside', '5.1.2': 'a secret inside\u0000', 536870911: 'last' })
})

t.test('groups of the old format are read through', async (t) => {
  const bytes = writer()
    .tag(1, WireType.StartGroup)
    .tag(2, WireType.LengthDelimited)
    .string('in a group')
    .tag(1, WireType.EndGroup)
    .tag(3, WireType.LengthDelimited)
    .string('behind')
    .finish()
  t.strictSame(shown(bytes), { '1.2': 'in a group', 3: 'behind' })
  t.equal(shown(writer().tag(1, WireType.StartGroup).finish()), null, 'not closed')
  t.equal(shown(writer().tag(1, WireType.EndGroup).finish()), null, 'not open')
  t.equal(shown(writer().tag(1, WireType.StartGroup).tag(2, WireType.EndGroup).finish()), null, 'another one closed')
})

t.test('opaque bytes are given too, and said to be no text', async (t) => {
  const bytes = writer()
    .tag(1, WireType.LengthDelimited)
    .bytes(new Uint8Array([0xff, 0xfe, 0x41]))
    .finish()
  t.strictSame(protobufStrings(bytes), [{ start: 2, end: 5, path: '1', isText: false }])
})

t.test('what could be a text and a message is given as both', async (t) => {
  const secret = 'AKIAQ3ZK7WJ2NPLM5XRT AKIAQ3ZK7WJ2NPLM5XRT'
  const inner = writer().tag(1, WireType.LengthDelimited).string(secret).finish()
  const bytes = writer().tag(1, WireType.LengthDelimited).bytes(inner).finish()
  t.strictSame(shown(bytes), { '1.1': secret, 1: `\n)${secret}` })
})

t.test('an empty message has no strings; bytes that are no message are told', async (t) => {
  t.strictSame(protobufStrings(new Uint8Array(0)), [])
  for (const bad of ['00', '07', '08', '0a05616263', '0aff', '0d000000', '09', '0b', '08ffffffffffffffffffff01']) {
    t.equal(protobufStrings(Buffer.from(bad, 'hex')), null, bad)
  }
})

t.test('a part of a buffer is read with offsets of the buffer', async (t) => {
  const message = writer().tag(1, WireType.LengthDelimited).string('here').finish()
  const bytes = Buffer.concat([Buffer.from('xx'), message, Buffer.from('yy')])
  t.strictSame(protobufStrings(bytes, 2, 2 + message.length), [{ start: 4, end: 8, path: '1', isText: true }])
})

t.test('nesting and work end at a limit, and the deepest bytes are still given', async (t) => {
  let bytes: Uint8Array = writer().tag(1, WireType.LengthDelimited).string('deep\u0000').finish()
  for (let depth = 0; depth < 60; depth += 1) {
    bytes = writer().tag(1, WireType.LengthDelimited).bytes(bytes).finish()
  }
  const found = protobufStrings(bytes) ?? []
  t.equal(found.length, 1)
  t.match(text(bytes, found[0]!), /deep/u)
  t.equal(found[0]!.path.split('.').length, 33)
  const many = Buffer.alloc(1_200_000, Buffer.from([0x08, 0x01]))
  t.equal(protobufStrings(many), null, 'too many fields')
})

type Field =
  | { readonly kind: 'string'; readonly number: number; readonly value: string }
  | { readonly kind: 'number'; readonly number: number; readonly value: number }
  | { readonly kind: 'message'; readonly number: number; readonly value: readonly Field[] }

const number = fc.integer({ min: 1, max: 5000 })
const message: fc.Memo<readonly Field[]> = fc.memo((depth) =>
  fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant('string' as const), number, value: fc.string({ unit: 'grapheme' }) }),
      fc.record({ kind: fc.constant('number' as const), number, value: fc.nat() }),
      ...(depth > 1 ? [fc.record({ kind: fc.constant('message' as const), number, value: message(depth - 1) })] : []),
    ),
    { maxLength: 5 },
  ),
)

function encode(fields: readonly Field[], out: BinaryWriter): BinaryWriter {
  for (const field of fields) {
    if (field.kind === 'number') out.tag(field.number, WireType.Varint).uint32(field.value)
    else if (field.kind === 'string') out.tag(field.number, WireType.LengthDelimited).string(field.value)
    else encode(field.value, out.tag(field.number, WireType.LengthDelimited).fork()).join()
  }
  return out
}

const strings = (fields: readonly Field[]): string[] =>
  fields.flatMap((field) =>
    field.kind === 'string' ? [field.value] : field.kind === 'message' ? strings(field.value) : [],
  )

t.test('every string of any message is inside some leaf', async () => {
  fc.assert(
    fc.property(message(4), (fields) => {
      const bytes = encode(fields, writer()).finish()
      const found = protobufStrings(bytes)
      if (found === null) return false
      const leaves = found.map((leaf) => Buffer.from(bytes.subarray(leaf.start, leaf.end)))
      // A text of control characters may look like a message: its own bytes are then split, and none is a word.
      return strings(fields)
        .filter((value) => /^[\x20-\x7e]{3,}$/u.test(value))
        .every((value) => leaves.some((leaf) => leaf.includes(value)))
    }),
    { numRuns: 300 },
  )
})

t.test('no bytes whatever make it throw, and every leaf stands inside', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) =>
      (protobufStrings(bytes) ?? []).every(({ start, end }) => start < end && end <= bytes.length),
    ),
    { numRuns: 500 },
  )
})
