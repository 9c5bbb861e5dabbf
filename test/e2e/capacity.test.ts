import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { startHttpsOrigin } from '../helpers/origin.ts'
import { makePki } from '../helpers/pki.ts'
import { startFolder } from '../helpers/start.ts'
import { flowEvents, startWeir, type TestWeir } from '../helpers/weir.ts'
import { exchangeOnce, openSocket, readUntil, tlsThrough } from '../helpers/wire-client.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

async function setUp(t: Test, tier: string): Promise<{ weir: TestWeir; bodies: number[] }> {
  const pki = await makePki(t)
  const bodies: number[] = []
  const origin = await startHttpsOrigin(t, pki, (request, response) => {
    let bytes = 0
    request.on('data', (chunk: Buffer) => (bytes += chunk.length))
    request.on('end', () => {
      bodies.push(bytes)
      response.end('{"ok":true}')
    })
  })
  const weir = await startWeir(t, {
    pins: { 'api.anthropic.com:443': origin.address },
    roots: [pki.rootPem],
    config: { limits: { inspectingBytes: 8192 } },
    policy: (text) => text.replace('assign:', `assign:\n  - { tool: anthropic-api, tier: ${tier} }`),
  })
  return { weir, bodies }
}

async function post(weir: TestWeir, textBytes: number) {
  const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'x'.repeat(textBytes) }] })
  const socket = await tlsThrough(weir.port, 'api.anthropic.com:443', { ca: weir.ca })
  const head = `POST /v1/messages HTTP/1.1\r\nHost: api.anthropic.com\r\nUser-Agent: curl/8.0\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`
  return { sent: body.length, answer: await exchangeOnce(socket, head + body) }
}

t.test(
  'without room to look, a restricted request gets 503 and not a block; there is room again after it',
  async (t) => {
    const { weir, bodies } = await setUp(t, 'restricted')
    const { answer } = await post(weir, 8000)
    t.equal(answer.status, 503)
    t.match(answer.head, /retry-after: 5/u)
    t.notMatch(answer.body, /Blocked by/u)
    t.match(JSON.parse(answer.body), { error: { code: 'over-capacity' } })
    t.strictSame(bodies, [])
    for (let round = 0; round < 5; round++)
      t.equal((await post(weir, 2000)).answer.status, 200, 'what was held is given back')
    const events = flowEvents(await weir.waitForEvents((all) => flowEvents(all).length >= 11))
    t.match(events[0], {
      phase: 'outcome',
      status: 503,
      unread: 'over-capacity',
      error: { code: 'over-capacity', side: 'weir' },
      complete: false,
    })
  },
)

t.test('without room for a copy, a monitored request passes whole and the event says it was not read', async (t) => {
  const { weir, bodies } = await setUp(t, 'monitored')
  const { answer, sent } = await post(weir, 8000)
  t.equal(answer.status, 200)
  t.strictSame(bodies, [sent])
  const events = flowEvents(await weir.waitForEvents((all) => flowEvents(all).length >= 2))
  t.match(events[1], { phase: 'outcome', bytesIn: sent, unread: 'over-capacity', complete: true })
})

t.test('streams of events that go on for hours keep no room: new requests are still read', async (t) => {
  for (const tier of ['restricted', 'monitored']) {
    const pki = await makePki(t)
    const origin = await startHttpsOrigin(t, pki, (request, response) => {
      request
        .resume()
        .on('end', () => response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n'))
    })
    const weir = await startWeir(t, {
      pins: { 'api.anthropic.com:443': origin.address },
      roots: [pki.rootPem],
      config: { limits: { inspectingBytes: 300_000 } },
      policy: (text) => text.replace('assign:', `assign:\n  - { tool: anthropic-api, tier: ${tier} }`),
    })
    const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'x'.repeat(100_000) }] })
    for (const length of [`Content-Length: ${body.length}\r\n\r\n${body}`, chunked(body)]) {
      for (let index = 0; index < 6; index++) {
        const socket = await tlsThrough(weir.port, 'api.anthropic.com:443', { ca: weir.ca })
        socket.write(
          `POST /v1/messages HTTP/1.1\r\nHost: api.anthropic.com\r\nContent-Type: application/json\r\n${length}`,
        )
        const text = await readUntil(socket, (seen) => seen.includes('data: 1'))
        t.match(text, /^HTTP\/1\.1 200 /u, `${tier}, stream ${index}`)
      }
    }
    await weir.stop()
    const unread = flowEvents(weir.events()).filter(
      (event) => event['unread'] !== null && event['unread'] !== undefined,
    )
    t.strictSame(unread, [], `${tier}: all of them were read`)
  }
})

const chunked = (body: string): string =>
  `Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`

t.test('while the heap is nearly full, new connections hear 503 and the admin port still answers', async (t) => {
  const config = {
    proxy: { listen: ['127.0.0.1:0'] },
    admin: { listen: '127.0.0.1:0' },
    // Loading the rules alone takes more than a tenth of so small a heap.
    limits: { heapPercent: 10 },
  }
  const dir = startFolder(t, { 'weir.yaml': stringify(config) }, 'shipped')
  const child = spawn(process.execPath, ['--max-old-space-size=150', MAIN, 'serve', '--json'], {
    cwd: dir,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise((resolve) => child.once('close', resolve))
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })
  let out = ''
  const banner = await new Promise<{ admin: string; listen: { port: number }[] }>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString()
      const line = out.split('\n').find((each) => each.startsWith('{"proxy"') && each.endsWith('}'))
      if (line !== undefined) resolve(JSON.parse(line) as never)
    })
  })
  const socket = await openSocket(banner.listen[0]?.port ?? 0)
  const answer = await exchangeOnce(
    socket,
    'CONNECT api.anthropic.com:443 HTTP/1.1\r\nHost: api.anthropic.com:443\r\n\r\n',
  )
  t.equal(answer.status, 503)
  t.match(answer.head, /retry-after: 5/u)
  t.match(JSON.parse(answer.body), { error: { code: 'over-capacity' } })
  t.equal((await fetch(`${banner.admin}/livez`)).status, 200)
})
