import type { Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { closed, deferred, ok, onRequests, readToEnd, requestTo, setStage } from '../helpers/stage.ts'
import { flowEvents } from '../helpers/weir.ts'
import { readUntil } from '../helpers/wire-client.ts'

const stage = await setStage(t, { config: { limits: { inspectingBytes: 200_000 } } })
const BODY = '{"model":"m","messages":[{"role":"user","content":"hi"}]}'

/** The last record of the flow on a host. */
async function outcomeOn(host: string): Promise<Record<string, unknown> | undefined> {
  const flowOn = (events: Record<string, unknown>[]): unknown =>
    events.find(({ destination }) => (destination as { host?: string } | undefined)?.host === host)?.['flow']
  const isIt = (events: Record<string, unknown>[]) => (event: Record<string, unknown>) =>
    event['phase'] === 'outcome' && event['flow'] === flowOn(events)
  const events = flowEvents(await stage.weir.waitForEvents((all) => all.some(isIt(all))))
  return events.find(isIt(events))
}

async function answerTo(request: string, isDone: (text: string) => boolean): Promise<string> {
  const socket = await stage.open()
  socket.write(request, 'latin1')
  const text = await readUntil(socket, isDone)
  socket.destroy()
  return text
}

t.test('Expect is answered by us where the body is wanted, and the upstream never sees it', async (t) => {
  for (const kind of ['monitored', 'restricted', 'plain'] as const) {
    const host = stage.host(kind)
    const seen: string[] = []
    stage.play((socket) =>
      onRequests(socket, (request) => {
        seen.push(request)
        socket.write(ok('done'))
      }),
    )
    const client = await stage.open()
    const [head = ''] = requestTo(host, BODY, 'Expect: 100-continue\r\n').split(BODY)
    client.write(head)
    t.match(await readUntil(client, (text) => text.endsWith('\r\n\r\n')), /^HTTP\/1\.1 100 Continue\r\n\r\n$/u, kind)
    client.write(BODY)
    t.match(await readUntil(client, (text) => text.endsWith('done')), /^HTTP\/1\.1 200 OK\r\n/u, kind)
    t.notMatch(seen[0], /expect/iu, kind)
    client.destroy()
  }
})

t.test('a blocked request that expects a word gets the notice, no 100, and the connection ends', async (t) => {
  const client = await stage.open()
  const [head = ''] = requestTo('api.anthropic.com', BODY, 'Expect: 100-continue\r\nUser-Agent: claude-cli/2.1.330\r\n')
    .replace('/openai/v1/x', '/v1/messages')
    .split(BODY)
  client.write(head)
  const { text, how } = await readToEnd(client)
  t.match(text, /^HTTP\/1\.1 400 /u)
  t.match(text, /connection: close/iu)
  t.equal(how, 'end')
})

t.test('HEAD, 204 and 304 end with their head, and the connection serves the next request', async (t) => {
  const host = stage.host('monitored')
  stage.play((socket) =>
    onRequests(socket, (request) => {
      if (request.startsWith('HEAD')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n')
      else if (request.includes('X-Want: 204')) socket.write('HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n')
      else if (request.includes('X-Want: 304')) socket.write('HTTP/1.1 304 Not Modified\r\nETag: "e"\r\n\r\n')
      else socket.write(ok('last'))
    }),
  )
  const client = await stage.open()
  client.write(requestTo(host, null, '', 'HEAD'))
  t.match(await readUntil(client, (text) => text.includes('\r\n\r\n')), /200 OK\r\nContent-Length: 5\r\n/u)
  client.write(requestTo(host, null, 'X-Want: 204\r\n'))
  t.match(await readUntil(client, (text) => text.includes('\r\n\r\n')), /^HTTP\/1\.1 204 No Content\r\nX-A: b\r\n/u)
  client.write(requestTo(host, null, 'X-Want: 304\r\n'))
  t.match(
    await readUntil(client, (text) => text.includes('\r\n\r\n')),
    /^HTTP\/1\.1 304 Not Modified\r\nETag: "e"\r\n/u,
  )
  client.write(requestTo(host))
  t.match(await readUntil(client, (text) => text.endsWith('last')), /^HTTP\/1\.1 200 OK/u)
  client.destroy()
})

t.test('early hints arrive before the response; other interim answers stay here', async (t) => {
  const host = stage.host('monitored')
  stage.play((socket) =>
    onRequests(socket, () => {
      socket.write('HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n')
      setTimeout(() => socket.write(ok('done')), 20)
    }),
  )
  const text = await answerTo(requestTo(host), (seen) => seen.endsWith('done'))
  t.match(text, /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a\.css>; rel=preload\r\n\r\nHTTP\/1\.1 200 OK/u)
})

t.test('an upstream that sends interim answers without end gets no more than ten', async (t) => {
  const host = stage.host('monitored')
  stage.play((socket) => onRequests(socket, () => socket.write('HTTP/1.1 102 Processing\r\n\r\n'.repeat(200))))
  t.match(await answerTo(requestTo(host), (seen) => seen.endsWith('}')), /^HTTP\/1\.1 502 /u)
})

t.test('response trailers pass, request trailers are dropped, chunked uploads arrive whole', async (t) => {
  for (const kind of ['monitored', 'restricted'] as const) {
    const host = stage.host(kind)
    const seen: string[] = []
    stage.play((socket) =>
      onRequests(socket, (request) => {
        seen.push(request)
        socket.write(
          'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n',
        )
      }),
    )
    const upload = '4\r\n{"a"\r\n4\r\n:12}\r\n0\r\nX-Late: 1\r\n\r\n'
    const head = requestTo(host, null, 'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n', 'POST')
    const text = await answerTo(head + upload, (all) => all.includes('0\r\nX-Sum: 7\r\n\r\n'))
    t.match(text, /3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n$/u, kind)
    t.equal(seen.length, 1)
    const body = (seen[0] ?? '').split('\r\n\r\n').slice(1).join('\r\n\r\n')
    t.equal(body.replace(/[0-9a-f]+\r\n|\r\n/gu, '').replace('{"a":}', '{"a":12}'), '{"a":12}', kind)
    t.notMatch(seen[0], /X-Late/u)
  }
})

t.test('an early refusal reaches a client that is still uploading, and the upload stops', async (t) => {
  for (const lines of ['', 'Connection: close\r\n']) {
    const host = stage.host('monitored')
    const upstream = deferred<Socket>()
    stage.play((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 9\r\n\r\ntoo large')
        upstream.resolve(socket)
      })
    })
    const client = await stage.open()
    const declared = `Content-Length: 50000000000\r\n${lines}`
    client.write(requestTo(host, null, declared, 'POST'))
    const chunk = Buffer.alloc(65_536, 'x')
    const pump = (): void => {
      while (!client.destroyed && client.write(chunk));
    }
    client.on('drain', pump)
    pump()
    const { text } = await readToEnd(client)
    t.match(text, /^HTTP\/1\.1 413 Too Large\r\n.*too large$/su)
    await closed(await upstream.promise)
    t.match(await outcomeOn(host), { status: 413 })
  }
})

