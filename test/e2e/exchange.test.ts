import { createHash, randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import {
  brotliCompressSync,
  brotliDecompressSync,
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateSync,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib'
import t, { type Test } from 'tap'
import { type Origin, startHttpsOrigin, startTcpOrigin } from '../helpers/origin.ts'
import { makePki } from '../helpers/pki.ts'
import { flowEvents, startWeir, type TestWeir, type TestWeirOptions } from '../helpers/weir.ts'
import { exchangeOnce, openSocket, readUntil, tlsThrough } from '../helpers/wire-client.ts'

/** Assembled so that no scanner of this repository takes it for a real one. */
const SECRET = `sk-ant-api03-${'q7Zt'.repeat(23)}g-AA`.replace('Ztg-AA', 'Zg-AA')
const AWS_KEY = ['AKIA', 'Q3ZK7WJ2NPLM5XRT'].join('')

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

interface Setup {
  readonly weir: TestWeir
  readonly seen: { body: Buffer; request: IncomingMessage }[]
  readonly origin: Origin
}

const SSE = [
  'event: message_start\ndata: {"type":"message_start","message":{"model":"claude-x","usage":{"input_tokens":12,"output_tokens":1}}}\n\n',
  'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hello"}}\n\n',
  'event: message_delta\ndata: {"type":"message_delta","delta":{},"usage":{"output_tokens":7}}\n\n',
  'event: message_stop\ndata: {"type":"message_stop"}\n\n',
]

/** An Anthropic-like origin on api.anthropic.com that answers with events. */
async function setUp(t: Test, options: TestWeirOptions = {}, host = 'api.anthropic.com'): Promise<Setup> {
  const pki = await makePki(t)
  const seen: Setup['seen'] = []
  const origin = await startHttpsOrigin(t, pki, (request, response) => {
    bodyOf(request).then(
      (body) => {
        seen.push({ body, request })
        response.writeHead(200, { 'content-type': 'text/event-stream', 'alt-svc': 'h3=":443"' })
        for (const event of SSE) response.write(event)
        response.end()
      },
      () => response.destroy(),
    )
  })
  const weir = await startWeir(t, { ...options, pins: { [`${host}:443`]: origin.address }, roots: [pki.rootPem] })
  return { weir, seen, origin }
}

const restricted = (text: string): string =>
  text.replace('assign:', 'assign:\n  - { tool: anthropic-api, tier: restricted }')

async function post(
  weir: TestWeir,
  body: Buffer | string,
  headers = '',
  host = 'api.anthropic.com',
  path = '/v1/messages',
) {
  const socket = await tlsThrough(weir.port, `${host}:443`, { ca: weir.ca })
  const bytes = Buffer.from(body)
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: Anthropic/JS 1.12.0\r\nContent-Type: application/json\r\nContent-Length: ${bytes.length}\r\n${headers}Connection: close\r\n\r\n`,
  )
  return exchangeOnce(socket, bytes.toString('latin1'))
}

const message = (text: string): string =>
  JSON.stringify({ model: 'claude-x', max_tokens: 9, messages: [{ role: 'user', content: [{ type: 'text', text }] }] })

t.test('a monitored request passes unchanged, its intent is written first, its usage read', async (t) => {
  const { weir, seen } = await setUp(t)
  const sent = `{ "model":"claude-x",\t"messages" : [ {"role":"user","content":"key ${SECRET}"} ], "max_tokens":9 }`
  const answer = await post(weir, sent)
  t.equal(answer.status, 200)
  t.match(answer.body, /message_stop/u)
  t.notMatch(answer.head, /x-weir|alt-svc/iu)
  t.equal(seen[0]?.body.toString(), sent, 'not a byte changed')
  const events = flowEvents(await weir.waitForEvents((all) => flowEvents(all).length >= 2))
  t.match(events[0], { phase: 'intent', tool: 'anthropic-api', tier: 'monitored', action: 'log', bytesUnchanged: true })
  t.match(events[1], {
    phase: 'outcome',
    flow: events[0]?.['flow'],
    status: 200,
    model: 'claude-x',
    tokens: { in: 12, out: 7 },
    bytesIn: sent.length,
    complete: true,
    findings: [{ severity: 'high', field: 'messages[0].content', count: 1 }],
  })
  t.notMatch(JSON.stringify(events), new RegExp(SECRET, 'u'))
})

t.test('in a restricted request the secret does not leave, and every other byte does', async (t) => {
  const { weir, seen } = await setUp(t, { policy: restricted })
  const sent = message(`use ${AWS_KEY} and "quotes" \\ é 😀`)
  const answer = await post(weir, sent)
  t.equal(answer.status, 200)
  t.match(answer.head, /x-weir-action: redact/u)
  const got = seen[0]?.body.toString() ?? ''
  t.notMatch(got, /AKIA/u)
  const [before, after] = sent.split(AWS_KEY)
  t.ok(got.startsWith(before ?? '-') && got.endsWith(after ?? '-'), 'only the span changed')
  t.equal(Number(seen[0]?.request.headers['content-length']), seen[0]?.body.length)
  const events = flowEvents(await weir.waitForEvents((all) => flowEvents(all).length >= 2))
  t.match(events[0], {
    phase: 'intent',
    action: 'redact',
    bytesUnchanged: false,
    findings: [{ detector: 'aws-access-key', severity: 'high', field: 'messages[0].content[0].text', count: 1 }],
  })
})

t.test('a restricted request without a finding passes byte for byte', async (t) => {
  const { weir, seen } = await setUp(t, { policy: restricted })
  const sent = `{"messages":[{"content":"h\\u00e9llo",   "role":"user"}],"model":"m"}`
  const answer = await post(weir, sent)
  t.equal(answer.status, 200)
  t.notMatch(answer.head, /x-weir/iu)
  t.equal(seen[0]?.body.toString(), sent)
})

t.test('encoded bodies are decoded, edited and sent on in the same coding', async (t) => {
  const { weir, seen } = await setUp(t, { policy: restricted })
  const codings: [string, (b: Buffer) => Buffer, (b: Buffer) => Buffer][] = [
    ['gzip', gzipSync, gunzipSync],
    ['br', brotliCompressSync, brotliDecompressSync],
    ['zstd', zstdCompressSync, zstdDecompressSync],
    ['deflate', deflateSync, inflateSync],
  ]
  for (const [name, encode, decode] of codings) {
    const answer = await post(weir, encode(Buffer.from(message(`key ${AWS_KEY} end`))), `Content-Encoding: ${name}\r\n`)
    t.equal(answer.status, 200, name)
    const last = seen.at(-1)
    t.equal(last?.request.headers['content-encoding'], name)
    const text = decode(last?.body ?? Buffer.alloc(0)).toString()
    t.notMatch(text, /AKIA/u, name)
    t.match(text, /key .* end/u, name)
  }
})

t.test('what cannot be read of a restricted request is blocked, and the event says why', async (t) => {
  const { weir, seen } = await setUp(t, { policy: (text) => restricted(text).replaceAll('33554432', '4096') })
  const cases: [string, Buffer | string, string][] = [
    ['unknown-coding', 'x', 'Content-Encoding: rot13\r\n'],
    ['unparsable', '{"messages":[', ''],
    ['oversize', message('x'.repeat(5000)), ''],
    ['decode-limit', gzipSync(Buffer.alloc(1024 * 1024)), 'Content-Encoding: gzip\r\n'],
  ]
  for (const [reason, body, headers] of cases) {
    const answer = await post(weir, body, headers)
    t.equal(answer.status, 400, reason)
    t.match(answer.body, /invalid_request_error/u)
  }
  t.equal(seen.length, 0, 'the upstream was never asked')
  const events = flowEvents(await weir.waitForEvents((all) => flowEvents(all).length >= cases.length))
  t.strictSame(
    events.map(({ action, unread }) => [action, unread]),
    cases.map(([reason]) => ['block', reason]),
  )
})

t.test('a finding in a signed part or in a SigV4 body is never edited: the request is blocked', async (t) => {
  const { weir, seen } = await setUp(t, { policy: restricted })
  const thinking = JSON.stringify({
    messages: [{ role: 'assistant', content: [{ type: 'thinking', thinking: `hm ${AWS_KEY}`, signature: 'c2ln' }] }],
  })
  t.equal((await post(weir, thinking)).status, 400)
  const signed = 'Authorization: AWS4-HMAC-SHA256 Credential=x/20261122/us-east-1/bedrock/aws4_request\r\n'
  t.equal((await post(weir, message(AWS_KEY), signed)).status, 400)
  t.equal(seen.length, 0)
})

t.test('events of a stream arrive one by one, long before its end', async (t) => {
  const pki = await makePki(t)
  let release: () => void = () => undefined
  const origin = await startHttpsOrigin(t, pki, (request, response) => {
    request.resume()
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(SSE[0])
    release = () => response.end(SSE[3])
  })
  for (const policy of [(text: string) => text, restricted]) {
    const weir = await startWeir(t, { policy, pins: { 'api.anthropic.com:443': origin.address }, roots: [pki.rootPem] })
    const socket = await tlsThrough(weir.port, 'api.anthropic.com:443', { ca: weir.ca })
    const body = message('hi')
    socket.write(
      `POST /v1/messages HTTP/1.1\r\nHost: api.anthropic.com\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )
    t.match(await readUntil(socket, (text) => text.includes('message_start')), /message_start/u)
    release()
    t.match(await readUntil(socket, (text) => text.includes('message_stop')), /message_stop/u)
    socket.destroy()
  }
})

