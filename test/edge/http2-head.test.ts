import fc from 'fast-check'
import t from 'tap'
import { readHttp2Head } from '../../src/edge/http2-head.ts'
import { isUpgradeRequest } from '../../src/edge/request-head.ts'

const LIMITS = { maxHeaderBytes: 1000 }
const START = [':method', 'POST', ':scheme', 'https', ':authority', 'a.example', ':path', '/x?y=1']

t.test('pseudo-headers become method, target and Host; crumbs of a cookie become one line', async (t) => {
  const head = readHttp2Head([...START, 'cookie', 'a=1', 'x-one', '1', 'cookie', 'b=2', 'x-one', '2'], 'https', LIMITS)
  t.equal(head.problem, null)
  t.strictSame(head.lines, {
    method: 'POST',
    url: '/x?y=1',
    httpVersion: '2',
    headers: {},
    rawHeaders: ['host', 'a.example', 'cookie', 'a=1; b=2', 'x-one', '1', 'x-one', '2'],
  })
})

t.test('an extended CONNECT for a WebSocket is the upgrade that HTTP/1 would have asked for', async (t) => {
  const lines = [':method', 'CONNECT', ':protocol', 'WebSocket', ...START.slice(2), 'x', '1']
  const head = readHttp2Head(lines, 'https', LIMITS)
  t.equal(head.problem, null)
  t.equal(head.isWebSocket, true)
  t.equal(head.lines.method, 'GET')
  t.strictSame(head.lines.rawHeaders, ['host', 'a.example', 'x', '1', 'upgrade', 'websocket'])
  t.equal(isUpgradeRequest(head.lines), true)
  const other = readHttp2Head([...START, ':protocol', 'websocket'], 'https', LIMITS)
  t.equal(other.isWebSocket, false, 'only with CONNECT')
  t.equal(isUpgradeRequest(other.lines), false)
})

t.test('a Host beside :authority stays one line, and must name the same', async (t) => {
  const same = readHttp2Head([...START, 'host', 'A.example'], 'https', LIMITS)
  t.equal(same.problem, null)
  t.strictSame(same.lines.rawHeaders, ['host', 'A.example'])
  const codes = ['b.example', 'a.example:444', 'not a name'].map(
    (host) => readHttp2Head([...START, 'host', host], 'https', LIMITS).problem?.code,
  )
  t.strictSame(codes, ['host-mismatch', 'host-mismatch', 'host-mismatch'])
  const { lines } = readHttp2Head([...START, 'host', 'b.example'], 'https', LIMITS)
  t.strictSame(lines.rawHeaders, ['host', 'a.example', 'host', 'b.example'], 'both are kept for the record')
})

t.test(
  'what cannot be served is a problem: CONNECT but for a WebSocket, another scheme or expectation, too much',
  async (t) => {
    const codeOf = (lines: string[]): string | undefined => readHttp2Head(lines, 'https', LIMITS).problem?.code
    t.equal(codeOf([':method', 'CONNECT', ':authority', 'a.example:443']), 'nested-connect')
    const extended = (protocol: string): string[] => [':method', 'CONNECT', ':protocol', protocol, ...START.slice(2)]
    t.equal(codeOf(extended('connect-udp')), 'protocol-unsupported')
    t.equal(codeOf(extended('websockets')), 'protocol-unsupported')
    t.equal(codeOf([...extended('websocket'), 'content-length', '0']), 'bad-request')
    t.equal(codeOf(extended('websocket')), undefined)
    t.equal(codeOf([':method', 'GET', ':scheme', 'http', ':path', '/']), 'host-mismatch')
    t.equal(codeOf([...START, 'expect', 'tea']), 'expectation-failed')
    t.equal(codeOf([...START, 'expect', '100-Continue']), undefined)
    t.equal(codeOf([...START, 'x', 'y'.repeat(1000)]), 'headers-too-large')
  },
)

t.test('no lines make it throw, and no pseudo-header is left', async () => {
  const name = fc.oneof(fc.constantFrom(':method', ':authority', ':path', 'host', 'cookie', 'expect'), fc.string())
  fc.assert(
    fc.property(fc.array(fc.tuple(name, fc.string())), (pairs) => {
      const { rawHeaders } = readHttp2Head(pairs.flat(), 'https', LIMITS).lines
      return rawHeaders.every((each, index) => index % 2 === 1 || !each.startsWith(':'))
    }),
  )
})