t.test('a client that goes away in the middle of its upload or of the response cancels the upstream', async (t) => {
  const uploading = stage.host('monitored')
  const first = deferred<Socket>()
  stage.play((socket) => socket.once('data', () => first.resolve(socket)))
  const uploader = await stage.open()
  uploader.write(requestTo(uploading, null, 'Content-Length: 1000000\r\n', 'POST') + 'x'.repeat(100_000))
  const upstream = await first.promise
  uploader.destroy()
  await closed(upstream.resume())
  t.match(await outcomeOn(uploading), { status: null, complete: false, error: { code: 'client-gone', side: 'client' } })

  const downloading = stage.host('monitored')
  const second = deferred<Socket>()
  stage.play((socket) =>
    onRequests(socket, () => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n')
      second.resolve(socket)
    }),
  )
  const reader = await stage.open()
  reader.write(requestTo(downloading, BODY))
  await readUntil(reader, (text) => text.includes('data: 1'))
  reader.destroy()
  await closed(await second.promise)
  t.match(await outcomeOn(downloading), { status: 200, complete: false, error: { code: 'client-gone' } })
})

t.test('a response that the upstream cuts is cut for the client too, never ended cleanly', async (t) => {
  const zipped = gzipSync('{"usage":{"prompt_tokens":1}}'.repeat(100)).toString('latin1')
  const cases = {
    'content-length': 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf',
    chunked: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n',
    'inside a chunk': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhalf',
    'bad chunk': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n',
    compressed: `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n${zipped.slice(0, 20)}\r\n`,
  }
  for (const [name, response] of Object.entries(cases)) {
    for (const version of ['1.1', '1.0']) {
      const host = stage.host('monitored')
      stage.play((socket) => onRequests(socket, () => socket.end(response, 'latin1')))
      const client = await stage.open()
      client.write(requestTo(host).replace('HTTP/1.1', `HTTP/${version}`))
      const { text, how } = await readToEnd(client)
      t.notMatch(text, /\r\n0\r\n\r\n$/u, name)
      if (version === '1.0') t.equal(how, 'reset', `${name}, HTTP/1.0: only a reset says it`)
      t.match(await outcomeOn(host), { complete: false, error: { side: 'upstream' } }, name)
    }
  }
})

