/** Asks a proxy whether it is there and is Weir, without sending anything through it. */
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Finding } from './doctor-finding.ts'
import { maskUrl } from './doctor-variables.ts'

const TIMEOUT_MS = 5000
const MAX_HEAD_BYTES = 16_384
/** Weir and others refuse the mail port at once, and the name cannot exist: nothing leaves for it. */
const PROBE = 'weir-doctor.invalid:25'

export interface ProxyAddress {
  readonly host: string
  readonly port: number
  readonly isTls: boolean
  /** `Proxy-Authorization` value made of the URL's user and password; never shown. */
  readonly authorization: string | null
}

/** Parse `http://user:password@host:port` or `host:port`; `null` when it is neither. */
export function parseProxyUrl(text: string): ProxyAddress | null {
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//iu.test(text) ? text : `http://${text}`)
  if (url === null || url.hostname === '' || (url.protocol !== 'http:' && url.protocol !== 'https:')) return null
  const isTls = url.protocol === 'https:'
  const port = url.port === '' ? (isTls ? 443 : 80) : Number(url.port)
  const user = url.username === '' ? '' : decoded(`${url.username}:${url.password}`)
  if (user === null) return null
  const authorization = user === '' ? null : `Basic ${Buffer.from(user).toString('base64')}`
  return { host: url.hostname.replace(/^\[|\]$/gu, ''), port, isTls, authorization }
}

/** `null` where a percent sign begins no escape (`u%x`): what is meant cannot be known. */
function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}

/** The certificate of an `https://` proxy is not judged here: being reached is the question. */
const dial = ({ host, port, isTls }: ProxyAddress): Socket =>
  isTls ? connectTls({ host, port, servername: host, rejectUnauthorized: false }) : connectTcp({ host, port })

/** Head of the answer to a CONNECT; rejects with the reason when there is none. */
function askConnect(proxy: ProxyAddress): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = dial(proxy)
    let head = ''
    const fail = (error: Error): void => {
      socket.destroy()
      reject(error)
    }
    socket.setTimeout(TIMEOUT_MS, () => fail(new Error('no answer in 5 seconds')))
    socket.on('error', fail)
    socket.on('close', () => fail(new Error('it closed the connection without an answer')))
    socket.on('data', (bytes: Buffer) => {
      head += bytes.toString('latin1')
      if (!head.includes('\r\n\r\n') && head.length < MAX_HEAD_BYTES) return
      resolve(head.slice(0, head.indexOf('\r\n\r\n') + 2))
      socket.destroy()
    })
    const credentials = proxy.authorization === null ? '' : `Proxy-Authorization: ${proxy.authorization}\r\n`
    socket.write(`CONNECT ${PROBE} HTTP/1.1\r\nHost: ${PROBE}\r\n${credentials}\r\n`)
  })
}

export interface ProxyCheck {
  readonly isReachable: boolean
  readonly finding: Finding
}

function judge(shown: string, head: string): ProxyCheck {
  const finding = (status: Finding['status'], message: string): ProxyCheck => ({
    isReachable: true,
    finding: { area: 'proxy', name: shown, status, message, fix: [] },
  })
  const status = /^HTTP\/1\.[01] (\d{3})/u.exec(head)?.[1]
  if (status === undefined) return finding('bad', 'something answers, but it is no HTTP proxy')
  if (status === '407') return finding('bad', 'it asks for credentials: put user and password into the proxy URL')
  if (/^proxy-status: *weir\b/imu.test(head)) return finding('ok', 'reachable, answers CONNECT, is Weir')
  if (status === '405' || status === '501') return finding('bad', `it answers CONNECT with ${status}: it is no proxy`)
  return finding('warn', `reachable, answers CONNECT (${status}), but does not say that it is Weir`)
}

/** Reach the proxy and see what answers CONNECT. */
export async function checkProxy(url: string): Promise<ProxyCheck> {
  const shown = maskUrl(url)
  const unreachable = (message: string, fix: readonly string[] = []): ProxyCheck => ({
    isReachable: false,
    finding: { area: 'proxy', name: shown, status: 'bad', message, fix },
  })
  const proxy = parseProxyUrl(url)
  if (proxy === null) return unreachable('is no proxy address: write `http://host:port`')
  try {
    return judge(shown, await askConnect(proxy))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return unreachable(`cannot be reached: ${code ?? message}`, ['weir serve'])
  }
}
