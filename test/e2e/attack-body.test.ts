/** Ways to get a secret past redaction: how the body is addressed, labelled, encoded and written. */
import {
  brotliCompressSync,
  brotliDecompressSync,
  deflateRawSync,
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateRawSync,
  inflateSync,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib'
import t from 'tap'
import { startHttpOrigin } from '../helpers/origin.ts'
import { flowEvents, startWeir } from '../helpers/weir.ts'
import { connectThrough, exchangeOnce } from '../helpers/wire-client.ts'

const TAIL = 'Q3ZK7WJ2NPLM5XRT'
const KEY = ['AKIA', TAIL].join('')
const ESCAPED = `\\u0041\\u004bIA${TAIL}`
const say = (content: string): string => `{"model":"m","messages":[{"role":"user","content":"${content}"}]}`
const PLAIN = Buffer.from(say(`key ${KEY} end`))
const CLEAN = Buffer.from(say('nothing'))
const PICTURE = `iVBORw0KGgo${'A'.repeat(300)}/${KEY}/AA`
const multipart = (head: string, content: string): string => `--b\r\n${head}\r\n\r\n${content}\r\n--b--\r\n`
const skippable = Buffer.concat([Buffer.from([0x50, 0x2a, 0x4d, 0x18, PLAIN.length, 0, 0, 0]), PLAIN])

interface Attack {
  readonly path?: string
  readonly method?: string
  readonly type?: string
  readonly lines?: string
  readonly body?: string | Buffer
  readonly undo?: (body: Buffer) => Buffer
}

const form = 'multipart/form-data; boundary=b'
const coded = (name: string, body: Buffer, undo: (body: Buffer) => Buffer = (bytes) => bytes): Attack => ({
  lines: `Content-Encoding: ${name}\r\n`,
  body,
  undo,
})

/** The request reaches the upstream, and the secret does not. */
const REDACTED: Readonly<Record<string, Attack>> = {
  'as anybody sends it': {},
  ...Object.fromEntries(
    [
      '/v1//messages',
      '/v1/%6dessages',
      '/v1/messages/',
      '/V1/Messages',
      '/v1/messages;a=b',
      '/v1\\messages',
      '/v1/messages#x',
      '/v1/x/%2e%2e/messages',
      '/v1%2fmessages',
      '/v1/%256dessages',
      '//v1/messages',
      '/v1/;/messages',
      '/%2e/v1/messages',
      '/v1/messages?beta=true',
    ].map((path) => [`path ${path}`, { path }]),
  ),
  ...Object.fromEntries(
    ['PUT', 'PATCH', 'GET', 'DELETE', 'OPTIONS', 'QUERY', 'PROPFIND'].map((method) => [`method ${method}`, { method }]),
  ),
  'a method said twice': { method: 'PUT', lines: 'X-HTTP-Method-Override: POST\r\n' },
  ...Object.fromEntries(
    ['text/plain', 'application/x-www-form-urlencoded', form, 'application/octet-stream', 'text/event-stream'].map(
      (type) => [`called ${type}`, { type }],
    ),
  ),
  'an upgrade to h2c': { lines: 'Upgrade: h2c\r\nConnection: Upgrade, close\r\n' },
  'escapes of JSON': { body: say(ESCAPED) },
  'escapes behind a comment, called text': { type: 'text/plain', body: `/**/${say(ESCAPED)}` },
  'escapes behind a comment, called a form': { type: 'text/x', body: `#\n${say(ESCAPED)}` },
  'escapes in lines of JSON inside a form': {
    type: form,
    body: multipart('Content-Disposition: form-data; name="file"', `${say('a')}\n${say(ESCAPED)}`),
  },
  'escapes in JSON that only some servers read, inside a form': {
    type: form,
    body: multipart('Content-Disposition: form-data; name="x"', `{"a":NaN,"b":"${ESCAPED}"}`),
  },
  'in the name of a part': {
    type: form,
    body: multipart(`Content-Disposition: form-data; name="x"; filename="${KEY}"`, 'x'),
  },
  'a text that begins like a sound, inside a form': {
    type: form,
    body: multipart('Content-Disposition: form-data; name="x"', `ID3 ${KEY}`),
  },
  'the first of two equal keys': { body: `{"messages":"${KEY}","messages":"x"}` },
  'as a key': { body: `{"metadata":{"${KEY}":1}}` },
  'as an escaped key': { body: `{"metadata":{"${ESCAPED}":1}}` },
  'as a name': { body: `{"messages":[{"role":"user","name":"${KEY}","content":"x"}]}` },
  'as a model': { body: `{"model":"${KEY}","messages":[]}` },
  'as a role': { body: `{"messages":[{"role":"${KEY}","content":"x"}]}` },
  'in a text that begins like a picture': { body: say(PICTURE) },
  'in a text that claims to be a picture': { body: say(`data:image/png;base64,${PICTURE}`) },
  'behind a byte order mark': { body: Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), PLAIN]) },
  'in a chunk extension': {
    lines: 'Transfer-Encoding: chunked\r\n',
    body: `2;x=${KEY}\r\n{}\r\n0\r\nX: ${KEY}\r\n\r\n`,
  },
  gzip: coded('GZip', gzipSync(PLAIN), gunzipSync),
  'gzip twice': coded('gzip, gzip', gzipSync(gzipSync(PLAIN)), (body) => gunzipSync(gunzipSync(body))),
  'identity and gzip': coded('identity, gzip', gzipSync(PLAIN), gunzipSync),
  'gzip in two members': coded(
    'gzip',
    Buffer.concat([gzipSync(PLAIN.subarray(0, 50)), gzipSync(PLAIN.subarray(50))]),
    gunzipSync,
  ),
  'zstd in two frames': coded(
    'zstd',
    Buffer.concat([zstdCompressSync(PLAIN.subarray(0, 50)), zstdCompressSync(PLAIN.subarray(50))]),
    zstdDecompressSync,
  ),
  deflate: coded('deflate', deflateSync(PLAIN), inflateSync),
  'deflate without its frame': coded('deflate', deflateRawSync(PLAIN), inflateRawSync),
  brotli: coded('br', brotliCompressSync(PLAIN), brotliDecompressSync),
  'a coding that Connection lists': {
    ...coded('gzip', gzipSync(PLAIN), gunzipSync),
    lines: 'Content-Encoding: gzip\r\nConnection: content-encoding, close\r\n',
  },
}

