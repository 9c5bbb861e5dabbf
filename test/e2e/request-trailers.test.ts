/** Trailers of a request go on to the destination, but never what must not stand there: no way around the tenants' headers. */
import t, { type Test } from 'tap'
import { http2Through, responseOn } from '../helpers/http2-client.ts'
import { startHttp2Origin } from '../helpers/http2-origin.ts'
import { startHttpOrigin } from '../helpers/origin.ts'
import { makePki } from '../helpers/pki.ts'
import { startWeir, type TestWeir } from '../helpers/weir.ts'
import { exchangeOnce, openSocket, tlsThrough } from '../helpers/wire-client.ts'

const HOST = 'api.anthropic.com'
const UUID = '1f0c2b9e-1c6e-4a5e-9d1b-0123456789ab'
const TENANTS = `tenants:\n  anthropic: { anthropic-allowed-org-ids: "${UUID}" }`

/** What a client puts behind its body: one line that may go on, and all that may not. */
const TRAILERS = {
  'x-sum': '7',
  'anthropic-allowed-org-ids': 'evil',
  anthropic_allowed_org_ids: 'evil',
  'proxy-authorization': 'Basic c2VjcmV0',
  'proxy-secret': 'x',
  'x-client-ip': '10.0.0.1',
  host: 'other.example',
}
/** HTTP/2 clients cannot send these at all, node's HTTP/1 parser gives them to us. */
const CONNECTION_LINES = 'Keep-Alive: 1\r\nTE: trailers\r\nUpgrade: x\r\n'

const chunked = (host: string, path: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\nConnection: close\r\n\r\n` +
  `2\r\n{}\r\n0\r\n${Object.entries(TRAILERS)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}${CONNECTION_LINES}\r\n`

interface World {
  readonly weir: TestWeir
  /** Trailers of each request that arrived: name, value, name, value … */
  readonly seen: string[][]
}

async function world(t: Test, tier: string): Promise<World> {
  const pki = await makePki(t)
  const seen: string[][] = []
  const origin = await startHttp2Origin(t, pki, (stream) => {
    let trailers: string[] = []
    stream.on('trailers', (_headers: object, _flags: number, raw: string[]) => {
      trailers = raw
    })
    stream.resume().on('end', () => {
      // The event of trailers comes in the same turn as the end, in either order.
      setImmediate(() => {
        seen.push([...trailers])
        stream.respond({ ':status': 200 })
        stream.end('{}')
      })
    })
  })
  const weir = await startWeir(t, {
    pins: { [`${HOST}:443`]: origin.address },
    roots: [pki.rootPem],
    policy: (text) =>
      text.replace('tenants: {}', TENANTS).replace('assign:', `assign:\n  - { tool: anthropic-api, tier: ${tier} }`),
  })
  return { weir, seen }
}

for (const tier of ['approved', 'monitored']) {
  t.test(`${tier}: trailers of an HTTP/1 request lose the lines of tenants, proxies and connections`, async (t) => {
    const { weir, seen } = await world(t, tier)
    const socket = await tlsThrough(weir.port, `${HOST}:443`, { ca: weir.ca, ALPNProtocols: ['http/1.1'] })
    t.equal((await exchangeOnce(socket, chunked(HOST, '/v1/messages'))).status, 200)
    t.strictSame(seen, [['x-sum', '7']])
  })

  t.test(`${tier}: trailers of an HTTP/2 request lose the same`, async (t) => {
    const { weir, seen } = await world(t, tier)
    const { session } = await http2Through(t, weir, HOST)
    const stream = session.request(
      { ':method': 'POST', ':path': '/v1/messages', 'content-type': 'application/json' },
      { waitForTrailers: true },
    )
    // What node:http2 refuses to send, no test can send with it.
    const { host: _host, ...trailers } = TRAILERS
    stream.on('wantTrailers', () => stream.sendTrailers(trailers))
    stream.end('{}')
    t.match(await responseOn(stream), { status: 200 })
    t.strictSame(seen, [['x-sum', '7']])
  })
}

t.test('an origin of HTTP/1 gets no trailers at all, on the read and on the unread way', async (t) => {
  const seen: string[][] = []
  const origin = await startHttpOrigin(t, (request, response) => {
    request.resume().on('end', () => {
      seen.push(request.rawTrailers)
      response.end('{}')
    })
  })
  const weir = await startWeir(t, {
    pins: { 'www.plain.example:80': origin.address, 't1.openai.azure.com:80': origin.address },
  })
  for (const host of ['www.plain.example', 't1.openai.azure.com']) {
    const socket = await openSocket(weir.port)
    const answer = await exchangeOnce(socket, chunked(host, `http://${host}/openai/v1/x`))
    t.equal(answer.status, 200, host)
  }
  t.strictSame(seen, [[], []])
})
