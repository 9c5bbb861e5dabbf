/** Doors to inside, through a whole Weir: addresses in every spelling, names that resolve to them, and what IT opens on purpose. */
import dns, { type LookupAddress } from 'node:dns'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createHttps } from 'node:https'
import { syncBuiltinESMExports } from 'node:module'
import { type AddressInfo, isIP } from 'node:net'
import t, { type Test } from 'tap'
import { makePki, type TestPki } from '../helpers/pki.ts'
import { goWay, openWay, type Way } from '../helpers/way.ts'
import { flowEvents, startWeir, type TestWeir } from '../helpers/weir.ts'
import { openSocket, readUntil } from '../helpers/wire-client.ts'

const WAYS_IN = { proxy: { socks: ['127.0.0.1:0'], transparent: ['127.0.0.1:0'] } }

/** An HTTP server on an address of its own; every 127/8 address is this machine. */
async function serve(
  t: Test,
  address: string,
  port: number,
  listener: RequestListener,
  pki?: TestPki,
): Promise<number> {
  const server =
    pki === undefined
      ? createServer(listener)
      : createHttps(
          {
            SNICallback: (name, done) => {
              pki.contextFor(name).then(
                (context) => done(null, context),
                (error: unknown) => done(error as Error),
              )
            },
          },
          listener,
        )
  server.on('tlsClientError', () => undefined)
  await new Promise<void>((resolve) => server.listen(port, address, resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** A resolver for the whole process. Returns the names it was asked for; the rest of Node asks the same one. */
function resolveBy(t: Test, answer: (name: string, times: number) => readonly string[]): string[] {
  const asked: string[] = []
  const original = dns.lookup
  const fake = (name: string, options: unknown, done?: unknown): void => {
    // Node's own `listen` asks for addresses as well.
    const isName = isIP(name) === 0
    const times = asked.filter((each) => each === name).length
    if (isName) asked.push(name)
    const addresses: LookupAddress[] = (isName ? answer(name, times) : [name]).map((address) => ({
      address,
      family: 4,
    }))
    const isAll = typeof options === 'object' && options !== null && Reflect.get(options, 'all') === true
    const callback = (typeof options === 'function' ? options : done) as (
      error: Error | null,
      addresses: unknown,
      family?: number,
    ) => void
    queueMicrotask(() => {
      if (isAll) callback(null, addresses)
      else callback(null, addresses[0]?.address, 4)
    })
  }
  dns.lookup = fake as typeof dns.lookup
  syncBuiltinESMExports()
  t.teardown(() => {
    dns.lookup = original
    syncBuiltinESMExports()
  })
  return asked
}

const INSIDE = [
  ...['127.0.0.1', '127.255.255.254', '0.0.0.0', '10.0.0.1', '172.16.0.1', '192.168.0.1', '100.64.0.1'],
  ...['169.254.169.254', '169.254.170.2', '100.100.100.200', '168.63.129.16', '224.0.0.1', '240.0.0.1'],
  ...['[::1]', '[::]', '[::ffff:10.0.0.1]', '[::10.0.0.1]', '[64:ff9b::10.0.0.1]', '[64:ff9b:1::1]', '[2002:a00:1::]'],
  ...['[fe80::1]', '[fd00:ec2::254]', '[fc00::1]', '[ff02::1]', '[2001:db8::1]', '[2001::1]'],
  ...['localhost', 'x.localhost'],
]

t.test(
  'loopback, private, link-local and metadata addresses are refused by CONNECT, by GET and by SOCKS',
  async (t) => {
    const asked = resolveBy(t, () => ['127.0.0.1'])
    const weir = await startWeir(t, { config: WAYS_IN })
    for (const host of INSIDE) {
      for (const way of ['connect', 'socks'] as const) {
        const { socket, refused } = await openWay(weir, way, `${host}:8081`)
        t.equal(refused, way === 'socks' ? '2' : '403', `${host} by ${way}`)
        socket.destroy()
      }
      const plain = await openSocket(weir.port)
      plain.write(`GET http://${host}:8081/ HTTP/1.1\r\nHost: ${host}:8081\r\n\r\n`)
      t.match(await readUntil(plain, (text) => text.includes('\r\n\r\n')), /^HTTP\/1\.1 403 /u, `GET ${host}`)
      plain.destroy()
    }
    t.ok(asked.every((name) => name.endsWith('localhost')))
  },
)

t.test('a zone id is no host, by any way', async (t) => {
  const weir = await startWeir(t, { config: WAYS_IN })
  for (const host of ['[fe80::1%25eth0]', '[fe80::1%eth0]', '[::1%25lo]']) {
    const connect = await openWay(weir, 'connect', `${host}:443`)
    t.equal(connect.refused, '400', `CONNECT ${host}`)
    connect.socket.destroy()
    const socks = await openWay(weir, 'socks', `${host}:443`)
    t.not(socks.refused, null, `SOCKS ${host}`)
    socks.socket.destroy()
    const plain = await openSocket(weir.port)
    plain.write(`GET http://${host}/ HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    t.match(await readUntil(plain, (text) => text.includes('\r\n\r\n')), /^HTTP\/1\.1 400 /u, `GET ${host}`)
    plain.destroy()
  }
})

t.test('what IT allows is reached, in each spelling of the same address, and nothing beside it', async (t) => {
  const answer: RequestListener = (_request, response) => response.end('inside')
  const port = await serve(t, '127.0.0.2', 0, answer)
  await serve(t, '127.0.0.3', port, answer)
  const weir = await startWeir(t, { config: { ...WAYS_IN, upstream: { allowPrivate: ['127.0.0.2/32'] } } })
  const get = async (host: string, way: Way): Promise<string> =>
    (await goWay(weir, way, `${host}:${port}`, { says: 'http', host: `${host}:${port}` }, [])).gets
  const spellings = [
    '127.0.0.2',
    '0177.0.0.2',
    '2130706434',
    '[::ffff:127.0.0.2]',
    '[::ffff:7f00:2]',
    '[64:ff9b::7f00:2]',
  ]
  for (const host of spellings) {
    t.equal(await get(host, 'connect'), 'plain 200', `CONNECT ${host}`)
    const plain = await openSocket(weir.port)
    plain.write(`GET http://${host}:${port}/ HTTP/1.1\r\nHost: ${host}:${port}\r\nConnection: close\r\n\r\n`)
    t.match(await readUntil(plain, (text) => text.includes('inside')), /^HTTP\/1\.1 200 /u, `GET ${host}`)
    plain.destroy()
  }
  t.equal(await get('127.0.0.2', 'socks'), 'plain 200')
  t.equal(await get('127.0.0.3', 'connect'), 'refused 403', 'the address beside it')
  t.equal(await get('[::ffff:127.0.0.3]', 'connect'), 'refused 403')
})

t.test('a name with its port may be allowed for itself, and a pin needs no allowance', async (t) => {
  resolveBy(t, () => ['127.0.0.2'])
  const port = await serve(t, '127.0.0.2', 0, (_request, response) => response.end('inside'))
  const config = {
    ...WAYS_IN,
    upstream: { allowPrivate: [`wiki.example:${port}`], resolve: { 'pinned.example:80': `127.0.0.2:${port}` } },
  }
  const weir = await startWeir(t, { config })
  const get = async (to: string): Promise<string> =>
    (await goWay(weir, 'connect', to, { says: 'http', host: to }, [])).gets
  t.equal(await get(`wiki.example:${port}`), 'plain 200')
  t.equal(await get('wiki.example:80'), 'refused 403', 'another port')
  t.equal(await get(`other.example:${port}`), 'refused 403', 'another name of the same address')
  t.equal(await get('pinned.example:80'), 'plain 200')
  t.equal(await get(`pinned.example:${port}`), 'refused 403', 'a pin is for its port')
})

t.test('our own ports are refused even where their network is allowed', async (t) => {
  resolveBy(t, () => ['127.0.0.1'])
  const weir = await startWeir(t, { config: { ...WAYS_IN, upstream: { allowPrivate: ['127.0.0.0/8'] } } })
  const { socks, transparent } = weir.addresses
  const ports = [weir.port, weir.adminPort, socks[0]?.port ?? 0, transparent[0]?.port ?? 0]
  for (const port of ports) {
    for (const host of ['127.0.0.1', '127.9.9.9', '[::ffff:127.0.0.1]', '0.0.0.0', 'loop.example']) {
      const { socket, refused } = await openWay(weir, 'connect', `${host}:${port}`)
      t.equal(refused, '403', `${host}:${port}`)
      socket.destroy()
    }
  }
})

/** Everything that dials: a tunnel, an intercepted request, plain HTTP, an upgrade. Each with its host and port. */
const DIALS: Readonly<Record<string, (weir: TestWeir, port: number, tlsPort: number) => Promise<string>>> = {
  tunnel: async (weir, port) =>
    (await goWay(weir, 'connect', `tunnel.example:${port}`, { says: 'http', host: 'tunnel.example' }, [])).text,
  'request by SOCKS': async (weir, _port, tlsPort) => {
    const said = { says: 'tls gateway.qoder.com.cn', host: `gateway.qoder.com.cn:${tlsPort}` }
    return (await goWay(weir, 'socks', `gateway.qoder.com.cn:${tlsPort}`, said, [weir.ca])).text
  },
  'intercepted request': async (weir, _port, tlsPort) => {
    const said = { says: 'tls t1.openai.azure.com', host: `t1.openai.azure.com:${tlsPort}` }
    return (await goWay(weir, 'connect', `t1.openai.azure.com:${tlsPort}`, said, [weir.ca])).text
  },
  'plain request': async (weir, port) => {
    const socket = await openSocket(weir.port)
    socket.write(
      `GET http://plain.example:${port}/ HTTP/1.1\r\nHost: plain.example:${port}\r\nConnection: close\r\n\r\n`,
    )
    const text = await readUntil(socket, (seen) => seen.includes('\r\n\r\n'))
    socket.destroy()
    return text
  },
  upgrade: async (weir, port) => {
    const socket = await openSocket(weir.port)
    const lines =
      'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n'
    socket.write(`GET http://upgrade.example:${port}/ HTTP/1.1\r\nHost: upgrade.example:${port}\r\n${lines}\r\n`)
    const text = await readUntil(socket, (seen) => seen.includes('\r\n\r\n'))
    socket.destroy()
    return text
  },
}

/** The same two ports on an address that is allowed and on one that is not. */
async function twoFaces(
  t: Test,
): Promise<{ port: number; tlsPort: number; roots: string[]; hits: { allowed: number; trap: number } }> {
  const pki = await makePki(t)
  const hits = { allowed: 0, trap: 0 }
  const good: RequestListener = (_request, response) => {
    hits.allowed++
    response.setHeader('x-face', 'allowed').end()
  }
  const bad: RequestListener = (_request, response) => {
    hits.trap++
    response.setHeader('x-face', 'trap').end()
  }
  const port = await serve(t, '127.0.0.2', 0, good)
  const tlsPort = await serve(t, '127.0.0.2', 0, good, pki)
  await serve(t, '127.0.0.1', port, bad)
  await serve(t, '127.0.0.1', tlsPort, bad, pki)
  return { port, tlsPort, roots: [pki.rootPem], hits }
}

t.test(
  'a resolver that answers differently the second time is not asked twice: the checked address is the one dialled',
  async (t) => {
    const { port, tlsPort, roots, hits } = await twoFaces(t)
    const asked = resolveBy(t, (_name, times) => [times === 0 ? '127.0.0.2' : '127.0.0.1'])
    const weir = await startWeir(t, { roots, config: { ...WAYS_IN, upstream: { allowPrivate: ['127.0.0.2/32'] } } })
    for (const [title, dial] of Object.entries(DIALS)) {
      t.match(await dial(weir, port, tlsPort), /x-face: allowed/iu, title)
    }
    t.equal(hits.trap, 0)
    t.equal(new Set(asked).size, asked.length, 'each name was asked for once')
  },
)

t.test(
  'a name whose answers hide a refused address among allowed ones is dialled at the allowed ones only',
  async (t) => {
    const { port, tlsPort, roots, hits } = await twoFaces(t)
    resolveBy(t, () => ['127.0.0.1', '127.0.0.2'])
    const weir = await startWeir(t, { roots, config: { ...WAYS_IN, upstream: { allowPrivate: ['127.0.0.2/32'] } } })
    for (const [title, dial] of Object.entries(DIALS)) {
      t.match(await dial(weir, port, tlsPort), /x-face: allowed/iu, title)
    }
    t.equal(hits.trap, 0)
  },
)

t.test('a name that resolves to inside is refused by every way, and an AI name leaves the record of it', async (t) => {
  const { port, tlsPort, roots, hits } = await twoFaces(t)
  resolveBy(t, () => ['127.0.0.1'])
  const weir = await startWeir(t, { roots, config: { ...WAYS_IN, upstream: { allowPrivate: ['127.0.0.2/32'] } } })
  for (const [title, dial] of Object.entries(DIALS)) {
    const text = await dial(weir, port, tlsPort)
    if (title === 'tunnel') t.equal(text, '', 'the tunnel is refused before anything is said')
    else t.match(text, /^HTTP\/1\.1 403 .*"code":"address-refused"/su, title)
  }
  t.strictSame(hits, { allowed: 0, trap: 0 })
  const ends = (all: Record<string, unknown>[]): Record<string, unknown>[] =>
    flowEvents(all).filter(({ phase }) => phase === 'outcome')
  const events = ends(await weir.waitForEvents((all) => ends(all).length >= 2))
  t.match(events, [
    { status: 403, error: { code: 'address-refused', side: 'weir' } },
    { status: 403, error: { code: 'address-refused', side: 'weir' } },
  ])
})
