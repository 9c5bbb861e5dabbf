/**
 * Proof that nothing is buffered: an origin sends piece n + 1 of a response only when the client has received all of piece n.
 * A proxy that holds back a single byte makes no progress, and the test says at which piece.
 */

import { once } from 'node:events'
import { type IncomingMessage, request as requestHttp1, type ServerResponse } from 'node:http'
import type { Http2SecureServer, IncomingHttpHeaders } from 'node:http2'
import { PassThrough, type Readable, type Transform } from 'node:stream'
import {
  createBrotliCompress,
  createBrotliDecompress,
  createDeflate,
  createGunzip,
  createGzip,
  createInflate,
  createZstdCompress,
  createZstdDecompress,
  constants as zlib,
} from 'node:zlib'
import { http2Through } from './http2-client.ts'
import { startHttp2Origin } from './http2-origin.ts'
import { type Origin, startHttpsOrigin } from './origin.ts'
import type { TestPki } from './pki.ts'
import type { Scope } from './scope.ts'
import type { TestWeir } from './weir.ts'
import { tlsThrough } from './wire-client.ts'

export type Version = 'h1' | 'h2'

/** A response in pieces. */
export interface Script {
  readonly contentType: string
  readonly coding?: Coding
  readonly pieces: readonly Piece[]
}

export interface Piece {
  readonly bytes: Uint8Array
  /** How many bytes it adds once the coding is undone. */
  readonly plainBytes: number
}

/** What the client received, as it came and without its coding. */
export interface Received {
  readonly bytes: Buffer
  readonly plain: Buffer
}

/** Pieces without a coding. */
export const plainPieces = (pieces: readonly (string | Uint8Array)[]): Piece[] =>
  pieces.map((piece) => ({ bytes: Buffer.from(piece), plainBytes: Buffer.byteLength(piece) }))

export interface BarrierOrigin {
  readonly address: string
  /** What the next request is answered with. */
  play: (script: Script) => void
  /** The client has all that was sent: send what is next. */
  next: () => void
  /** Bytes that were sent, counted without their coding. */
  readonly sentBytes: () => number
}

const WAIT_MS = 20_000

export async function startBarrierOrigin(t: Scope, pki: TestPki, version: Version): Promise<BarrierOrigin> {
  let script: Script = { contentType: 'text/plain', pieces: [] }
  let response: ServerResponse | null = null
  let index = 0
  let sentBytes = 0
  const next = (): void => {
    const piece = script.pieces[index++]
    if (piece === undefined) response?.end()
    else {
      sentBytes += piece.plainBytes
      response?.write(piece.bytes)
      // What only ends a coding adds nothing that the client could confirm.
      if (piece.plainBytes === 0) next()
    }
  }
  const handle = (request: IncomingMessage, answer: ServerResponse): void => {
    request.resume().on('end', () => {
      response = answer
      const coding = script.coding === undefined ? {} : { 'content-encoding': script.coding }
      answer.writeHead(200, { 'content-type': script.contentType, ...coding })
      next()
    })
  }
  const { address } = await start(t, pki, version, handle)
  return {
    address,
    next,
    sentBytes: () => sentBytes,
    play: (played) => {
      script = played
      index = 0
      sentBytes = 0
    },
  }
}

async function start(
  t: Scope,
  pki: TestPki,
  version: Version,
  handle: (request: IncomingMessage, answer: ServerResponse) => void,
): Promise<Pick<Origin, 'address'>> {
  if (version === 'h1') return startHttpsOrigin(t, pki, handle)
  const origin = await startHttp2Origin(t, pki, () => undefined)
  const server = origin.server as Http2SecureServer
  server.on('request', handle as unknown as () => void)
  return origin
}

export interface BarrierRun {
  readonly weir: TestWeir
  readonly origin: BarrierOrigin
  readonly client: Version
  readonly host: string
  readonly path: string
  readonly body: string
  readonly script: Script
}

