import type { Socket } from 'node:net'
import t, { type Test } from 'tap'
import type { ProxyError } from '../../src/domain/proxy-error.ts'
import type { BodySink, BodySource, UpstreamExchange } from '../../src/flow/ports.ts'
import { createAddressGuard } from '../../src/upstream/address-guard.ts'
import { createDialer } from '../../src/upstream/dial.ts'
import { createForwarder, type Forwarder } from '../../src/upstream/forward.ts'
import { startTcpOrigin } from '../helpers/origin.ts'
import { closed, deferred, ok, onRequests } from '../helpers/stage.ts'

interface Result {
  readonly status: number | null
  readonly body: string
  readonly headers: readonly string[]
  readonly trailers: readonly string[]
  readonly interim: number
  readonly error: ProxyError | null
}

interface Sent {
  readonly method?: string
  readonly body?: Uint8Array | BodySource | null
  readonly onStart?: (exchange: UpstreamExchange) => void
  /** What a chunk is answered with: `false` asks for a pause. */
  readonly onChunk?: (exchange: UpstreamExchange, bytes: Uint8Array) => boolean
}

interface Bench {
  readonly forwarder: Forwarder
  readonly send: (sent?: Sent) => Promise<Result>
}

/** A forwarder on an origin that the test plays by hand. */
async function setUp(t: Test, onSocket: (socket: Socket, index: number) => void, idleMs = 60_000): Promise<Bench> {
  let connections = 0
  const origin = await startTcpOrigin(t, (socket) => {
    socket.on('end', () => socket.end())
    onSocket(socket, connections++)
  })
  const dialer = createDialer({
    guard: createAddressGuard({ allowPrivate: [], ownPorts: () => [] }),
    pins: { 'origin.example:80': origin.address },
    extraRoots: [],
    connectMs: 5000,
    handshakeMs: 5000,
  })
  const timeouts = { firstByteMs: 60_000, bodyIdleMs: idleMs, streamIdleMs: idleMs }
  const forwarder = createForwarder({ dialer, timeouts, maxHeaderBytes: 16_384 })
  t.teardown(() => forwarder.close())
  return { forwarder, send: (sent = {}) => exchange(forwarder, sent).then(settled) }
}

/** A connection is free for the next request in a later turn than its response ended. */
const settled = <T>(value: T): Promise<T> => new Promise((resolve) => setTimeout(() => resolve(value), 20))

function exchange(forwarder: Forwarder, { method = 'GET', body = null, onStart, onChunk }: Sent): Promise<Result> {
  return new Promise((resolve) => {
    let head: { status: number | null; headers: readonly string[] } = { status: null, headers: [] }
    let text = ''
    let interim = 0
    const finish = (trailers: readonly string[], error: ProxyError | null): void =>
      resolve({ ...head, body: text, trailers, interim, error })
    const running: UpstreamExchange = forwarder.exchange(
      {
        destination: { scheme: 'http', host: 'origin.example', port: 80 },
        method,
        target: '/x?y=1',
        headers: ['Host', 'origin.example', 'X-Case', 'Kept'],
        body,
      },
      {
        informational: () => interim++,
        head: (status, _text, headers) => {
          head = { status, headers }
        },
        chunk: (bytes) => {
          text += Buffer.from(bytes).toString('latin1')
          return onChunk?.(running, bytes) ?? true
        },
        end: (trailers) => finish(trailers, null),
        fail: (error) => finish([], error),
      },
    )
    onStart?.(running)
  })
}

t.test('a request goes out as it is, and the response comes back with case, repeats and trailers', async (t) => {
  const seen: string[] = []
  const { send } = await setUp(t, (socket) =>
    onRequests(socket, (request) => {
      seen.push(request)
      socket.write(
        'HTTP/1.1 200 OK\r\nSet-Cookie: a\r\nset-cookie: b\r\nX-\u00e9: \u00e9\r\n'.replace('X-\u00e9', 'X-E'),
        'latin1',
      )
      socket.write('Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 1\r\n\r\n')
    }),
  )
  const result = await send()
  t.match(seen[0], /^GET \/x\?y=1 HTTP\/1\.1\r\nhost: origin\.example\r\n.*X-Case: Kept\r\n/su)
  t.match(result, { status: 200, body: 'hi', trailers: ['X-Sum', '1'], error: null })
  t.strictSame(result.headers.slice(0, 6), ['Set-Cookie', 'a', 'set-cookie', 'b', 'X-E', '\u00e9'])
})