t.test('a big body streams through a monitored host, up and down, and only the measured part is kept', async (t) => {
  const pki = await makePki(t)
  const down = randomBytes(24 * 1024 * 1024)
  const origin = await startHttpsOrigin(t, pki, (request, response) => {
    const hash = createHash('sha256')
    request.on('data', (chunk: Buffer) => hash.update(chunk))
    request.on('end', () => {
      response.writeHead(200, { 'x-sum': hash.digest('hex'), 'content-length': String(down.length) })
      response.end(down)
    })
  })
  const weir = await startWeir(t, { pins: { 'api.anthropic.com:443': origin.address }, roots: [pki.rootPem] })
  const socket = await tlsThrough(weir.port, 'api.anthropic.com:443', { ca: weir.ca })
  const up = randomBytes(40 * 1024 * 1024)
  const received: Buffer[] = []
  const done = new Promise<void>((resolve) => {
    socket.on('data', (chunk: Buffer) => received.push(chunk))
    socket.once('end', resolve)
  })
  socket.write(
    `POST /v1/files HTTP/1.1\r\nHost: api.anthropic.com\r\nContent-Type: application/octet-stream\r\nContent-Length: ${up.length}\r\nConnection: close\r\n\r\n`,
  )
  socket.write(up)
  await done
  socket.destroy()
  const all = Buffer.concat(received)
  const headEnd = all.indexOf('\r\n\r\n')
  t.match(all.subarray(0, headEnd).toString(), new RegExp(createHash('sha256').update(up).digest('hex'), 'u'))
  t.ok(all.subarray(headEnd + 4).equals(down))
  const events = flowEvents(await weir.waitForEvents((all) => flowEvents(all).length >= 2))
  t.match(events[1], { bytesIn: up.length, bytesOut: down.length, complete: true, unread: 'oversize' })
})

