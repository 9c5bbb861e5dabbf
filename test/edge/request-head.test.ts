import type { IncomingMessage } from 'node:http'
import fc from 'fast-check'
import t from 'tap'
import { ProxyError } from '../../src/domain/proxy-error.ts'
import { isUpgradeRequest, namesOf, readHead, type TunnelName } from '../../src/edge/request-head.ts'

const LIMITS = { maxHeaderBytes: 65_536, maxHeaders: 100, maxUrlBytes: 1000 }
const TUNNEL: TunnelName = { scheme: 'https', host: 'api.example.com', port: 443 }

/** What node:http would have made of a head. */
function requestOf(url: string, rawHeaders: string[], httpVersion = '1.1'): IncomingMessage {
  const headers: Record<string, string> = {}
  for (let index = 0; index < rawHeaders.length; index += 2) {
    headers[(rawHeaders[index] ?? '').toLowerCase()] = rawHeaders[index + 1] ?? ''
  }
  return { url, rawHeaders, headers, httpVersion, method: 'GET' } as unknown as IncomingMessage
}

const PLAIN: [string, string, string][] = [
  ['http://a.example/', 'a.example', 'http a.example:80 /'],
  ['http://A.Example./x?q=1', 'a.example', 'http a.example:80 /x?q=1'],
  ['http://a.example', 'a.example:80', 'http a.example:80 /'],
  ['http://a.example?q', 'a.example', 'http a.example:80 /?q'],
  ['http://a.example:8080//x', 'A.EXAMPLE:8080', 'http a.example:8080 //x'],
  ['https://a.example/', 'a.example', 'https a.example:443 /'],
  ['ws://a.example/', 'a.example', 'http a.example:80 /'],
  ['http://[::1]:81/', '[::1]:81', 'http ::1:81 /'],
  ['http://b\u00fccher.example/', 'xn--bcher-kva.example', 'http xn--bcher-kva.example:80 /'],
  ['http://a.example/', 'b.example', 'host-mismatch'],
  ['http://a.example/', 'a.example:81', 'host-mismatch'],
  ['http://a.example/', 'a.example.evil', 'host-mismatch'],
  ['http://user@a.example/', 'a.example', 'bad-authority'],
  ['http://a.example:0/', 'a.example', 'bad-authority'],
  ['http://a.example:99999/', 'a.example', 'bad-authority'],
  ['http:///x', 'a.example', 'bad-authority'],
  ['http://a.example/#f', 'a.example', 'bad-target'],
  ['ftp://a.example/', 'a.example', 'bad-target'],
  ['a.example:80', 'a.example', 'bad-target'],
  ['/x', 'a.example', 'bad-target'],
  ['*', 'a.example', 'bad-target'],
  ['http://a.example/', 'a b', 'bad-request'],
  ['http://a.example/', '', 'bad-request'],
  ['http://a.example/', 'a.example, b.example', 'bad-request'],
]

const INSIDE: [string, string, string][] = [
  ['/v1?a=/b', 'api.example.com', 'https api.example.com:443 /v1?a=/b'],
  ['/', 'API.example.com:443', 'https api.example.com:443 /'],
  ['*', 'api.example.com', 'https api.example.com:443 *'],
  ['https://api.example.com/x', 'api.example.com', 'https api.example.com:443 /x'],
  ['https://evil.example/x', 'evil.example', 'host-mismatch'],
  ['http://api.example.com/x', 'api.example.com', 'host-mismatch'],
  ['https://api.example.com:444/x', 'api.example.com:444', 'host-mismatch'],
  ['/', 'evil.example', 'host-mismatch'],
  ['/', 'api.example.com:80', 'host-mismatch'],
  ['//evil.example/x', 'api.example.com', 'https api.example.com:443 //evil.example/x'],
]

const told = (read: ReturnType<typeof readHead>): string => {
  if (read instanceof ProxyError) return read.code
  const { scheme, host, port } = read.head
  return `${scheme} ${host}:${port} ${read.target}`
}

