import { Buffer } from 'node:buffer'
import { isIPv4, isIPv6 } from 'node:net'
import fc from 'fast-check'
import t from 'tap'
import { MAX_V1_BYTES, MAX_V2_BYTES, parseProxyHeader } from '../../src/wire/proxy-protocol.ts'

const ascii = (text: string): Uint8Array => Buffer.from(text, 'latin1')
const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')

const v2 = (command: number, family: number, body: Uint8Array, declared = body.length): Buffer =>
  Buffer.concat([SIGNATURE, Buffer.from([command, family, declared >> 8, declared & 255]), body])

const V4 = Buffer.from([192, 0, 2, 1, 198, 51, 100, 7, 0xdc, 0x04, 0x01, 0xbb])
const V6 = Buffer.concat([
  Buffer.from('20010db8000000000000000000000001', 'hex'),
  Buffer.from('20010db8000000000000000000000002', 'hex'),
  Buffer.from([0xdc, 0x04, 0x01, 0xbb]),
])

t.test('a version 1 line names the client', async (t) => {
  const line = 'PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n'
  t.strictSame(parseProxyHeader(ascii(`${line}CONNECT a:443`)), {
    kind: 'proxied',
    length: line.length,
    source: { address: '192.0.2.1', port: 56324 },
  })
  t.match(parseProxyHeader(ascii('PROXY TCP6 2001:db8::1 ::ffff:10.0.0.1 1 2\r\n')), {
    kind: 'proxied',
    source: { address: '2001:db8::1', port: 1 },
  })
})

t.test('UNKNOWN says nothing, whatever stands behind it', async (t) => {
  for (const line of [
    'PROXY UNKNOWN\r\n',
    'PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n',
    'PROXY UNKNOWN \x00 x\r\n',
  ]) {
    t.strictSame(parseProxyHeader(ascii(line)), { kind: 'local', length: line.length }, JSON.stringify(line))
  }
})

t.test('malformed version 1 lines are invalid', async (t) => {
  for (const line of [
    'PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\n',
    'PROXY TCP4 192.0.2.1 198.51.100.7 56324\r\n',
    'PROXY TCP4 192.0.2.1 198.51.100.7 56324 443 x\r\n',
    'PROXY TCP4  192.0.2.1 198.51.100.7 56324 443\r\n',
    'PROXY TCP4 192.0.2.256 198.51.100.7 56324 443\r\n',
    'PROXY TCP4 192.0.2.01 198.51.100.7 56324 443\r\n',
    'PROXY TCP4 0x7f.0.0.1 198.51.100.7 56324 443\r\n',
    'PROXY TCP4 2001:db8::1 198.51.100.7 56324 443\r\n',
    'PROXY TCP4 192.0.2.1 198.51.100.7 65536 443\r\n',
    'PROXY TCP4 192.0.2.1 198.51.100.7 -1 443\r\n',
    'PROXY TCP4 192.0.2.1 198.51.100.7 00 443\r\n',
    'PROXY TCP6 192.0.2.1 ::1 1 2\r\n',
    'PROXY TCP6 1::2::3 ::1 1 2\r\n',
    'PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n',
    'PROXY TCP6 1:2:3:4:5:6:7 ::1 1 2\r\n',
    'PROXY TCP6 1:2:3:4:5:6:7:8:9 ::1 1 2\r\n',
    'PROXY UDP4 192.0.2.1 198.51.100.7 1 2\r\n',
    'PROXY tcp4 192.0.2.1 198.51.100.7 1 2\r\n',
    'PROXY \r\n',
    `PROXY UNKNOWN${'x'.repeat(MAX_V1_BYTES)}`,
  ]) {
    t.equal(parseProxyHeader(ascii(line)).kind, 'invalid', JSON.stringify(line))
  }
})

t.test('a version 2 header names the client, and what balancers add is skipped', async (t) => {
  t.strictSame(parseProxyHeader(Buffer.concat([v2(0x21, 0x11, V4), ascii('GET ')])), {
    kind: 'proxied',
    length: 28,
    source: { address: '192.0.2.1', port: 56324 },
  })
  t.strictSame(parseProxyHeader(v2(0x21, 0x21, V6)), {
    kind: 'proxied',
    length: 52,
    source: { address: '2001:db8:0:0:0:0:0:1', port: 56324 },
  })
  const tlvs = Buffer.concat([V4, Buffer.from([0x04, 0, 3, 1, 2, 3])])
  t.match(parseProxyHeader(v2(0x21, 0x11, tlvs)), { kind: 'proxied', length: 34 })
})