t.test('a stale pooled connection costs one retry, not an error', async (t) => {
  const pki = await makePki(t)
  let requests = 0
  const origin = await startHttpsOrigin(t, pki, (request, response) => {
    requests++
    request.resume()
    request.on('end', () => {
      // Kept alive by word, reset as soon as the next request comes.
      const isFirst = requests === 1
      response.end(`answer ${requests}`)
      if (isFirst) response.once('finish', () => request.socket.once('data', () => undefined))
      if (isFirst) setTimeout(() => request.socket.on('data', () => request.socket.destroy()), 20)
    })
  })
  const weir = await startWeir(t, { pins: { 'api.anthropic.com:443': origin.address }, roots: [pki.rootPem] })
  t.match((await post(weir, message('one'))).body, /answer 1/u)
  await new Promise((resolve) => setTimeout(resolve, 60))
  const second = await post(weir, message('two'))
  t.equal(second.status, 200)
})

t.test('an upstream that fails gets the right code, at once, with the failing check named', async (t) => {
  const pki = await makePki(t)
  const stranger = await makePki(t)
  const bad = await startHttpsOrigin(t, stranger, (_request, response) => response.end())
  const garbage = await startTcpOrigin(t, (socket) => socket.end('garbage'))
  const weir = await startWeir(t, {
    pins: {
      'api.anthropic.com:443': bad.address,
      'api.openai.com:443': '127.0.0.1:1',
      'api.mistral.ai:443': garbage.address,
    },
    roots: [pki.rootPem],
  })
  const certificate = await post(weir, message('hi'))
  t.equal(certificate.status, 502)
  t.match(
    certificate.body,
    /certificate of the destination is not valid: its issuer is not trusted|chain ends in a root/u,
  )
  const refused = await post(weir, message('hi'), '', 'api.openai.com', '/v1/chat/completions')
  t.equal(refused.status, 502)
  t.match(refused.head, /proxy-status: weir; error=connection_refused/u)
  t.equal((await post(weir, message('hi'), '', 'api.mistral.ai', '/v1/chat/completions')).status, 502)
  const events = flowEvents(await weir.waitForEvents((all) => flowEvents(all).length >= 6))
  t.strictSame(
    events
      .filter(({ phase }) => phase === 'outcome')
      .map(({ error, complete }) => [(error as { code: string }).code, complete]),
    [
      ['upstream-certificate', false],
      ['connect-refused', false],
      ['upstream-tls', false],
    ],
  )
})