t.test('targets and Host lines of the plain listener have one reading or a refusal', async (t) => {
  for (const [url, host, expected] of PLAIN) {
    t.equal(told(readHead(requestOf(url, ['Host', host]), null, LIMITS)), expected, `${url} with ${host}`)
  }
})

t.test('inside a tunnel its name is the only one', async (t) => {
  for (const [url, host, expected] of INSIDE) {
    t.equal(told(readHead(requestOf(url, ['Host', host]), TUNNEL, LIMITS)), expected, `${url} with ${host}`)
  }
})

t.test('no Host is for HTTP/1.0 only, two are for nobody, even when they agree', async (t) => {
  t.equal(told(readHead(requestOf('/', []), TUNNEL, LIMITS)), 'bad-request')
  t.equal(told(readHead(requestOf('/', [], '1.0'), TUNNEL, LIMITS)), 'https api.example.com:443 /')
  const twice = ['Host', 'api.example.com', 'hOST', 'api.example.com']
  t.equal(told(readHead(requestOf('/', twice), TUNNEL, LIMITS)), 'duplicate-host')
})

t.test('the limits of URL and header lines hold to the byte and line', async (t) => {
  const url = (length: number): string => `/${'x'.repeat(length - 1)}`
  const lines = (count: number): string[] =>
    [
      'Host',
      'api.example.com',
      ...Array(count - 1)
        .fill(['X', 'y'])
        .flat(),
    ] as string[]
  t.equal(told(readHead(requestOf(url(1001), lines(1)), TUNNEL, LIMITS)), 'url-too-long')
  t.not(told(readHead(requestOf(url(1000), lines(1)), TUNNEL, LIMITS)), 'url-too-long')
  t.equal(told(readHead(requestOf('/', lines(101)), TUNNEL, LIMITS)), 'headers-too-large')
  t.not(told(readHead(requestOf('/', lines(100)), TUNNEL, LIMITS)), 'headers-too-large')
})

t.test('the query is no part of the path, and neither is changed', async (t) => {
  const read = readHead(requestOf('/a%2Fb?c=d?e', ['Host', 'api.example.com']), TUNNEL, LIMITS)
  t.match(read, { target: '/a%2Fb?c=d?e', head: { path: '/a%2Fb' } })
})

t.test('whatever the target and Host are, inside a tunnel nothing leads elsewhere', async (t) => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.webUrl()), fc.oneof(fc.string(), fc.domain()), (url, host) => {
      const read = readHead(requestOf(url, ['Host', host]), TUNNEL, LIMITS)
      if (read instanceof ProxyError) return
      t.match(read.head, { scheme: 'https', host: 'api.example.com', port: 443 })
    }),
    { numRuns: 300 },
  )
})

t.test('only an upgrade that is asked for on this connection counts, and h2c never does', async (t) => {
  const cases: [string[], boolean][] = [
    [['Connection', 'Upgrade', 'Upgrade', 'websocket'], true],
    [['Connection', 'keep-alive, upgrade', 'Upgrade', 'WebSocket'], true],
    [['Connection', 'Upgrade', 'Upgrade', 'SPDY/3.1'], true],
    [['Connection', 'Upgrade', 'Upgrade', 'h2c, websocket'], true],
    [['Connection', 'Upgrade', 'Upgrade', 'h2c'], false],
    [['Connection', 'Upgrade', 'Upgrade', 'H2C, '], false],
    [['Connection', 'keep-alive', 'Upgrade', 'websocket'], false],
    [['Upgrade', 'websocket'], false],
    [['Connection', 'Upgrade'], false],
  ]
  for (const [lines, expected] of cases) t.equal(isUpgradeRequest(requestOf('/', lines)), expected, lines.join(' '))
})

t.test(
  'the names of a mismatch: the connection first, then target and Host; what is no name is left out',
  async (t) => {
    t.strictSame(namesOf(requestOf('https://b.example/', ['Host', 'c.example:8']), TUNNEL), [
      { host: 'api.example.com', port: 443 },
      { host: 'b.example', port: 443 },
      { host: 'c.example', port: 8 },
    ])
    t.strictSame(namesOf(requestOf('/', ['Host', 'a b']), null), [])
  },
)