/** Plays the script and resolves with all that the client received; rejects when a piece does not come. */
export async function receiveStepwise(t: Scope, run: BarrierRun): Promise<Received> {
  const { origin, script } = run
  origin.play(script)
  const chunks: Buffer[] = []
  const plain: Buffer[] = []
  let plainBytes = 0
  const { source, coding } = await (run.client === 'h1' ? overHttp1(run) : overHttp2(t, run))
  const decoder = DECODERS[coding as Coding]?.() ?? new PassThrough()
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`held back: ${plainBytes} of ${origin.sentBytes()} sent bytes came`))
    }, WAIT_MS)
    const settle = (finish: () => void) => (): void => {
      clearTimeout(timer)
      finish()
    }
    decoder.on('data', (chunk: Buffer) => {
      plain.push(chunk)
      plainBytes += chunk.length
      if (plainBytes === origin.sentBytes()) origin.next()
    })
    decoder.on('end', settle(resolve))
    decoder.on(
      'error',
      settle(() => reject(new Error('the coding is broken'))),
    )
    source.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      decoder.write(chunk)
    })
    source.on('end', () => decoder.end())
    source.on(
      'error',
      settle(() => reject(new Error('the response broke off'))),
    )
  })
  return { bytes: Buffer.concat(chunks), plain: Buffer.concat(plain) }
}

interface Answer {
  readonly source: Readable
  /** As the client was told: a proxy may undo a coding. */
  readonly coding: string
}

const HEADERS = { 'content-type': 'application/json', 'accept-encoding': 'gzip, deflate, br, zstd' }

async function overHttp1({ weir, host, path, body }: BarrierRun): Promise<Answer> {
  const socket = await tlsThrough(weir.port, `${host}:443`, { ca: weir.ca, ALPNProtocols: ['http/1.1'] })
  return await new Promise((resolve, reject) => {
    const request = requestHttp1({
      host,
      path,
      method: 'POST',
      headers: { ...HEADERS, host, connection: 'close' },
      createConnection: () => socket,
    })
    request.once('response', (response: IncomingMessage) => {
      response.once('close', () => socket.destroy())
      resolve({ source: response, coding: response.headers['content-encoding'] ?? '' })
    })
    request.once('error', reject)
    request.end(body)
  })
}

async function overHttp2(t: Scope, { weir, host, path, body }: BarrierRun): Promise<Answer> {
  const { session } = await http2Through(t, weir, host)
  const stream = session.request({ ':method': 'POST', ':path': path, ...HEADERS })
  stream.once('close', () => session.close())
  stream.end(body)
  const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders]
  return { source: stream, coding: headers['content-encoding'] ?? '' }
}

const ENCODERS = {
  gzip: () => [createGzip(), zlib.Z_SYNC_FLUSH] as const,
  deflate: () => [createDeflate(), zlib.Z_SYNC_FLUSH] as const,
  br: () => [createBrotliCompress(), zlib.BROTLI_OPERATION_FLUSH] as const,
  zstd: () => [createZstdCompress(), zlib.ZSTD_e_flush] as const,
}
export type Coding = keyof typeof ENCODERS

const DECODERS: Readonly<Partial<Record<Coding, () => Transform>>> = {
  gzip: createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
}

/** Each event compressed and flushed, as a server does that streams; the last piece ends the coding. */
export async function encodedPieces(events: readonly string[], coding: Coding): Promise<Piece[]> {
  const [encoder, flush] = ENCODERS[coding]()
  let waiting: Buffer[] = []
  encoder.on('data', (chunk: Buffer) => waiting.push(chunk))
  const take = (): Buffer => {
    const piece = Buffer.concat(waiting)
    waiting = []
    return piece
  }
  const pieces: Piece[] = []
  for (const event of events) {
    encoder.write(event)
    await new Promise<void>((resolve) => encoder.flush(flush, resolve))
    pieces.push({ bytes: take(), plainBytes: Buffer.byteLength(event) })
  }
  await new Promise((resolve) => {
    encoder.once('end', resolve)
    encoder.end()
  })
  return [...pieces, { bytes: take(), plainBytes: 0 }]
}