t.test('bodies beyond the room for inspection follow the rule of their tier', async (t) => {
  const big = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'x'.repeat(250_000) }] })
  const held = stage.host('restricted')
  stage.play(() => t.fail('nothing of it goes upstream'))
  const refused = await stage.open()
  refused.write(requestTo(held, big, 'Connection: close\r\n'))
  t.match((await readToEnd(refused)).text, /^HTTP\/1\.1 503 .*retry-after: 5/isu)
  t.match(await outcomeOn(held), { status: 503, error: { code: 'over-capacity', side: 'weir' } })
  const measured = stage.host('monitored')
  let arrived = 0
  stage.play((socket) =>
    onRequests(socket, (request) => {
      arrived = request.length
      socket.write(ok('taken'))
    }),
  )
  t.match(await answerTo(requestTo(measured, big), (text) => text.endsWith('taken')), /^HTTP\/1\.1 200 OK/u)
  t.ok(arrived > big.length, 'the upstream had all of it')
  t.match(await outcomeOn(measured), { unread: 'over-capacity', bytesIn: big.length, complete: true })
  const next = stage.host('restricted')
  const small = await answerTo(requestTo(next, BODY), (text) => text.endsWith('taken'))
  t.match(small, /^HTTP\/1\.1 200 OK/u, 'what was held was given back')
})

t.test('two slow clients of endless responses hold their upstreams back, and nothing piles up', async (t) => {
  const written = new Map<Socket, number>()
  stage.play((socket) =>
    onRequests(socket, () => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 100000000000\r\n\r\n')
      const chunk = Buffer.from(`data: ${'x'.repeat(65_000)}\n\n`)
      const pump = (): void => {
        while (!socket.destroyed && socket.write(chunk)) written.set(socket, (written.get(socket) ?? 0) + chunk.length)
      }
      socket.on('drain', pump)
      pump()
    }),
  )
  const clients = await Promise.all([stage.open(), stage.open()])
  for (const client of clients) client.pause().write(requestTo(stage.host('monitored'), BODY))
  const total = (): number => [...written.values()].reduce((sum, bytes) => sum + bytes, 0)
  let before = -1
  while (written.size < 2 || before !== total()) {
    before = total()
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  for (const bytes of written.values()) t.ok(bytes < 64_000_000, `${bytes} bytes were taken by kernel and Weir`)
  for (const client of clients) client.destroy()
  for (const socket of written.keys()) await closed(socket)
})
