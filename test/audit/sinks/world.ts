/** Settings, records and receivers for tests of sinks. */
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttps } from 'node:https'
import { type AddressInfo, createServer as createTcp, type Server, type Socket } from 'node:net'
import { createServer as createTls, type SecureContext } from 'node:tls'
import type { PersonFields, ReadPerson } from '../../../src/audit/person.ts'
import type {
  FileSettings,
  HecSettings,
  OtlpSettings,
  SyslogSettings,
  WebhookSettings,
} from '../../../src/audit/sinks/settings.ts'
import type { SinkMessage } from '../../../src/audit/sinks/sink.ts'
import type { Scope } from '../../helpers/scope.ts'

const COMMON = {
  name: 'siem',
  format: 'jsonl',
  from: 'start',
  filter: null,
  persons: true,
  batchEvents: 500,
  batchBytes: 1_048_576,
  batchMs: 0,
  timeoutMs: 5000,
} as const
const NO_FILES = { caFile: null, certFile: null, keyFile: null } as const

export const syslogSettings = (port: number, more: Partial<SyslogSettings> = {}): SyslogSettings => ({
  ...COMMON,
  ...NO_FILES,
  kind: 'syslog',
  host: '127.0.0.1',
  port,
  tls: false,
  facility: 13,
  confirm: 'close',
  ...more,
})

export const hecSettings = (url: string, more: Partial<HecSettings> = {}): HecSettings => ({
  ...COMMON,
  ...NO_FILES,
  kind: 'hec',
  url,
  tokenFile: null,
  index: null,
  sourcetype: 'weir:audit',
  ackMs: 5000,
  ...more,
})

export const otlpSettings = (url: string, more: Partial<OtlpSettings> = {}): OtlpSettings => ({
  ...COMMON,
  ...NO_FILES,
  kind: 'otlp',
  url,
  tokenFile: null,
  ...more,
})

export const webhookSettings = (
  url: string,
  secretFile: string,
  more: Partial<WebhookSettings> = {},
): WebhookSettings => ({ ...COMMON, ...NO_FILES, kind: 'webhook', url, tokenFile: null, secretFile, ...more })

export const fileSettings = (file: string, more: Partial<FileSettings> = {}): FileSettings => ({
  ...COMMON,
  kind: 'file',
  file,
  maxBytes: 1_000_000,
  keep: null,
  ...more,
})

/** Joins a personal line whatever it holds: the address is the id of the line, so that a wrong one shows. */
export const readAnyPerson: ReadPerson = (line): PersonFields => {
  const { id } = JSON.parse(line) as { readonly id: string }
  return { addr: id, user: 'alice', groups: ['dev', 'emea'], device: null, network: null }
}

/** Text that breaks lines, frames, terminals, spreadsheets and JSON where it is not made inert. */
export const HOSTILE = 'a\r\n2 <13>1 x\u0000\u001b[31m\u202e=cmd|" \u2028]\\ ü 中 <script>\ud800'

export const message = (id: string, more: Partial<SinkMessage> = {}): SinkMessage => ({
  id,
  time: '2026-11-23T10:00:00.123Z',
  phase: 'outcome',
  severity: 'info',
  text: JSON.stringify({ id }),
  isJson: true,
  ...more,
})

export interface Received {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface HttpReceiver {
  readonly url: string
  readonly port: number
  readonly got: Received[]
}

/** Keeps what it got; `answer` may say something else than 200. */
export async function httpReceiver(
  t: Scope,
  answer: (received: Received, response: ServerResponse) => void = (_, response) => response.end('{}'),
  tls?: { readonly context: SecureContext },
): Promise<HttpReceiver> {
  const got: Received[] = []
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = []
    request.on('error', () => undefined)
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const received = { path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() }
      got.push(received)
      answer(received, response)
    })
  }
  const server =
    tls === undefined
      ? createServer(handle)
      : createHttps({ SNICallback: (_name, done) => done(null, tls.context) }, handle)
  const port = await listen(t, server)
  return { url: `${tls === undefined ? 'http://127.0.0.1' : 'https://localhost'}:${port}`, port, got }
}

/** Listens on loopback; ends with the test, whatever is still open. */
export async function listen(t: Scope, server: Server, port = 0): Promise<number> {
  const open = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => open.delete(socket))
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(async () => {
    for (const socket of open) socket.destroy()
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}

/** Frames of RFC 6587 section 3.4.1; what is no frame is an error. */
export function splitFrames(bytes: Buffer): string[] {
  const frames: string[] = []
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at)
    const length = Number(bytes.toString('latin1', at, space))
    if (space === -1 || !Number.isInteger(length)) throw new Error(`no frame: ${bytes.toString('utf8', at, at + 40)}`)
    const end = space + 1 + length
    if (end > bytes.length) break
    frames.push(bytes.toString('utf8', space + 1, end))
    at = end
  }
  return frames
}

export interface SyslogReceiver {
  readonly port: number
  /** Messages of all connections so far, whole ones. */
  readonly frames: () => string[]
  readonly connections: () => number
}

/** Reads to the end of each connection, as a syslog server does. */
export async function syslogReceiver(t: Scope, context?: SecureContext): Promise<SyslogReceiver> {
  const connections: Buffer[][] = []
  const onSocket = (socket: Socket): void => {
    const chunks: Buffer[] = []
    connections.push(chunks)
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  }
  const server =
    context === undefined
      ? createTcp(onSocket)
      : createTls({ SNICallback: (_name, done) => done(null, context) }, onSocket)
  const port = await listen(t, server)
  return {
    port,
    frames: () => connections.flatMap((chunks) => splitFrames(Buffer.concat(chunks))),
    connections: () => connections.length,
  }
}
