/** The proxy that Weir itself goes through (`upstream.parent`): when it is used, and how a tunnel through it is asked for. */
import type { Socket } from 'node:net'
import { ProxyError } from '../domain/proxy-error.ts'
import { createNoProxyMatcher, type NoProxyMatcher } from './no-proxy.ts'

export interface ParentProxy {
  readonly host: string
  readonly port: number
  /** Speaks TLS itself; its certificate is verified like any other. */
  readonly isTls: boolean
  /** Value of `Proxy-Authorization`; a secret. */
  readonly authorization: string | null
  /** Destinations that are dialled directly. */
  readonly isBypassed: NoProxyMatcher
}

/** Longest head of an answer to CONNECT. */
const MAX_ANSWER_BYTES = 16_384

/** `url` as `upstream.parent` has it, checked by `config/`; user and password percent-encoded. Port: 80, for https 443. */
export function createParentProxy(url: string, noProxy: readonly string[]): ParentProxy {
  const { protocol, hostname, port, username, password } = new URL(url)
  const isTls = protocol === 'https:'
  return {
    host: hostname.replace(/^\[|\]$/gu, ''),
    port: port === '' ? (isTls ? 443 : 80) : Number(port),
    isTls,
    authorization:
      username === '' && password === ''
        ? null
        : `Basic ${Buffer.from(`${decoded(username)}:${decoded(password)}`, 'utf8').toString('base64')}`,
    isBypassed: createNoProxyMatcher(noProxy),
  }
}

/** A lone `%` stands for itself. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/**
 * Ask for a tunnel to `authority` on a connection to the parent (RFC 9110 section 9.3.6) and call back once. Afterwards
 * the socket is as if it had just connected. Nothing that the parent says goes any further than its status.
 */
export function askParent(
  socket: Socket,
  request: { readonly authority: string; readonly authorization: string | null },
  callback: (error: ProxyError | null) => void,
): void {
  const chunks: Buffer[] = []
  const finish = (error: ProxyError | null): void => {
    socket.removeListener('readable', onReadable)
    socket.removeListener('end', onEnd)
    socket.removeListener('close', onEnd)
    callback(error)
  }
  const onEnd = (): void => finish(new ProxyError('parent-refused', 'it closed without an answer'))
  const onReadable = (): void => {
    for (let chunk = read(socket); chunk !== null; chunk = read(socket)) {
      chunks.push(chunk)
      const answer = readAnswer(Buffer.concat(chunks))
      if (answer === 'partial') continue
      if (answer.rest.length > 0) socket.unshift(answer.rest)
      finish(answer.error)
      return
    }
  }
  // 'readable' and not 'data': when its listener goes, the socket is neither paused nor flowing, as it was.
  socket.on('readable', onReadable)
  socket.once('end', onEnd)
  socket.once('close', onEnd)
  const { authority, authorization } = request
  socket.write(
    `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${
      authorization === null ? '' : `Proxy-Authorization: ${authorization}\r\n`
    }\r\n`,
  )
}

const read = (socket: Socket): Buffer | null => socket.read() as Buffer | null

interface ParentAnswer {
  readonly error: ProxyError | null
  readonly rest: Buffer
}

/** Body framing of a refusal does not matter: the connection is closed behind it. */
function readAnswer(bytes: Buffer): ParentAnswer | 'partial' {
  const end = bytes.indexOf('\r\n\r\n')
  if (end === -1 && bytes.length < MAX_ANSWER_BYTES && isHttpSoFar(bytes)) return 'partial'
  const status = /^HTTP\/1\.[01] (?<status>\d{3})(?: [^\r\n]*)?\r\n/u.exec(bytes.toString('latin1', 0, 256))?.groups?.[
    'status'
  ]
  const rest = Buffer.alloc(0)
  if (end === -1 || end > MAX_ANSWER_BYTES || status === undefined) {
    return { error: new ProxyError('parent-refused', 'its answer is no HTTP'), rest }
  }
  if (status.startsWith('1')) return readAnswer(bytes.subarray(end + 4))
  if (status.startsWith('2')) return { error: null, rest: bytes.subarray(end + 4) }
  const detail = status === '407' ? 'it wants other credentials (407)' : `it answered ${status}`
  return { error: new ProxyError('parent-refused', detail), rest }
}

const isHttpSoFar = (bytes: Buffer): boolean => {
  const start = bytes.toString('latin1', 0, 7)
  return 'HTTP/1.'.startsWith(start)
}
