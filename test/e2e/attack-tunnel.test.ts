/** Ways around the decision: names, ports and first bytes of tunnels, heads that two readers read differently, doors to inside. */
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import t from 'tap'
import { type Origin, startHttpsOrigin, startTcpOrigin } from '../helpers/origin.ts'
import { makePki } from '../helpers/pki.ts'
import { flowEvents, startWeir, type TestWeir } from '../helpers/weir.ts'
import { connectThrough, exchangeOnce, openSocket, readUntil } from '../helpers/wire-client.ts'

const MARK = 'User-Agent: claude-cli/2.1.330 (external, cli)\r\n'
const ask = (host: string, mark = MARK): string =>
  `POST /v1/messages HTTP/1.1\r\nHost: ${host}\r\n${mark}Content-Length: 2\r\nConnection: close\r\n\r\n{}`

interface World {
  readonly weir: TestWeir
  /** Requests and connections that reached a destination. */
  readonly reached: string[]
}

const HOSTS = ['api.anthropic.com', 'own.example', 'claude.ai', '160.79.104.10']
const TLS_PORTS = [443, 8443, 2053]
const PLAIN_PORTS = [80, 8080, 22]

async function world(t: Parameters<typeof startTcpOrigin>[0]): Promise<World> {
  const pki = await makePki(t)
  const reached: string[] = []
  const secure = await startHttpsOrigin(t, pki, (request, response) => {
    reached.push(`${request.method ?? ''} ${request.url ?? ''}`)
    response.end('{}')
  })
  const plain = await startTcpOrigin(t, (socket) => {
    socket.on('data', (chunk: Buffer) => {
      reached.push(chunk.toString('latin1'))
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}')
    })
  })
  const pinned = (ports: readonly number[], { address }: Origin): [string, string][] =>
    HOSTS.flatMap((host) => ports.map((port): [string, string] => [`${host}:${port}`, address]))
  const pins = Object.fromEntries([...pinned(TLS_PORTS, secure), ...pinned(PLAIN_PORTS, plain)])
  return { weir: await startWeir(t, { pins, roots: [pki.rootPem] }), reached }
}

/** How it ended for the client: the status of its request, or that it got none. */
async function viaTls(weir: TestWeir, authority: string, host: string, options: ConnectionOptions): Promise<string> {
  const { socket, head } = await connectThrough(weir.port, authority)
  if (!head.startsWith('HTTP/1.1 200')) return head.slice(9, 12)
  const secure = connectTls({ socket, rejectUnauthorized: false, ...options })
  secure.on('error', () => undefined)
  const isOpen = await new Promise((resolve) => {
    secure.once('secureConnect', () => resolve(true))
    secure.once('close', () => resolve(false))
  })
  if (isOpen !== true) return 'closed'
  return String((await exchangeOnce(secure, ask(host))).status)
}

const AI = 'api.anthropic.com'
/** CONNECT target, TLS name, Host, what the client gets; more TLS options. */
const TUNNELS: readonly (readonly [string, string | null, string, string, ConnectionOptions?])[] = [
  [`${AI}:443`, AI, AI, '400'],
  ['API.Anthropic.COM:443', AI, 'API.anthropic.com', '400'],
  [`${AI}.:443`, AI, `${AI}.`, '400'],
  [`${AI}:443`, `${AI}.`, AI, '400'],
  [`${AI}:443`, null, AI, '400'],
  [`${AI}:8443`, AI, `${AI}:8443`, '400'],
  [`${AI}:2053`, AI, `${AI}:2053`, '400'],
  ['160.79.104.10:443', AI, AI, '400'],
  ['160.79.104.10:8443', AI, `${AI}:8443`, '400'],
  [`${AI}:443`, AI, 'own.example', '421'],
  [`${AI}:443`, AI, `${AI}:8443`, '421'],
  [`${AI}:8443`, AI, AI, '421'],
  ['own.example:443', AI, AI, 'closed'],
  ['own.example:443', `${AI}.`, AI, 'closed'],
  ['own.example:443', 'API.ANTHROPIC.COM', AI, 'closed'],
  ['own.example:8443', AI, AI, 'closed'],
  [`${AI}:443`, 'own.example', AI, 'closed'],
  [`${AI}:443`, 'claude.ai', 'claude.ai', 'closed'],
  [`${AI}:443`, AI, AI, 'closed', { ALPNProtocols: ['spdy/3'] }],
  [`${AI}:443`, AI, AI, 'closed', { ALPNProtocols: ['http/1.0'] }],
  [`${AI}:8443`, AI, AI, 'closed', { ALPNProtocols: ['h3', 'x'] }],
]

