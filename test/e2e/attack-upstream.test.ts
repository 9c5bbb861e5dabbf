/** Hostile upstreams: what they send ends up as one clean answer, as a cut, or as 502, never in somebody else's answer. */
import type { Socket } from 'node:net'
import t from 'tap'
import { startTcpOrigin } from '../helpers/origin.ts'
import { startWeir } from '../helpers/weir.ts'
import { openSocket, readUntil } from '../helpers/wire-client.ts'

const POISON = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON'
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const chunked = (rest: string): string => `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${rest}`
const withLine = (line: string): string => `HTTP/1.1 200 OK\r\n${line}\r\nContent-Length: 2\r\n\r\nok`

type Outcome = 'ok' | '502' | 'cut' | 'ok or cut'

/** What the server sends to `/first`, what the client of an unread relay and of an AI exchange gets, and the method. */
const ATTACKS: readonly (readonly [
  title: string,
  sent: string,
  relayed: Outcome | 'ok or 502',
  ai: Outcome | 'ok or 502',
  method?: string,
])[] = [
  ['an answer as it should be', OK, 'ok', 'ok'],
  ['a second answer behind the first', OK + POISON, 'ok or cut', 'ok or cut'],
  ['garbage behind the answer', `${OK}XXXX`, 'ok or cut', 'ok or cut'],
  [
    'length and chunks',
    chunked('4\r\nokok\r\n0\r\n\r\n').replace('\r\n\r\n', '\r\nContent-Length: 2\r\n\r\n'),
    '502',
    '502',
  ],
  ['two lengths', `HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 45\r\n\r\nok${POISON}`, '502', '502'],
  ['a list of lengths', `HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok${POISON}`, '502', '502'],
  ['identity and a length', withLine('Transfer-Encoding: identity') + POISON, '502', '502'],
  ['a body behind 204', `HTTP/1.1 204 No\r\nContent-Length: 45\r\n\r\n${POISON}`, 'ok or cut', 'ok or cut'],
  ['a body behind 304', `HTTP/1.1 304 No\r\nContent-Length: 45\r\n\r\n${POISON}`, 'ok or cut', 'ok or cut'],
  ['a body behind HEAD', `HTTP/1.1 200 OK\r\nContent-Length: 45\r\n\r\n${POISON}`, 'ok or cut', 'ok or cut', 'HEAD'],
  [
    'an upgrade that nobody asked for',
    `HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n${POISON}`,
    '502',
    '502',
  ],
  ['a malformed early hint', `HTTP/1.1 103 E\r\nLink: garbage\r\n\r\n${OK}`, 'ok', 'ok'],
  ['a flood of interim answers', 'HTTP/1.1 103 E\r\nLink: </a>; rel=preload\r\n\r\n'.repeat(2000) + OK, '502', '502'],
  ['status 099', 'HTTP/1.1 099 X\r\nContent-Length: 2\r\n\r\nok', '502', '502'],
  ['status 1000', 'HTTP/1.1 1000 X\r\nContent-Length: 2\r\n\r\nok', '502', '502'],
  ['control characters in the reason', OK.replace('OK', 'O\x01K\x7f'), 'ok', 'ok'],
  ['a reason that is no ASCII', OK.replace('OK', '\xe9\xff'), 'ok', 'ok'],
  ['a control character in a header', withLine('X: a\x01b'), '502', '502'],
  ['a NUL in a header', withLine('X: a\0b'), '502', '502'],
  ['a bare CR in a header', withLine('X: a\rSet-Cookie: b'), '502', '502'],
  ['bare LF as line ends', withLine('X: a').replaceAll('\r\n', '\n'), '502', '502'],
  ['a folded header', withLine('X: a\r\n b'), '502', '502'],
  ['a space before the colon', withLine('X : a'), '502', '502'],
  ['a header without a name', withLine(': a'), '502', '502'],
  ['endless headers', withLine(`X: ${'a'.repeat(200_000)}`), '502', '502'],
  ['names of prototypes as headers', withLine('__proto__: x\r\nconstructor: y'), 'ok', 'ok'],
  ['a length that Connection lists', withLine('Connection: content-length'), 'ok', 'ok'],
  [
    'trailers that would frame the message',
    chunked('2\r\nok\r\n0\r\nContent-Length: 99\r\n\r\n'),
    'ok or cut',
    'ok or cut',
  ],
  ['a chunk size that is no number', chunked('ZZ\r\nok\r\n0\r\n\r\n'), 'cut', 'cut'],
  ['a chunk size beyond all numbers', chunked('fffffffffffffffff\r\nok\r\n0\r\n\r\n'), 'cut', 'cut'],
  ['no head at all', 'hello', '502', '502'],
  ['another protocol', 'ICY 200 OK\r\n\r\nok', '502', '502'],
]

