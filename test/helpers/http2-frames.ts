/** HTTP/2 clients that write frames by hand inside an intercepted tunnel, and the notation of test/cases/http2-frames.yaml. */
import type { TLSSocket } from 'node:tls'
import { ACK, block, FRAME, type Frame, frame, readFrames, settingsFrame } from './http2-origin.ts'
import type { Scope } from './scope.ts'
import type { TestWeir } from './weir.ts'
import { tlsThrough } from './wire-client.ts'

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
export const PRIORITY = 2

export interface RawHttp2Client {
  readonly socket: TLSSocket
  /** Every frame that came so far. */
  readonly frames: readonly Frame[]
  readonly send: (...bytes: Uint8Array[]) => void
  /**
   * The first frame, of those that came (from the given place on) and those to come, for which it holds; `null`: the
   * connection is closed before.
   */
  readonly find: (isIt: (frame: Frame) => boolean, from?: number) => Promise<Frame | null>
  readonly closed: Promise<void>
}

/**
 * CONNECT and TLS with ALPN `h2`. With settings (pairs of identifier and value) the preface is sent, and Weir's SETTINGS
 * are acknowledged; with `null` not a byte is sent.
 */
export async function rawHttp2Through(
  t: Scope,
  weir: Pick<TestWeir, 'port' | 'ca'>,
  host: string,
  settings: readonly [number, number][] | null = [],
): Promise<RawHttp2Client> {
  const socket = await tlsThrough(weir.port, `${host}:443`, { ca: weir.ca, ALPNProtocols: ['h2'] })
  t.teardown(() => socket.destroy())
  const frames: Frame[] = []
  const waiting = new Set<(frame: Frame | null) => void>()
  const tell = (each: Frame | null): void => {
    for (const waiter of [...waiting]) waiter(each)
  }
  const send = (...bytes: Uint8Array[]): void => {
    if (!socket.destroyed) socket.write(Buffer.concat(bytes))
  }
  readFrames(
    socket,
    (each) => {
      frames.push(each)
      if (each.type === FRAME.settings && (each.flags & ACK) === 0 && settings !== null) {
        send(frame(FRAME.settings, ACK, 0))
      }
      tell(each)
    },
    0,
  )
  const closed = new Promise<void>((resolve) => {
    const finish = (): void => {
      socket.destroy()
      resolve()
      tell(null)
    }
    socket.once('end', finish)
    socket.once('close', finish)
  })
  const find = (isIt: (frame: Frame) => boolean, from = 0): Promise<Frame | null> =>
    new Promise((resolve) => {
      const known = frames.slice(from).find(isIt)
      if (known !== undefined || socket.destroyed) {
        resolve(known ?? null)
        return
      }
      const waiter = (each: Frame | null): void => {
        if (each !== null && !isIt(each)) return
        waiting.delete(waiter)
        resolve(each)
      }
      waiting.add(waiter)
    })
  if (settings !== null) send(PREFACE, settingsFrame(...settings))
  return { socket, frames, send, find, closed }
}

/** GET or POST https://host/path, as fields. */
export const requestFields = (method: 'GET' | 'POST', host: string, path: string): string[] => [
  ':method',
  method,
  ':scheme',
  'https',
  ':authority',
  host,
  ':path',
  path,
]

const TYPES: Readonly<Record<string, number>> = {
  DATA: FRAME.data,
  HEADERS: FRAME.headers,
  PRIORITY,
  RST_STREAM: FRAME.rst,
  SETTINGS: FRAME.settings,
  PUSH_PROMISE: FRAME.push,
  PING: FRAME.ping,
  GOAWAY: FRAME.goaway,
  WINDOW_UPDATE: FRAME.window,
  CONTINUATION: FRAME.continuation,
  UNKNOWN: 0xf0,
}
const FLAGS: Readonly<Record<string, number>> = { end: 1, ack: 1, headers: 4, padded: 8, priority: 32, odd: 0x52 }

/** One frame in the notation that stands at the head of test/cases/http2-frames.yaml. */
export function frameOf(text: string, host: string, path: string): Buffer {
  const [name = '', ...tokens] = text.split(' ')
  const type = TYPES[name]
  if (type === undefined) throw new Error(`no such frame: ${text}`)
  let flags = 0
  let id = 0
  const payload: Buffer[] = []
  for (const token of tokens) {
    if (token.startsWith('+')) flags |= flagOf(token)
    else if (token.startsWith('on:')) id = Number(token.slice(3))
    else payload.push(bytesOf(token, host, path))
  }
  return frame(type, flags, id, Buffer.concat(payload))
}

function flagOf(token: string): number {
  const flag = FLAGS[token.slice(1)]
  if (flag === undefined) throw new Error(`no such flag: ${token}`)
  return flag
}

function bytesOf(token: string, host: string, path: string): Buffer {
  if (token === 'GET' || token === 'POST') return block(...requestFields(token, host, path))
  const [, kind, rest = ''] = /^(hex|zeros|number):(.*)$/u.exec(token) ?? []
  if (kind === 'hex') return Buffer.from(rest, 'hex')
  if (kind === 'zeros') return Buffer.alloc(Number(rest))
  if (kind === 'number') {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(Number(rest))
    return bytes
  }
  const split = token.indexOf('=', 1)
  if (split < 0) return Buffer.from(token)
  return block(...[token.slice(0, split), token.slice(split + 1)].map((part) => unescaped(part, host, path)))
}

/** `@`: the host; `~`: a space; `\\xHH`: that byte; `*PATH*`: the path. */
const unescaped = (part: string, host: string, path: string): string =>
  part
    .replace('@', host)
    .replace('*PATH*', path)
    .replaceAll('~', ' ')
    .replaceAll(/\\x([0-9a-f]{2})/gu, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
