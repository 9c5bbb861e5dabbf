import type { Socket } from 'node:net'
import t, { type Test } from 'tap'
import type { ProxyError } from '../../src/domain/proxy-error.ts'
import { createAddressGuard } from '../../src/upstream/address-guard.ts'
import { createDialer, type DialTarget } from '../../src/upstream/dial.ts'
import { createParentProxy } from '../../src/upstream/parent-proxy.ts'
import { startConnectProxy } from '../helpers/connect-proxy.ts'
import { startHttpsOrigin, startTcpOrigin } from '../helpers/origin.ts'
import { makePki } from '../helpers/pki.ts'
import { readAll, readUntil } from '../helpers/wire-client.ts'

const guard = createAddressGuard({ allowPrivate: [], ownPorts: () => [] })

interface Through {
  readonly parent: string
  readonly noProxy?: string[]
  readonly pins?: Record<string, string>
  readonly roots?: string[]
  readonly connectMs?: number
}

/** A dialled socket, or the error. Names all resolve to loopback, which only the parent's own may. */
function dial(t: Test, through: Through, target: DialTarget): Promise<Socket | ProxyError> {
  const dialer = createDialer({
    guard,
    pins: through.pins ?? {},
    extraRoots: through.roots ?? [],
    connectMs: through.connectMs ?? 5000,
    handshakeMs: 5000,
    parent: createParentProxy(through.parent, through.noProxy ?? []),
    lookup: ((_name: string, options: { all?: boolean }, done: (...found: unknown[]) => void) =>
      options.all === true ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4)) as never,
  })
  return new Promise((resolve) => {
    dialer.dial(target, (error, socket) => {
      if (socket !== null) t.teardown(() => socket.destroy())
      resolve(error ?? (socket as Socket))
    })
  })
}

const web = (host: string): DialTarget => ({ host, port: 443, isTls: true })
const plain = (host: string, port = 80): DialTarget => ({ host, port, isTls: false })

t.test('user and password are decoded, and ports have their defaults', (t) => {
  const parent = createParentProxy('http://ann%40corp:p%3A%25w@proxy.example:8080', [])
  t.match(parent, { host: 'proxy.example', port: 8080, isTls: false })
  t.equal(parent.authorization, `Basic ${Buffer.from('ann@corp:p:%w').toString('base64')}`)
  t.match(createParentProxy('https://[::1]', []), { host: '::1', port: 443, isTls: true, authorization: null })
  t.match(createParentProxy('http://p.example', []), { port: 80 })
  t.equal(createParentProxy('http://a:%@p.example', []).authorization, `Basic ${Buffer.from('a:%').toString('base64')}`)
  t.end()
})

t.test('a TLS connection goes through the parent, which is asked by name and with credentials', async (t) => {
  const pki = await makePki(t)
  const origin = await startHttpsOrigin(t, pki, (_request, response) => response.end('inside'))
  const authorization = `Basic ${Buffer.from('ann:secret').toString('base64')}`
  const proxy = await startConnectProxy(t, { routes: { 'api.example.com:443': origin.address }, authorization })
  const through = { parent: `http://ann:secret@127.0.0.1:${proxy.port}`, roots: [pki.rootPem] }
  const socket = (await dial(t, through, web('api.example.com'))) as Socket
  socket.write('GET / HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\n\r\n')
  t.match(await readAll(socket), /inside/u)
  t.strictSame(proxy.asked, ['api.example.com:443'])
  t.strictSame(proxy.credentials, [authorization])
})

t.test('the certificate behind the parent is checked against the name of the destination', async (t) => {
  const pki = await makePki(t)
  const other = { ...pki, contextFor: () => pki.contextFor('other.example') }
  const origin = await startHttpsOrigin(t, other, () => undefined)
  const proxy = await startConnectProxy(t, { routes: { 'api.example.com:443': origin.address } })
  const through = { parent: `http://127.0.0.1:${proxy.port}`, roots: [pki.rootPem] }
  t.match(await dial(t, through, web('api.example.com')), { code: 'upstream-certificate' })
})

t.test('a parent that speaks TLS itself is verified, and carries TLS inside TLS', async (t) => {
  const pki = await makePki(t)
  const origin = await startHttpsOrigin(t, pki, (_request, response) => response.end('inside'))
  const proxy = await startConnectProxy(t, { routes: { 'api.example.com:443': origin.address }, pki })
  const parent = `https://parent.example:${proxy.port}`
  const socket = (await dial(t, { parent, roots: [pki.rootPem] }, web('api.example.com'))) as Socket
  socket.write('GET / HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\n\r\n')
  t.match(await readAll(socket), /inside/u)
  const untrusted = await dial(t, { parent }, web('api.example.com'))
  t.match(untrusted, { code: 'parent-unreachable', detail: /certificate is not valid/u })
})