/** Keep-alive server: `/second` is answered honestly, everything else with the attack. */
function hostile(attack: () => string): (socket: Socket) => void {
  return (socket) => {
    let seen = ''
    socket.on('data', (chunk: Buffer) => {
      seen += chunk.toString('latin1')
      for (let end = seen.indexOf('\r\n\r\n'); end >= 0; end = seen.indexOf('\r\n\r\n')) {
        const isHonest = seen.slice(0, end).includes(' /second ')
        seen = seen.slice(end + 4)
        const answer = isHonest ? 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond' : attack()
        socket.write(Buffer.from(answer, 'latin1'))
        if (answer === 'hello') socket.end()
      }
    })
    socket.on('end', () => socket.end())
  }
}

function outcomeOf(text: string): Outcome | 'none' {
  const final = text.replace(/^(?:HTTP\/1\.1 103[^]*?\r\n\r\n)+/u, '')
  if (final.startsWith('HTTP/1.1 502 ')) return '502'
  if (!final.includes('\r\n\r\n')) return 'cut'
  const isWhole = /\r\n\r\nok$|\r\n0\r\n|^HTTP\/1\.1 (?:204|304)|Content-Length: 45\r\n[^]*\r\n\r\n$/u.test(final)
  return isWhole ? 'ok' : 'cut'
}

t.test('a hostile upstream harms no other request and no process', async (t) => {
  let attack = ''
  const evil = await startTcpOrigin(
    t,
    hostile(() => attack),
  )
  const good = await startTcpOrigin(t, (socket) => {
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood'))
  })
  const weir = await startWeir(t, {
    pins: { 'evil.example:80': evil.address, 'api.openai.com:80': evil.address, 'good.example:80': good.address },
  })
  const get = (method: string, host: string, path: string): string =>
    `${method} http://${host}${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`

  for (const [title, sent, relayed, ai, method = 'GET'] of ATTACKS) {
    for (const [host, wanted] of [
      ['evil.example', relayed],
      ['api.openai.com', ai],
    ] as const) {
      attack = sent
      const client = await openSocket(weir.port)
      const over = { is: false }
      client.once('end', () => {
        over.is = true
      })
      client.write(get(method, host, '/first'))
      const text = await readUntil(client, (seen) => outcomeOf(seen) === 'ok' || seen.endsWith('}}'))
      t.ok(wanted.includes(outcomeOf(text)), `${host}: ${title}: ${wanted}, not ${JSON.stringify(text.slice(0, 120))}`)
      t.notMatch(text, /POISON/u, title)
      if (!over.is) {
        client.write(get('GET', 'good.example', '/'))
        const next = await readUntil(client, (seen) => seen.endsWith('good'))
        t.notMatch(next, /POISON/u, `${host}: ${title}: nothing stands in the client's next answer`)
      }
      client.destroy()
      const other = await openSocket(weir.port)
      other.write(get('GET', host, '/second'))
      t.match(
        await readUntil(other, (seen) => seen.endsWith('second')),
        /second$/u,
        `${host}: ${title}: no pool is poisoned`,
      )
      other.destroy()
    }
  }
})