t.test('a client that goes away cancels the upstream, and the event says so', async (t) => {
  const pki = await makePki(t)
  let closed: () => void = () => undefined
  const gone = new Promise<void>((resolve) => {
    closed = resolve
  })
  const origin = await startHttpsOrigin(t, pki, (request, response) => {
    request.resume()
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(SSE[0])
    response.once('close', closed)
  })
  const weir = await startWeir(t, { pins: { 'api.anthropic.com:443': origin.address }, roots: [pki.rootPem] })
  const socket = await tlsThrough(weir.port, 'api.anthropic.com:443', { ca: weir.ca })
  const body = message('hi')
  socket.write(
    `POST /v1/messages HTTP/1.1\r\nHost: api.anthropic.com\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  )
  await readUntil(socket, (text) => text.includes('message_start'))
  socket.destroy()
  await gone
  const events = flowEvents(await weir.waitForEvents((all) => flowEvents(all).length >= 2))
  t.match(events[1], { phase: 'outcome', complete: false, error: { code: 'client-gone', side: 'client' } })
})

t.test('many connections, used, idle or silent, leave no descriptor behind', async (t) => {
  const { weir } = await setUp(t)
  const count = (): number => readdirSync('/proc/self/fd').length
  await post(weir, message('warm up'))
  await new Promise((resolve) => setTimeout(resolve, 100))
  const before = count()
  for (let round = 0; round < 6; round++) {
    await Promise.all(Array.from({ length: 20 }, () => post(weir, message('hi'))))
    const idle = await Promise.all(
      Array.from({ length: 10 }, () => tlsThrough(weir.port, 'api.anthropic.com:443', { ca: weir.ca })),
    )
    for (const socket of idle) socket.destroy()
    const raw = await Promise.all(Array.from({ length: 10 }, () => openSocket(weir.port)))
    for (const socket of raw) socket.destroy()
  }
  const until = performance.now() + 5000
  // Pooled upstream connections (two descriptors each in this process) stay by design.
  while (count() > before + 60 && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 50))
  t.ok(count() <= before + 60, `${before} before, ${count()} after`)
})