const HUGE = `X-Huge: ${'h'.repeat(20_000)}\r\n`
const BROKEN: Readonly<Record<string, string>> = {
  'no HTTP at all': 'SSH-2.0-OpenSSH_9.6\r\n',
  'an answer of HTTP/0.9': '<html>hello</html>',
  'a status that is none': 'HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n',
  'a NUL in a header': 'HTTP/1.1 200 OK\r\nX-A: a\0b\r\nContent-Length: 0\r\n\r\n',
  'a bare CR in a header': 'HTTP/1.1 200 OK\r\nX-A: a\rb\r\nContent-Length: 0\r\n\r\n',
  'a length beside chunks':
    'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
  'two lengths that differ': 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd',
  'a length that is no number': 'HTTP/1.1 200 OK\r\nContent-Length: 0x4\r\n\r\nabcd',
  'a head that is too large': `HTTP/1.1 200 OK\r\n${HUGE}Content-Length: 0\r\n\r\n`,
  'an upgrade that nobody asked for':
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nraw',
  'a 100 that nobody asked for, and garbage': 'HTTP/1.1 100 Continue\r\n\r\n\x01\x02\x03\r\n\r\n',
}

for (const [what, bytes] of Object.entries(BROKEN)) {
  t.test(`${what} is an upstream failure, and the connection is not used again`, async (t) => {
    const { send } = await setUp(t, (socket, index) =>
      onRequests(socket, () => socket.write(index === 0 ? bytes : ok('good'), 'latin1')),
    )
    const result = await send()
    t.equal(result.status, null)
    t.match(result.error, { side: 'upstream', status: 502 })
    t.match(await send(), { status: 200, body: 'good', error: null })
  })
}

t.test('headers without end fail at the limit', async (t) => {
  let sent = 0
  const { send } = await setUp(t, (socket) =>
    onRequests(socket, () => {
      socket.write('HTTP/1.1 200 OK\r\n')
      const line = `X-More: ${'m'.repeat(1000)}\r\n`
      const pump = (): void => {
        while (!socket.destroyed && socket.write(line)) sent += line.length
      }
      socket.on('drain', pump)
      pump()
    }),
  )
  t.match((await send()).error, { code: 'upstream-protocol', status: 502 })
  t.ok(sent > 16_384, `${sent} bytes were offered`)
})

t.test('interim responses are passed up to ten, then the upstream is given up', async (t) => {
  const { send } = await setUp(t, (socket, index) =>
    onRequests(socket, () => socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(index === 0 ? 11 : 10) + ok('x'))),
  )
  t.match(await send(), { status: null, interim: 10, error: { code: 'upstream-protocol' } })
  t.match(await send(), { status: 200, interim: 10, error: null })
})

t.test('bytes behind a response never become the next one', async (t) => {
  const poison = ok('poison')
  const cases = {
    'extra bytes': `${ok('first')}garbage`,
    'a whole second response': `${ok('first')}${poison}`,
    'a body on 204': `HTTP/1.1 204 No Content\r\nContent-Length: 6\r\n\r\n${poison}`,
    'a body on 204 without a length': `HTTP/1.1 204 No Content\r\n\r\n${poison}`,
    'a body on 304': `HTTP/1.1 304 Not Modified\r\nContent-Length: 6\r\n\r\n${poison}`,
  }
  for (const [name, response] of Object.entries(cases)) {
    const { send } = await setUp(t, (socket, index) =>
      onRequests(socket, () => socket.write(index === 0 ? response : ok('clean'))),
    )
    const first = await send()
    t.equal(first.error, null, name)
    t.match(await send(), { status: 200, body: 'clean' }, name)
    t.match(await send(), { status: 200, body: 'clean' }, name)
  }
})

t.test('a pooled connection that died while idle costs exactly one retry', async (t) => {
  for (const body of [null, Buffer.from('{"a":1}')]) {
    const seen: string[] = []
    const { send } = await setUp(t, (socket, index) =>
      onRequests(socket, (request, nth) => {
        seen.push(request)
        if (index === 0 && nth === 1) socket.resetAndDestroy()
        else socket.write(ok(`answer ${index}.${nth}`))
      }),
    )
    const sent = { method: body === null ? 'GET' : 'POST', body }
    t.equal((await send(sent)).body, 'answer 0.0')
    t.match(await send(sent), { body: 'answer 1.0', error: null })
    t.equal(seen.length, 3)
    t.equal(seen[1], seen[2], 'the same bytes again')
  }
})

t.test('a retry that fails is not retried', async (t) => {
  let requests = 0
  const { send } = await setUp(t, (socket, index) =>
    onRequests(socket, (_request, nth) => {
      requests++
      if (index === 0 && nth === 0) socket.write(ok('one'))
      else socket.resetAndDestroy()
    }),
  )
  await send()
  t.match(await send(), { status: null, error: { code: 'upstream-reset' } })
  t.equal(requests, 3)
})

