import fc from 'fast-check'
import t from 'tap'
import {
  encodeMethod,
  encodePasswordStatus,
  encodeReply,
  encodeSocks4Rejection,
  MAX_MESSAGE_BYTES,
  METHODS,
  type Parsed,
  parseCredentials,
  parseMethodOffer,
  parseSocksRequest,
  REPLIES,
  type Reply,
} from '../../src/wire/socks5.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text.replaceAll(' ', ''), 'hex')
const named = (name: string, port = 443): Uint8Array =>
  Buffer.concat([Buffer.of(5, 1, 0, 3, name.length), Buffer.from(name, 'latin1'), Buffer.of(port >> 8, port & 255)])

t.test('an offer of methods is read, and what comes behind it is left alone', async (t) => {
  t.match(parseMethodOffer(bytes('05 02 00 02 ff')), { kind: 'message', message: { methods: [0, 2] }, length: 4 })
  t.match(parseMethodOffer(bytes('05 00')), { kind: 'invalid', reason: 'methods' })
  t.match(parseMethodOffer(bytes('04 01 01 bb')), { kind: 'invalid', reason: 'socks4' })
  for (const first of [0x16, 0x47, 0x00, 0xff]) {
    t.match(parseMethodOffer(Uint8Array.of(first)), { kind: 'invalid', reason: 'version' })
  }
})

t.test('user and password are read as bytes', async (t) => {
  const parsed = parseCredentials(
    Buffer.concat([Buffer.of(1, 5), Buffer.from('alice'), Buffer.of(3), Buffer.from('p:w')]),
  )
  t.equal(parsed.kind, 'message')
  if (parsed.kind !== 'message') return
  t.equal(Buffer.from(parsed.message.user).toString(), 'alice')
  t.equal(Buffer.from(parsed.message.password).toString(), 'p:w')
  t.match(parseCredentials(bytes('01 00 00')), { kind: 'message', length: 3 })
  t.match(parseCredentials(bytes('05 01')), { kind: 'invalid', reason: 'version' })
})

t.test('names and addresses come out in the one canonical form', async (t) => {
  const rows: readonly [Uint8Array, string][] = [
    [named('API.Anthropic.COM.'), 'api.anthropic.com'],
    [named('0x7f.1'), '127.0.0.1'],
    [named('[::ffff:7f00:1]'), '127.0.0.1'],
    [named('2001:DB8::1'), '2001:db8::1'],
    [bytes('05 01 00 01 c0 00 02 07 01 bb'), '192.0.2.7'],
    [bytes('05 01 00 04 20010db8000000000000000000000001 01 bb'), '2001:db8::1'],
    [bytes('05 01 00 04 00000000000000000000ffff7f000001 01 bb'), '127.0.0.1'],
    [bytes('05 01 00 04 0064ff9b0000000000000000c0000207 01 bb'), '192.0.2.7'],
  ]
  for (const [request, host] of rows) {
    t.match(parseSocksRequest(request), { kind: 'message', message: { command: 'connect', host, port: 443 } }, host)
  }
})

t.test('what is no destination is told as what it is', async (t) => {
  for (const name of ['', ' ', 'a b', 'user@host', 'a\0b', 'a/b', 'fe80::1%eth0', 'a..b', '%61.example']) {
    t.match(parseSocksRequest(named(name)), { kind: 'invalid', reason: 'host' }, JSON.stringify(name))
  }
  t.match(parseSocksRequest(named('a.example', 0)), { kind: 'invalid', reason: 'port' })
  t.match(parseSocksRequest(bytes('05 01 00 02 00')), { kind: 'invalid', reason: 'address-type' })
  t.match(parseSocksRequest(bytes('04 01 00 01')), { kind: 'invalid', reason: 'version' })
})

t.test('the commands are told apart', async (t) => {
  for (const [code, command] of [
    [1, 'connect'],
    [2, 'bind'],
    [3, 'udp-associate'],
    [0, 'unknown'],
    [9, 'unknown'],
  ] as const) {
    const request = named('a.example')
    request[1] = code
    t.match(parseSocksRequest(request), { kind: 'message', message: { command } })
  }
  t.match(parseSocksRequest(bytes('05 03 00 01 00000000 0000')), { message: { command: 'udp-associate' } })
})

t.test('answers are the bytes of the RFCs', async (t) => {
  const hex = (answer: Uint8Array): string => Buffer.from(answer).toString('hex')
  t.equal(hex(encodeMethod(METHODS.password)), '0502')
  t.equal(hex(encodeMethod(METHODS.noneAcceptable)), '05ff')
  t.equal(hex(encodePasswordStatus(true)), '0100')
  t.not(hex(encodePasswordStatus(false)), '0100')
  t.equal(hex(encodeReply('succeeded')), '05000001000000000000')
  t.equal(hex(encodeReply('commandNotSupported')), '05070001000000000000')
  t.equal(hex(encodeSocks4Rejection()), '005b000000000000')
  for (const reply of Object.keys(REPLIES) as Reply[]) t.equal(encodeReply(reply).length, 10)
})

const PARSERS: readonly ((input: Uint8Array) => Parsed<unknown>)[] = [
  parseMethodOffer,
  parseCredentials,
  parseSocksRequest,
]

t.test('whatever comes, a parser neither throws nor waits for more than the longest message', async () => {
  fc.assert(
    fc.property(fc.constantFrom(...PARSERS), fc.uint8Array({ maxLength: 600 }), (parse, input) => {
      const parsed = parse(input)
      if (parsed.kind === 'message') return parsed.length <= Math.min(input.length, MAX_MESSAGE_BYTES)
      return parsed.kind === 'invalid' || input.length < MAX_MESSAGE_BYTES
    }),
    { numRuns: 2000 },
  )
})

t.test('a message cut anywhere is incomplete, and bytes behind it change nothing', async () => {
  const offer = fc
    .uint8Array({ minLength: 1, maxLength: 255 })
    .map((methods) => Buffer.concat([Buffer.of(5, methods.length), methods]))
  const field = fc.uint8Array({ maxLength: 255 })
  const credentials = fc
    .tuple(field, field)
    .map(([user, password]) => Buffer.concat([Buffer.of(1, user.length), user, Buffer.of(password.length), password]))
  const request = fc
    .tuple(fc.stringMatching(/^[a-z][a-z0-9]{0,20}\.[a-z]{2,8}$/), fc.integer({ min: 1, max: 65_535 }))
    .map(([name, port]) => Buffer.from(named(name, port)))
  const whole = fc.oneof(
    offer.map((message) => ({ message, parse: PARSERS[0] })),
    credentials.map((message) => ({ message, parse: PARSERS[1] })),
    request.map((message) => ({ message, parse: PARSERS[2] })),
  )
  fc.assert(
    fc.property(whole, fc.uint8Array({ maxLength: 20 }), fc.nat(), ({ message, parse }, rest, cut) => {
      const at = cut % message.length
      const part = parse?.(message.subarray(0, at))
      const all = parse?.(Buffer.concat([message, rest]))
      return part?.kind === 'incomplete' && all?.kind === 'message' && all.length === message.length
    }),
    { numRuns: 1000 },
  )
})