/** The request is blocked: nobody could say what is in it. */
const BLOCKED: Readonly<Record<string, Attack>> = {
  'UTF-16': { body: Buffer.from(`\ufeff${say(KEY)}`, 'utf16le') },
  'UTF-16 called text': { type: 'text/plain', body: Buffer.from(`\ufeff${say(KEY)}`, 'utf16le') },
  'UTF-7': { type: 'application/json; charset="UTF-7"', body: say(`+AEEASwBJAEE-${TAIL}`) },
  'UTF-7 called a form': { type: 'application/x-www-form-urlencoded; Charset = utf-7', body: `a=+AEEASwBJAEE-${TAIL}` },
  'a comma too much': { body: say(ESCAPED).replace(']}', '],}') },
  'a number that is none': { body: say(ESCAPED).replace('{"model"', '{"x":NaN,"model"') },
  'two documents': { body: `${say('a')}\n${say(KEY)}` },
  'very deep': { body: `${'{"a":'.repeat(600)}"${KEY}"${'}'.repeat(600)}` },
  'gzip cut short': coded('gzip', gzipSync(PLAIN).subarray(0, -9)),
  'plain bytes behind gzip': coded('gzip', Buffer.concat([gzipSync(CLEAN), PLAIN])),
  'plain bytes behind gzip and a zero': coded('gzip', Buffer.concat([gzipSync(CLEAN), Buffer.alloc(1), PLAIN])),
  'gzip behind gzip and zeros': coded('gzip', Buffer.concat([gzipSync(CLEAN), Buffer.alloc(4), gzipSync(PLAIN)])),
  'plain bytes behind deflate': coded('deflate', Buffer.concat([deflateSync(CLEAN), PLAIN])),
  'plain bytes behind brotli': coded('br', Buffer.concat([brotliCompressSync(CLEAN), PLAIN])),
  'a zstd frame that decoders skip': coded('zstd', Buffer.concat([skippable, zstdCompressSync(CLEAN)])),
  'the same at the end': coded('zstd', Buffer.concat([zstdCompressSync(CLEAN), skippable])),
  'plain bytes called gzip': coded('gzip', PLAIN),
  'gzip called nothing': coded('', gzipSync(PLAIN)),
  'gzip with a weight': coded('gzip;q=1', gzipSync(PLAIN)),
  'an unknown coding': coded('compress', PLAIN),
  'an upgrade nobody can read': { lines: 'Upgrade: h2c, websocket\r\nConnection: Upgrade, close\r\n' },
  'half an upgrade': { lines: 'Upgrade: websocket\r\nConnection: x-upgrade, close\r\n' },
}