t.test('LOCAL, no family, and sockets that have no IP address say nothing', async (t) => {
  t.strictSame(parseProxyHeader(v2(0x20, 0x00, Buffer.alloc(0))), { kind: 'local', length: 16 })
  t.strictSame(parseProxyHeader(v2(0x20, 0x11, V4)), { kind: 'local', length: 28 })
  t.strictSame(parseProxyHeader(v2(0x21, 0x00, Buffer.alloc(3))), { kind: 'local', length: 19 })
  t.strictSame(parseProxyHeader(v2(0x21, 0x31, Buffer.alloc(216))), { kind: 'local', length: 232 })
  t.strictSame(parseProxyHeader(v2(0x21, 0x12, V4)), { kind: 'local', length: 28 }, 'a datagram')
})

t.test('version 2 headers that break the format are invalid as soon as it shows', async (t) => {
  for (const [name, bytes] of [
    ['version 1', v2(0x11, 0x11, V4)],
    ['version 3', v2(0x31, 0x11, V4)],
    ['command 2', v2(0x22, 0x11, V4)],
    ['family 4', v2(0x21, 0x41, V4)],
    ['transport 3', v2(0x21, 0x13, V4)],
    ['IPv4 cut', v2(0x21, 0x11, V4.subarray(0, 11))],
    ['IPv6 in the length of IPv4', v2(0x21, 0x21, V4)],
    ['too long', v2(0x21, 0x11, V4, MAX_V2_BYTES - 15)],
  ] as const) {
    t.equal(parseProxyHeader(bytes).kind, 'invalid', name)
  }
})

t.test('anything else is no header', async (t) => {
  for (const text of [
    'GET / HTTP/1.1\r\n',
    'CONNECT a:443 HTTP/1.1',
    '\x16\x03\x01',
    'PROXYX',
    '\r\n\r\n\r\n',
    'proxy TCP4',
  ]) {
    t.equal(parseProxyHeader(ascii(text)).kind, 'absent', JSON.stringify(text))
  }
  t.equal(parseProxyHeader(new Uint8Array(0)).kind, 'incomplete')
})

const header = fc.oneof(
  fc
    .tuple(fc.ipV4(), fc.ipV4(), fc.nat(65_535), fc.nat(65_535))
    .map(([from, to, a, b]) => ascii(`PROXY TCP4 ${from} ${to} ${a} ${b}\r\n`)),
  fc
    .tuple(fc.ipV6(), fc.ipV6(), fc.nat(65_535), fc.nat(65_535))
    .map(([from, to, a, b]) => ascii(`PROXY TCP6 ${from} ${to} ${a} ${b}\r\n`)),
  fc
    .tuple(fc.uint8Array({ minLength: 12, maxLength: 12 }), fc.uint8Array({ maxLength: 300 }))
    .map(([addresses, tlvs]) => v2(0x21, 0x11, Buffer.concat([addresses, tlvs]))),
  fc
    .tuple(fc.uint8Array({ minLength: 36, maxLength: 36 }), fc.uint8Array({ maxLength: 300 }))
    .map(([addresses, tlvs]) => v2(0x21, 0x21, Buffer.concat([addresses, tlvs]))),
  fc.uint8Array({ maxLength: 300 }).map((body) => v2(0x20, 0x00, body)),
)

t.test('however a header is cut, it is incomplete until its last byte, and what follows never matters', async (t) => {
  fc.assert(
    fc.property(header, fc.uint8Array({ maxLength: 40 }), (bytes, rest) => {
      const whole = parseProxyHeader(bytes)
      if (whole.kind !== 'proxied' && whole.kind !== 'local') throw new Error(JSON.stringify(whole))
      if (whole.length !== bytes.length) throw new Error('length')
      for (let cut = 0; cut < bytes.length; cut++) {
        if (parseProxyHeader(bytes.subarray(0, cut)).kind !== 'incomplete') throw new Error(`cut at ${cut}`)
      }
      t.strictSame(parseProxyHeader(Buffer.concat([bytes, rest])), whole)
      if (whole.kind === 'proxied' && !isIPv4(whole.source.address) && !isIPv6(whole.source.address)) {
        throw new Error(whole.source.address)
      }
    }),
    { numRuns: 200 },
  )
})

t.test('no bytes make it throw, and more than the limits are never asked for', async (t) => {
  const start = fc.constantFrom(
    ascii('PROXY '),
    ascii('PROXY TCP4 '),
    ascii('PROXY TCP6 '),
    SIGNATURE,
    new Uint8Array(0),
  )
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 200 }), (head, rest) => {
      const read = parseProxyHeader(Buffer.concat([head, rest]))
      if (read.kind === 'proxied' && !isIPv4(read.source.address) && !isIPv6(read.source.address)) {
        throw new Error(read.source.address)
      }
    }),
    { numRuns: 1000 },
  )
  t.not(parseProxyHeader(Buffer.concat([ascii('PROXY '), Buffer.alloc(MAX_V1_BYTES, 0x20)])).kind, 'incomplete')
  t.not(parseProxyHeader(v2(0x21, 0x11, Buffer.alloc(MAX_V2_BYTES), 65_535)).kind, 'incomplete')
})