t.test('a connection that was made for the request is never retried', async (t) => {
  let requests = 0
  const { send } = await setUp(t, (socket) =>
    onRequests(socket, () => {
      requests++
      socket.destroy()
    }),
  )
  t.match(await send(), { status: null, error: { code: 'upstream-reset' } })
  t.equal(requests, 1)
})

t.test('no retry once a byte of the response has come, be it half a head', async (t) => {
  let requests = 0
  const { send } = await setUp(t, (socket, index) =>
    onRequests(socket, (_request, nth) => {
      requests++
      if (index === 0 && nth === 1) socket.end('HTTP/1.1 20')
      else socket.write(ok('one'))
    }),
  )
  await send()
  t.match(await send(), { status: null, error: { side: 'upstream' } })
  t.equal(requests, 2)
})

/** A body that is pushed chunk by chunk. */
function pushed(run: (sink: BodySink) => void): BodySource & { cancelled: boolean } {
  const source = {
    cancelled: false,
    start: run,
    pause: () => undefined,
    resume: () => undefined,
    cancel: () => {
      source.cancelled = true
    },
  }
  return source
}

t.test('a streamed body is never sent twice', async (t) => {
  let requests = 0
  const { send } = await setUp(t, (socket, index) =>
    onRequests(socket, (_request, nth) => {
      requests++
      if (index === 0 && nth === 1) socket.resetAndDestroy()
      else socket.write(ok('one'))
    }),
  )
  await send()
  const body = pushed((sink) => {
    sink.chunk(Buffer.from('abc'))
    sink.end([])
  })
  t.match(await send({ method: 'POST', body }), { status: null, error: { code: 'upstream-reset' } })
  t.equal(requests, 2)
})

t.test('a body whose client goes away tears the upstream connection down', async (t) => {
  const upstream = deferred<Socket>()
  const { send } = await setUp(t, (socket) => socket.once('data', () => upstream.resolve(socket)))
  const { ProxyError: Gone } = await import('../../src/domain/proxy-error.ts')
  const body = pushed((sink) => {
    sink.chunk(Buffer.from('abc'))
    upstream.promise.then(
      () => sink.fail(new Gone('client-gone')),
      () => t.fail('no connection'),
    )
  })
  t.match((await send({ method: 'POST', body })).error, { code: 'client-gone' })
  await closed(await upstream.promise)
})

t.test('cancelling closes the upstream connection and calls nobody any more', async (t) => {
  const upstream = deferred<Socket>()
  const { forwarder } = await setUp(t, (socket) =>
    onRequests(socket, () => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf')
      upstream.resolve(socket)
    }),
  )
  let isFirst = true
  const result = exchange(forwarder, {
    onChunk: (running) => {
      t.ok(isFirst, 'no chunk after the cancel')
      isFirst = false
      running.cancel()
      return true
    },
  })
  await closed(await upstream.promise)
  const outcome = await Promise.race([result, new Promise((resolve) => setTimeout(() => resolve('silent'), 20))])
  t.equal(outcome, 'silent')
})

t.test('an upstream that falls silent is given up, also after a pause', async (t) => {
  for (const isPaused of [false, true]) {
    const { send } = await setUp(
      t,
      (socket) => onRequests(socket, () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf')),
      200,
    )
    const result = await send({
      onChunk: (running) => {
        if (!isPaused) return true
        setTimeout(() => running.resume(), 20)
        return false
      },
    })
    t.match(result, { status: 200, body: 'half', error: { code: 'upstream-idle' } })
  }
})

t.test('a client that never takes the rest is given up too, and the client is to blame', async (t) => {
  const { send } = await setUp(
    t,
    (socket) => onRequests(socket, () => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf`)),
    200,
  )
  t.match((await send({ onChunk: () => false })).error, { code: 'client-timeout', side: 'client' })
})

t.test('a paused response holds the upstream back', async (t) => {
  let written = 0
  const stuck = deferred<number>()
  const { send } = await setUp(t, (socket) =>
    onRequests(socket, () => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n')
      const chunk = Buffer.alloc(65_536)
      let timer = setTimeout(() => undefined, 0)
      const pump = (): void => {
        while (!socket.destroyed && socket.write(chunk)) written += chunk.length
        clearTimeout(timer)
        timer = setTimeout(() => stuck.resolve(written), 300)
      }
      socket.on('drain', pump)
      pump()
    }),
  )
  let running: UpstreamExchange | null = null
  let received = 0
  const result = send({
    onStart: (started) => {
      running = started
    },
    onChunk: (_running, bytes) => {
      received += bytes.length
      return false
    },
  })
  t.ok((await stuck.promise) < 64_000_000, `${written} bytes were taken by kernel and Weir`)
  t.ok(received < 1_000_000, `${received} bytes reached the sink`)
  ;(running as UpstreamExchange | null)?.cancel()
  await Promise.race([result, new Promise((resolve) => setImmediate(resolve))])
})