t.test('no spelling of name, port or TLS name takes a prohibited tool through', async (t) => {
  const { weir, reached } = await world(t)
  for (const [authority, servername, host, wanted, options] of TUNNELS) {
    const title = `${authority}, TLS ${servername ?? 'without a name'}, Host ${host}`
    const name = servername === null ? {} : { servername }
    t.equal(await viaTls(weir, authority, host, { ...name, ...options }), wanted, title)
  }
  t.strictSame(reached, [], 'nothing arrived')
  await weir.waitForEvents((events) => flowEvents(events).length >= TUNNELS.length)
})

/** What a client sends in plain, inside a tunnel to the AI host (`null`: to the proxy itself); what it gets. */
const PLAIN: Readonly<Record<string, readonly [authority: string | null, bytes: string, wanted: RegExp]>> = {
  'plain HTTP on port 80': [`${AI}:80`, ask(AI), /^HTTP\/1\.1 400/u],
  'plain HTTP on port 443': [`${AI}:443`, ask(`${AI}:443`), /^HTTP\/1\.1 400/u],
  'plain HTTP on an odd port': [`${AI}:8080`, ask(`${AI}:8080`), /^HTTP\/1\.1 400/u],
  'the same without a tunnel': [null, ask(`${AI}:8080`).replace('/v1', `http://${AI}:8080/v1`), /^HTTP\/1\.1 400/u],
  'https to an odd port, asked of the proxy': [
    null,
    ask(`${AI}:8443`).replace('/v1', `https://${AI}:8443/v1`),
    /^HTTP\/1\.1 400/u,
  ],
  'the mark in the second of two lines': [`${AI}:80`, ask(AI, `User-Agent: x\r\n${MARK}`), /^HTTP\/1\.1 400/u],
  'the mark behind a tab, in other letters': [
    `${AI}:80`,
    ask(AI, MARK.replace('User-Agent: ', 'uSER-aGENT:\t ')),
    /^HTTP\/1\.1 400/u,
  ],
  'the mark on a folded line': [`${AI}:80`, ask(AI, MARK.replace(': ', ':\r\n ')), /^HTTP\/1\.1 400/u],
  'two marks, one of an approved tool': [
    `${AI}:80`,
    ask(AI, `User-Agent: QwenCode/0.1 (linux)\r\nx-app: cli\r\n`),
    /^HTTP\/1\.1 400/u,
  ],
  'a request in lower case': [`${AI}:80`, ask(AI).toLowerCase(), /^$/u],
  'an empty line first': [`${AI}:80`, `\r\n\r\n${ask(AI)}`, /^$/u],
  'HTTP/2 without TLS': [`${AI}:80`, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', /^$/u],
  'SSH to the AI host': [`${AI}:443`, 'SSH-2.0-x\r\n', /^$/u],
  'a tunnel in the tunnel': [
    `${AI}:80`,
    'CONNECT own.example:80 HTTP/1.1\r\nHost: own.example:80\r\n\r\n',
    /^HTTP\/1\.1 403/u,
  ],
  'a Host that is not the target': [null, ask(AI).replace('/v1', 'http://own.example/v1'), /^HTTP\/1\.1 421/u],
  'a target that is not the Host': [null, ask('own.example').replace('/v1', `http://${AI}/v1`), /^HTTP\/1\.1 421/u],
}

t.test('nothing said in plain takes it through either', async (t) => {
  const { weir, reached } = await world(t)
  for (const [title, [authority, bytes, wanted]] of Object.entries(PLAIN)) {
    const socket =
      authority === null ? await openSocket(weir.port) : (await connectThrough(weir.port, authority)).socket
    socket.write(Buffer.from(bytes, 'latin1'))
    t.match(await readUntil(socket, (text) => text.includes('\r\n\r\n')), wanted, title)
    socket.destroy()
  }
  t.strictSame(reached, [], 'nothing arrived')
})

const CHUNKED = '0\r\n\r\nGET http://own.example/hidden HTTP/1.1\r\nHost: own.example\r\n\r\n'
/** Header lines on which two readers may differ: all refused. */
const FRAMING = [
  'Transfer-Encoding : chunked',
  'Transfer-Encoding: xchunked',
  'Transfer-Encoding: chunked, identity',
  'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked',
  'Transfer-Encoding:\x0bchunked',
  'Transfer-Encoding: chunked\r\nContent-Length: 3',
  'Content-Length: 0\r\nContent-Length: 0',
  'Content-Length: 0, 0',
  'Content-Length: +0',
  'Content-Length: 0x0',
  'Content-Length: -1',
  'Content-Length:',
  'X: a\nTransfer-Encoding: chunked',
  'X: a\rTransfer-Encoding: chunked',
  'X: a\0b',
  'no colon',
  ' folded: first',
  'Host: own.example',
  'Host: api.anthropic.com',
]

t.test('a head that two readers would read differently is refused, and nothing of it goes on', async (t) => {
  const { weir, reached } = await world(t)
  for (const lines of FRAMING) {
    const socket = await openSocket(weir.port)
    const head = `POST http://own.example/ HTTP/1.1\r\nHost: own.example\r\n${lines}\r\n\r\n${CHUNKED}`
    socket.write(Buffer.from(head, 'latin1'))
    t.match(await readUntil(socket, (text) => text.includes('\r\n\r\n')), /^HTTP\/1\.1 400/u, JSON.stringify(lines))
    socket.destroy()
  }
  t.strictSame(reached, [])
})

/** Loopback, private networks, clouds' own addresses, and ways to write them. */
const INSIDE = [
  ...['127.1', '0177.0.0.1', '2130706433', '0x7f000001', '127.0.0.1.', '0', '0.0.0.0', 'localhost', 'LOCALHOST.'],
  ...['10.0.0.1', '172.31.0.1', '192.168.1.1', '169.254.169.254', '100.100.100.200', '192.0.0.192'],
  ...['198.18.0.1', '224.0.0.1', '255.255.255.255', '[::]', '[::1]', '[::127.0.0.1]', '[::ffff:7f00:1]'],
  ...[
    '[::ffff:0:127.0.0.1]',
    '[64:ff9b::a9fe:a9fe]',
    '[64:ff9b:1::7f00:1]',
    '[2002:7f00:1::]',
    '[fe80::1]',
    '[fec0::1]',
  ],
  ...['[fd00:ec2::254]', '[ff02::1]', '[100::1]'],
]

t.test('the proxy is no door to what is inside', async (t) => {
  const { weir } = await world(t)
  for (const host of INSIDE) {
    const { socket, head } = await connectThrough(weir.port, `${host}:8081`)
    t.match(head, /^HTTP\/1\.1 403/u, `CONNECT ${host}`)
    socket.destroy()
    const plain = await openSocket(weir.port)
    plain.write(`GET http://${host}:8081/ HTTP/1.1\r\nHost: ${host}:8081\r\n\r\n`)
    t.match(await readUntil(plain, (text) => text.includes('\r\n\r\n')), /^HTTP\/1\.1 403/u, `GET ${host}`)
    plain.destroy()
  }
})
