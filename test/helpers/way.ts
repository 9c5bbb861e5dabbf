/** One client's way through a whole Weir, by CONNECT, SOCKS5 or a redirected connection: what it got in the end. */
import { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { TestWeir } from './weir.ts'
import { connectThrough, openSocket, readUntil } from './wire-client.ts'

export type Way = 'connect' | 'socks' | 'transparent'

/** What is said inside: `tls NAME`, `tls` (no server name), `http`, or bytes as they stand. */
export interface Said {
  readonly says: string
  readonly host: string
  /** A request line, and header lines. */
  readonly asks?: string
  readonly alpn?: readonly string[]
}

export interface Outcome {
  /**
   * `refused 403`: the proxy's answer to CONNECT (SOCKS: `refused 2`); `closed`: cut off inside without a word; `ours 400`:
   * the status of the request under a certificate of Weir's, `theirs` under the site's own, `plain` without TLS.
   */
  readonly gets: string
  /** What came back, latin-1. */
  readonly text: string
}

/** Open a tunnel to `to` (`host:port`). For `transparent` there is no word of a destination. */
export async function openWay(
  weir: TestWeir,
  way: Way,
  to: string,
): Promise<{ readonly socket: Socket; readonly refused: string | null }> {
  if (way === 'connect') {
    const { socket, head } = await connectThrough(weir.port, to)
    return { socket, refused: head.startsWith('HTTP/1.1 200') ? null : head.slice(9, 12) }
  }
  if (way === 'transparent')
    return { socket: await openSocket(weir.addresses.transparent[0]?.port ?? 0), refused: null }
  const socket = await openSocket(weir.addresses.socks[0]?.port ?? 0)
  socket.write(Buffer.from('050100', 'hex'))
  await readUntil(socket, (text) => text.length >= 2)
  socket.write(socksRequest(to))
  const answer = await readUntil(socket, (text) => text.length >= 10)
  const code = answer.charCodeAt(1)
  return { socket, refused: code === 0 ? null : String(code) }
}

/** A SOCKS5 CONNECT (RFC 1928 section 4): addresses as addresses, names as names. */
function socksRequest(to: string): Buffer {
  const colon = to.lastIndexOf(':')
  const host = to.slice(0, colon)
  const port = Buffer.alloc(2)
  port.writeUInt16BE(Number(to.slice(colon + 1)))
  const octets = /^\d+\.\d+\.\d+\.\d+$/u.test(host) ? host.split('.').map(Number) : null
  const address = octets === null ? [3, host.length, ...Buffer.from(host, 'latin1')] : [1, ...octets]
  return Buffer.concat([Buffer.from([5, 1, 0, ...address]), port])
}

/** Go the whole way and say something. `roots`: what the client trusts. */
export async function goWay(
  weir: TestWeir,
  way: Way,
  to: string,
  said: Said,
  roots: readonly string[],
): Promise<Outcome> {
  const { socket, refused } = await openWay(weir, way, to)
  try {
    if (refused !== null) return { gets: `refused ${refused}`, text: '' }
    const [kind, name] = said.says.split(' ')
    if (kind === 'tls') return await throughTls(weir, socket, said, name, roots)
    socket.write(Buffer.from(kind === 'http' ? requestOf(said) : said.says, 'latin1'))
    const text = await readUntil(socket, isWhole)
    return { gets: text === '' ? 'closed' : `plain ${statusOf(text)}`, text }
  } finally {
    socket.destroy()
  }
}

async function throughTls(
  weir: TestWeir,
  socket: Socket,
  said: Said,
  name: string | undefined,
  roots: readonly string[],
): Promise<Outcome> {
  const { alpn = [] } = said
  const secure = connectTls({
    socket,
    ca: [...roots],
    checkServerIdentity: () => undefined,
    ...(name === undefined ? {} : { servername: name }),
    ...(alpn.length === 0 ? {} : { ALPNProtocols: [...alpn] }),
  })
  secure.on('error', () => undefined)
  const isOpen = await new Promise<boolean>((resolve) => {
    secure.once('secureConnect', () => resolve(true))
    secure.once('close', () => resolve(false))
  })
  if (!isOpen) return { gets: 'closed', text: '' }
  const signer = signerOf(weir, secure)
  secure.write(Buffer.from(requestOf(said), 'latin1'))
  const text = await readUntil(secure, isWhole)
  secure.destroy()
  return { gets: text === '' ? 'closed' : `${signer} ${statusOf(text)}`, text }
}

function signerOf(weir: TestWeir, secure: TLSSocket): 'ours' | 'theirs' {
  const leaf = new X509Certificate(secure.getPeerCertificate().raw)
  return leaf.verify(new X509Certificate(weir.ca).publicKey) ? 'ours' : 'theirs'
}

const requestOf = ({ asks = 'GET /way', host }: Said): string => {
  const [line = '', ...lines] = asks.split('\n')
  return [`${line} HTTP/1.1`, `Host: ${host}`, ...lines, 'Connection: close', '', ''].join('\r\n')
}

/** The head, and as much of a body as it announces. */
function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n')
  const length = /\r\ncontent-length: *(?<length>\d+)/iu.exec(text.slice(0, end + 2))?.groups?.['length']
  return end !== -1 && text.length >= end + 4 + Number(length ?? 0)
}

const statusOf = (text: string): string => /^HTTP\/1\.1 (\d+)/u.exec(text)?.[1] ?? 'bytes'
