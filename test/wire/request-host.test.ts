import fc from 'fast-check'
import t from 'tap'
import { readRequestHost } from '../../src/wire/request-host.ts'

const MAX = 4096
const read = (text: string, max = MAX) => readRequestHost(Buffer.from(text, 'latin1'), max)

t.test('the Host of a request to an origin is read as sent', async (t) => {
  for (const [head, authority] of [
    ['GET / HTTP/1.1\r\nHost: news.example\r\n\r\n', 'news.example'],
    ['POST /a?b=c HTTP/1.1\r\nA: b\r\nhOsT:News.Example:8080 \t\r\nC: d\r\n\r\nbody', 'News.Example:8080'],
    ['OPTIONS * HTTP/1.0\r\nHost:\t[2001:db8::1]\r\n\r\n', '[2001:db8::1]'],
    ['GET /ü HTTP/1.1\r\nHost: a.example\r\n\r\n', 'a.example'],
  ] as const) {
    t.strictSame(read(head), { kind: 'host', authority })
  }
})

t.test('whatever two parsers might read differently names no host', async (t) => {
  const rows: readonly [string, string][] = [
    ['GET / HTTP/1.1\r\n\r\n', 'no Host'],
    ['GET / HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n\r\n', 'two'],
    ['GET / HTTP/1.1\r\nHost: a.example\r\nhost: a.example\r\n\r\n', 'two of the same'],
    ['GET / HTTP/1.1\r\nHost : a.example\r\n\r\n', 'white space before the colon'],
    ['GET / HTTP/1.1\r\nHost: a.example\r\n b.example\r\n\r\n', 'folded'],
    ['GET / HTTP/1.1\r\nA: b\nHost: c.example\r\nHost: a.example\r\n\r\n', 'bare LF'],
    ['GET / HTTP/1.1\r\nA: b\rHost: c.example\r\nHost: a.example\r\n\r\n', 'bare CR'],
    ['GET / HTTP/1.1\r\nA: \0\r\nHost: a.example\r\n\r\n', 'NUL'],
    ['GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n', 'absolute form'],
    ['CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n', 'CONNECT'],
    ['CONNECT /a HTTP/1.1\r\nHost: a.example\r\n\r\n', 'CONNECT to a path'],
    ['GET / HTTP/2.0\r\nHost: a.example\r\n\r\n', 'another version'],
    ['GET /a b HTTP/1.1\r\nHost: a.example\r\n\r\n', 'white space in the target'],
    ['GET /\r\nHost: a.example\r\n\r\n', 'no version'],
  ]
  for (const [head, why] of rows) t.equal(read(head).kind, 'none', why)
})

t.test('a head that never ends is given up at the limit, not before', async (t) => {
  t.equal(read(`GET / HTTP/1.1\r\nHost: a.example\r\nA: ${'x'.repeat(100)}`).kind, 'incomplete')
  t.equal(read(`GET / HTTP/1.1\r\nHost: a.example\r\nA: ${'x'.repeat(MAX)}`).kind, 'none')
  t.equal(read('', MAX).kind, 'incomplete')
})

t.test('cut anywhere, a head is incomplete; whatever comes, nothing is thrown', async () => {
  const name = fc.stringMatching(/^[a-z]{1,10}\.[a-z]{2,5}$/)
  fc.assert(
    fc.property(name, fc.array(name, { maxLength: 4 }), fc.nat(), (host, others, cut) => {
      const lines = [`Host: ${host}`, ...others.map((other) => `X-${other}: ${other}`)].sort()
      const head = `GET / HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`
      const found = read(`${head}rest`)
      return (
        read(head.slice(0, cut % head.length)).kind === 'incomplete' &&
        found.kind === 'host' &&
        found.authority === host
      )
    }),
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) =>
      ['host', 'incomplete', 'none'].includes(readRequestHost(bytes, 200).kind),
    ),
  )
})