t.test('a server that speaks first is heard, also when its words come with the answer', async (t) => {
  const parent = await startTcpOrigin(t, (socket) => {
    socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\n\r\n220 hello\r\n'))
    socket.on('end', () => socket.end())
  })
  const through = { parent: `http://${parent.address}` }
  const socket = (await dial(t, through, { ...plain('ftp.example', 2121), isHalfOpen: true })) as Socket
  t.equal(await readUntil(socket, (text) => text.endsWith('\n')), '220 hello\r\n')
  const early = await dial(t, through, web('ftp.example'))
  t.match(early, { code: 'parent-refused', detail: /before the TLS handshake/u })
})

t.test('what the parent answers byte by byte is read the same', async (t) => {
  const parent = await startTcpOrigin(t, (socket) => {
    socket.once('data', () => {
      const bytes = Buffer.from('HTTP/1.1 103 Hints\r\nA: b\r\n\r\nHTTP/1.0 200\r\nX: y\r\n\r\n!')
      let at = 0
      const next = (): void => {
        const byte = bytes.subarray(at, ++at)
        if (byte.length > 0) socket.write(byte, () => setImmediate(next))
      }
      next()
    })
    socket.on('end', () => socket.end())
  })
  const socket = (await dial(t, { parent: `http://${parent.address}` }, plain('slow.example'))) as Socket
  t.equal(await readUntil(socket, (text) => text !== ''), '!')
})

const ANSWERS: Readonly<Record<string, { readonly bytes: string; readonly detail: RegExp }>> = {
  'wants other credentials': {
    bytes: 'HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm="secret-realm"\r\n\r\n',
    detail: /^it wants other credentials \(407\)$/u,
  },
  'forbids it': { bytes: 'HTTP/1.1 403 Forbidden\r\n\r\nno way', detail: /^it answered 403$/u },
  'cannot reach it': { bytes: 'HTTP/1.1 504 Gone\r\n\r\n', detail: /^it answered 504$/u },
  'speaks something else': { bytes: 'SSH-2.0-x\r\n', detail: /no HTTP/u },
  'answers without end': { bytes: `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}`, detail: /no HTTP/u },
}
for (const [name, { bytes, detail }] of Object.entries(ANSWERS)) {
  t.test(`a parent that ${name} is an error of its own that shows no secret`, async (t) => {
    const parent = await startTcpOrigin(t, (socket) => {
      socket.once('data', () => socket.write(bytes))
      socket.on('end', () => socket.end())
    })
    const error = await dial(t, { parent: `http://ann:secret@${parent.address}` }, web('api.example.com'))
    t.match(error, { code: 'parent-refused', detail })
    t.notMatch(`${(error as ProxyError).message} ${JSON.stringify(error)}`, /secret|YW5u/u)
  })
}

t.test('a parent that closes, is not there or says nothing has an error too', async (t) => {
  const closing = await startTcpOrigin(t, (socket) => socket.end())
  t.match(await dial(t, { parent: `http://${closing.address}` }, web('a.example')), { code: 'parent-refused' })
  t.match(await dial(t, { parent: 'http://127.0.0.1:1' }, web('a.example')), {
    code: 'parent-unreachable',
    detail: 'connect-refused',
  })
  const silent = await startTcpOrigin(t, () => undefined)
  const result = await dial(t, { parent: `http://${silent.address}`, connectMs: 100 }, web('a.example'))
  t.match(result, { code: 'connect-timeout', detail: /parent proxy/u })
})

t.test(
  'addresses that stand in the request are guarded here, names of this machine too; pins are asked for',
  async (t) => {
    const origin = await startTcpOrigin(t, (socket) => socket.end('pinned'))
    const proxy = await startConnectProxy(t, { routes: { [origin.address]: origin.address } })
    const parent = `http://127.0.0.1:${proxy.port}`
    for (const host of ['127.0.0.1', '169.254.169.254', '::1', 'localhost', 'x.localhost']) {
      t.match(await dial(t, { parent }, plain(host)), { code: 'address-refused' }, host)
    }
    t.strictSame(proxy.asked, [])
    const pins = { 'llm.corp.example:80': origin.address }
    t.equal(await readAll((await dial(t, { parent, pins }, plain('llm.corp.example'))) as Socket), 'pinned')
  },
)

t.test('destinations of noProxy are dialled directly, and guarded as ever', async (t) => {
  const origin = await startTcpOrigin(t, (socket) => socket.end('direct'))
  const proxy = await startConnectProxy(t, { routes: {} })
  const through = {
    parent: `http://127.0.0.1:${proxy.port}`,
    noProxy: ['.corp.example'],
    pins: { 'llm.corp.example:80': origin.address },
  }
  t.equal(await readAll((await dial(t, through, plain('llm.corp.example'))) as Socket), 'direct')
  t.match(await dial(t, through, plain('other.corp.example')), { code: 'address-refused' })
  t.match(await dial(t, through, plain('outside.example')), { code: 'parent-refused' })
})
