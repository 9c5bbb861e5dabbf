/** Origins that speak HTTP/2 over TLS: a real one, and one whose frames the test writes by hand. */
import {
  createSecureServer,
  type Http2SecureServer,
  type SecureServerOptions,
  type ServerHttp2Stream,
} from 'node:http2'
import { createServer as createTls, type TLSSocket, type Server as TlsServer } from 'node:tls'
import { listening } from './origin.ts'
import type { TestPki } from './pki.ts'
import type { Scope } from './scope.ts'

export interface Http2Origin {
  /** `127.0.0.1:port`, as pins want it. */
  readonly address: string
  readonly server: Http2SecureServer | TlsServer
  /** Connections accepted so far. */
  readonly connections: () => number
  /** Those that are open. */
  readonly sockets: ReadonlySet<TLSSocket>
}

const sni =
  (pki: TestPki): NonNullable<SecureServerOptions['SNICallback']> =>
  (name, done) => {
    pki.contextFor(name).then(
      (context) => done(null, context),
      (error: unknown) => done(error as Error),
    )
  }

async function origin(t: Scope, server: Http2SecureServer | TlsServer): Promise<Http2Origin> {
  const { address, connections, sockets } = await listening<TLSSocket>(t, server, 'secureConnection')
  return { address, server, connections, sockets }
}

type OnStream = (stream: ServerHttp2Stream, headers: Record<string, unknown>, raw: string[]) => void

/** A real server; with `allowHTTP1` its `request` event serves both. */
export function startHttp2Origin(
  t: Scope,
  pki: TestPki,
  onStream: OnStream,
  options: SecureServerOptions = {},
): Promise<Http2Origin> {
  const server = createSecureServer({ SNICallback: sni(pki), ...options })
  server.on('sessionError', () => undefined)
  server.on('stream', (stream: ServerHttp2Stream, headers: Record<string, unknown>, _flags: number, raw: string[]) => {
    stream.on('error', () => undefined)
    onStream(stream, headers, raw)
  })
  return origin(t, server)
}

/** Frame types of RFC 9113 section 6. */
export const FRAME = {
  data: 0,
  headers: 1,
  rst: 3,
  settings: 4,
  push: 5,
  ping: 6,
  goaway: 7,
  window: 8,
  continuation: 9,
} as const
export const END_STREAM = 1
export const ACK = 1
export const END_HEADERS = 4

export interface Frame {
  readonly type: number
  readonly flags: number
  readonly id: number
  readonly payload: Buffer
}

export function frame(type: number, flags: number, id: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(id, 5)
  return Buffer.concat([head, payload])
}

/** A header block of literals without indexing and without Huffman coding (RFC 7541 section 6.2.2); text as latin-1. */
export function block(...fields: string[]): Buffer {
  const parts: Buffer[] = []
  for (let index = 0; index + 1 < fields.length; index += 2) {
    parts.push(Buffer.from([0]), text(fields[index] ?? ''), text(fields[index + 1] ?? ''))
  }
  return Buffer.concat(parts)
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1')
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes])
  const size = [127]
  let rest = bytes.length - 127
  for (; rest >= 128; rest = Math.floor(rest / 128)) size.push((rest % 128) + 128)
  return Buffer.concat([Buffer.from([...size, rest]), bytes])
}

const number32 = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(4 * values.length)
  values.forEach((value, index) => bytes.writeUInt32BE(value, 4 * index))
  return bytes
}

export const headersFrame = (id: number, flags: number, ...fields: string[]): Buffer =>
  frame(FRAME.headers, END_HEADERS | flags, id, block(...fields))
export const dataFrame = (id: number, flags: number, bytes: string | Uint8Array): Buffer =>
  frame(FRAME.data, flags, id, typeof bytes === 'string' ? Buffer.from(bytes) : bytes)
export const rstFrame = (id: number, code: number): Buffer => frame(FRAME.rst, 0, id, number32(code))
export const goawayFrame = (lastId: number, code: number): Buffer => frame(FRAME.goaway, 0, 0, number32(lastId, code))
export const windowFrame = (id: number, by: number): Buffer => frame(FRAME.window, 0, id, number32(by))
export function settingsFrame(...pairs: [number, number][]): Buffer {
  const payload = Buffer.alloc(6 * pairs.length)
  pairs.forEach(([key, value], index) => {
    payload.writeUInt16BE(key, 6 * index)
    payload.writeUInt32BE(value, 6 * index + 2)
  })
  return frame(FRAME.settings, 0, 0, payload)
}

/** One connection to the origin that is played by hand. */
export interface RawPeer {
  readonly socket: TLSSocket
  /** Every frame that came. */
  readonly frames: Frame[]
  readonly send: (...frames: Buffer[]) => void
  /** Number of the connection, from 0. */
  readonly index: number
}

export interface RawOriginOptions {
  /** The SETTINGS sent at once; acknowledgements are sent for you. */
  readonly settings?: [number, number][]
  /** Every frame; HEADERS go to `onHeaders` as well. */
  readonly onFrame?: (peer: RawPeer, frame: Frame) => void
}

export function startRawHttp2(
  t: Scope,
  pki: TestPki,
  onHeaders: (peer: RawPeer, id: number, frame: Frame) => void,
  options: RawOriginOptions = {},
): Promise<Http2Origin> {
  let index = 0
  const server = createTls({ SNICallback: sni(pki), ALPNProtocols: ['h2'] }, (socket) => {
    const frames: Frame[] = []
    const send = (...bytes: Buffer[]): void => {
      if (!socket.destroyed) socket.write(Buffer.concat(bytes))
    }
    const peer = { socket, frames, send, index: index++ }
    socket.on('error', () => undefined)
    send(settingsFrame(...(options.settings ?? [])))
    readFrames(socket, (each) => {
      frames.push(each)
      if (each.type === FRAME.settings && (each.flags & ACK) === 0) send(frame(FRAME.settings, ACK, 0))
      options.onFrame?.(peer, each)
      if (each.type === FRAME.headers) onHeaders(peer, each.id, each)
    })
  })
  return origin(t, server)
}

const PREFACE_BYTES = 24

/** Calls back for every frame; `prefaceBytes` stand before the first: a client's preface, or nothing. */
export function readFrames(socket: TLSSocket, onFrame: (frame: Frame) => void, prefaceBytes = PREFACE_BYTES): void {
  let buffered = Buffer.alloc(0)
  let hasPreface = false
  socket.on('data', (chunk: Buffer) => {
    buffered = Buffer.concat([buffered, chunk])
    if (!hasPreface && buffered.length >= prefaceBytes) {
      hasPreface = true
      buffered = buffered.subarray(prefaceBytes)
    }
    while (hasPreface && buffered.length >= 9) {
      const length = buffered.readUIntBE(0, 3)
      if (buffered.length < 9 + length) break
      const payload = Buffer.from(buffered.subarray(9, 9 + length))
      const read = { type: buffered[3] ?? 0, flags: buffered[4] ?? 0, id: buffered.readUInt32BE(5), payload }
      buffered = buffered.subarray(9 + length)
      onFrame(read)
    }
  })
}