function requestOf({
  path = '/v1/messages',
  method = 'POST',
  type = 'application/json',
  lines = '',
  body = PLAIN,
}: Attack) {
  const bytes = Buffer.from(body)
  const length = lines.startsWith('Transfer-Encoding') ? '' : `Content-Length: ${bytes.length}\r\n`
  const close = lines.includes('Connection') ? '' : 'Connection: close\r\n'
  const head = `${method} ${path} HTTP/1.1\r\nHost: api.anthropic.com\r\n`
  return `${head}Content-Type: ${type}\r\n${lines}${close}${length}\r\n${bytes.toString('latin1')}`
}

t.test('a secret does not leave a restricted tool, however it is packed', async (t) => {
  const seen: Buffer[] = []
  const origin = await startHttpOrigin(t, (request, response) => {
    const chunks: Buffer[] = [Buffer.from(JSON.stringify(request.trailers))]
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const [trailers = Buffer.alloc(0), ...body] = chunks
      seen.push(Buffer.concat([...body, ...(trailers.length > 2 ? [trailers] : [])]))
      response.writeHead(200, { connection: 'close' })
      response.end('{}')
    })
  })
  const weir = await startWeir(t, {
    pins: { 'api.anthropic.com:80': origin.address },
    policy: (text) => text.replace('assign:', 'assign:\n  - { tool: anthropic-api, tier: restricted }'),
  })
  const send = async (attack: Attack) => {
    const { socket } = await connectThrough(weir.port, 'api.anthropic.com:80')
    return exchangeOnce(socket, requestOf(attack))
  }

  for (const [title, attack] of Object.entries(REDACTED)) {
    seen.length = 0
    t.equal((await send(attack)).status, 200, title)
    const [got] = seen
    const text = got === undefined ? 'nothing arrived' : (attack.undo?.(got) ?? got).toString('latin1')
    t.notMatch(text, new RegExp(`nothing arrived|${TAIL}`, 'u'), title)
  }
  seen.length = 0
  for (const [title, attack] of Object.entries(BLOCKED)) {
    const { status } = await send(attack)
    t.ok(status === 400 || status === 426, `${title}: ${status}`)
  }
  t.equal(seen.length, 0, 'what is blocked does not arrive')
  const rows = Object.keys(REDACTED).length * 2 + Object.keys(BLOCKED).length
  const events = flowEvents(await weir.waitForEvents((all) => flowEvents(all).length >= rows))
  t.equal(events.length, rows, 'every attempt is recorded')
  const telling = events.filter((event) => JSON.stringify(event).includes(TAIL))
  t.strictSame(telling, [], 'no record holds the secret, not as the name of a field or model either')
})
