import fc from 'fast-check'
import t from 'tap'
import { nestedHttp, nestedSocks } from '../../src/wire/nested-proxy.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1')

t.test('CONNECT and absolute targets ask a further proxy', async (t) => {
  const cases: readonly (readonly [string, string | null])[] = [
    ['CONNECT api.example:443 HTTP/1.1\r\n', ''],
    ['CONNECT a', ''],
    ['GET http://api.example/x HTTP/1.1\r\n', 'api.example'],
    ['POST HTTPS://API.example:8443/x HTTP/1.1\r\n', 'api.example:8443'],
    ['GET http://user@api.example HTTP/1.1\r\n', 'user@api.example'],
    ['GET http://api.example?q HTTP/1.1\r\n', 'api.example'],
    [`GET http://${'a'.repeat(4000)}`, ''],
    ['GET /x HTTP/1.1\r\n', null],
    ['GET /http://api.example/ HTTP/1.1\r\n', null],
    ['OPTIONS * HTTP/1.1\r\n', null],
    ['GET httpx://a/ HTTP/1.1\r\n', null],
    ['CONNECTED x', null],
  ]
  for (const [line, authority] of cases) {
    const wanted = authority === null ? { kind: 'none' } : { kind: 'nested', authority }
    t.strictSame(nestedHttp(bytes(line)), wanted, line.slice(0, 60))
  }
})

t.test('a SOCKS greeting asks a further proxy', async (t) => {
  for (const greeting of ['\x05\x01\x00', '\x05\x02\x00\x02', '\x04\x01\x01\xbb\x01\x02\x03\x04me\x00']) {
    t.strictSame(nestedSocks(bytes(greeting)), { kind: 'nested', authority: '' })
  }
  for (const other of [
    'SSH-2.0-x\r\n',
    '\x05\x00',
    '\x05\x01\x00more',
    '\x04\x09abcdefgh',
    '\x00',
    '\x04\x01\x01\xbb\x01\x02\x03\x04me',
  ]) {
    t.equal(nestedSocks(bytes(other)).kind, 'none', JSON.stringify(other))
  }
})

t.test('while more bytes may change the answer, it is that they are too few', async (t) => {
  for (const line of ['GET h', 'GET HTT', 'GET https://', 'GET http://api.exam']) {
    t.equal(nestedHttp(bytes(line)).kind, 'incomplete', line)
  }
  for (const greeting of ['\x05', '\x05\x03\x00\x01', '\x04', '\x04\x01\x01\xbb']) {
    t.equal(nestedSocks(bytes(greeting)).kind, 'incomplete', JSON.stringify(greeting))
  }
})

t.test('cut anywhere, an answer that is given stays', async (t) => {
  const whole = fc.constantFrom(
    'CONNECT api.example:443 HTTP/1.1\r\n',
    'GET http://api.example/x HTTP/1.1\r\n',
    'POST https://a.example:1/ HTTP/1.1\r\n',
    'GET /x HTTP/1.1\r\n',
  )
  fc.assert(
    fc.property(whole, fc.nat(40), (line, length) => {
      const early = nestedHttp(bytes(line.slice(0, Math.max(length, line.indexOf(' ') + 2))))
      if (early.kind !== 'incomplete') t.strictSame(early, nestedHttp(bytes(line)))
    }),
    { numRuns: 200 },
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (random) => {
      nestedHttp(random)
      nestedSocks(random)
    }),
  )
  t.pass('and no bytes make it throw')
})
