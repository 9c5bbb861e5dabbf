/** Servers that choose HTTP/2 and break it in all the ways of `test/cases/upstream-faults.yaml`, frame by frame. */
import {
  block,
  dataFrame,
  END_HEADERS,
  END_STREAM,
  FRAME,
  frame,
  goawayFrame,
  type Http2Origin,
  headersFrame,
  type RawPeer,
  rstFrame,
  settingsFrame,
  startRawHttp2,
  windowFrame,
} from './http2-origin.ts'
import type { TestPki } from './pki.ts'
import type { Scope } from './scope.ts'

/** Plays one fault on the stream of a request whose head has come. */
type Play = (peer: RawPeer, id: number) => void

const INITIAL_WINDOW_SIZE = 4
const ENABLE_PUSH = 2
const MAX_WINDOW = 0x7fffffff
const INTERNAL_ERROR = 2

const head = (id: number, ...more: string[]): Buffer => headersFrame(id, 0, ':status', '200', ...more)
const say =
  (make: (id: number) => Buffer[]): Play =>
  (peer, id) =>
    peer.send(...make(id))
const sayAndClose =
  (make: (id: number) => Buffer[]): Play =>
  ({ socket }, id) =>
    void socket.end(Buffer.concat(make(id)))

const many = (count: number, one: Buffer): Buffer => Buffer.concat(Array.from({ length: count }, () => one))

/** Goes on as fast as it is read, until the connection is gone. */
const endless =
  (first: (id: number) => Buffer, one: (id: number) => Buffer): Play =>
  ({ socket }, id) => {
    const piece = many(500, one(id))
    const go = (): void => {
      while (!socket.destroyed && socket.writable && socket.write(piece));
    }
    socket.on('drain', go)
    socket.write(first(id))
    go()
  }
const NOTHING = (): Buffer => Buffer.alloc(0)

/** A field of 4000 bytes into HPACK's table, then by its index over and over (RFC 7541 sections 6.1 and 6.2.1). */
const bomb = Buffer.concat([
  block(':status', '200'),
  Buffer.from([0x40, 1, 0x61, 127, 0xa1, 0x1e]),
  Buffer.alloc(4000, 'b'),
  Buffer.alloc(12_000, 0x80 | 62),
])

const PLAYS: Readonly<Record<string, Play>> = {
  'speaks HTTP/1 all the same': say(() => [Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')]),
  'closes without an answer': sayAndClose(() => []),
  'never answers': () => undefined,
  'opens no window for the request': () => undefined,
  'opens its window by the byte and stops': say((id) => Array.from({ length: 20 }, () => windowFrame(id, 1))),
  'overflows the window of the connection': say(() => [windowFrame(0, MAX_WINDOW)]),
  'overflows the window of the stream': say((id) => [windowFrame(id, MAX_WINDOW), windowFrame(id, MAX_WINDOW)]),
  'promises a push': say((id) => [
    frame(FRAME.push, END_HEADERS, id, Buffer.concat([Buffer.from([0, 0, 0, 2]), block(':method', 'GET')])),
  ]),
  'allows us pushes': say(() => [settingsFrame([ENABLE_PUSH, 1])]),
  'sends DATA of an idle stream': say((id) => [dataFrame(id + 20, 0, 'POISON')]),
  'sends DATA of no stream': say(() => [dataFrame(0, 0, 'POISON')]),
  'sends a body before its head': say((id) => [dataFrame(id, 0, 'POISON'), head(id)]),
  'opens a stream of its own': say(() => [headersFrame(2, END_STREAM, ':status', '200')]),
  'sends 103 without end': endless(NOTHING, (id) => headersFrame(id, 0, ':status', '103', 'link', '</a>')),
  'switches protocols unasked': say((id) => [headersFrame(id, 0, ':status', '101'), dataFrame(id, 0, 'POISON')]),
  'breaks its header compression': say((id) => [
    frame(FRAME.headers, END_HEADERS, id, Buffer.from([0xff, 0xff, 0xff])),
  ]),
  'unpacks its head to megabytes': say((id) => [frame(FRAME.headers, END_HEADERS, id, bomb)]),
  'sends headers without end': endless(
    (id) => frame(FRAME.headers, 0, id, block(':status', '200')),
    (id) => frame(FRAME.continuation, 0, id, block('x', 'a'.repeat(1000))),
  ),
  'sends empty CONTINUATION without end': endless(
    (id) => frame(FRAME.headers, 0, id, block(':status', '200')),
    (id) => frame(FRAME.continuation, 0, id),
  ),
  'sends a name in upper case': say((id) => [head(id, 'X-A', '1')]),
  'sends Connection': say((id) => [head(id, 'connection', 'close')]),
  'sends no status': say((id) => [headersFrame(id, 0, 'x-a', '1')]),
  'sends a status beyond 599': say((id) => [headersFrame(id, END_STREAM, ':status', '999', 'content-length', '0')]),
  'sends two statuses': say((id) => [headersFrame(id, 0, ':status', '200', ':status', '204')]),
  'floods SETTINGS': endless(NOTHING, () => settingsFrame([INITIAL_WINDOW_SIZE, 65_535])),
  'floods PING': endless(NOTHING, () => frame(FRAME.ping, 0, 0, Buffer.alloc(8))),
  'says GOAWAY and closes': sayAndClose((id) => [goawayFrame(id, INTERNAL_ERROR)]),
  'says GOAWAY in the middle of a body and closes': sayAndClose((id) => [
    head(id),
    dataFrame(id, 0, 'half'),
    goawayFrame(id, INTERNAL_ERROR),
  ]),
  'says GOAWAY in the middle of a body and finishes it': say((id) => [
    head(id),
    dataFrame(id, 0, 'half'),
    goawayFrame(id, 0),
    dataFrame(id, END_STREAM, 'rest'),
  ]),
  'sends half of its trailers and stops': say((id) => [
    head(id),
    dataFrame(id, 0, 'half'),
    frame(FRAME.headers, END_STREAM, id, block('x-sum', '7')),
  ]),
  'sends half of its trailers and closes': sayAndClose((id) => [
    head(id),
    dataFrame(id, 0, 'half'),
    frame(FRAME.headers, END_STREAM, id, block('x-sum', '7')),
  ]),
  'sends a status in its trailers': say((id) => [
    head(id),
    dataFrame(id, 0, 'half'),
    headersFrame(id, END_STREAM, ':status', '200'),
  ]),
  'sends trailers that do not end': say((id) => [
    head(id),
    dataFrame(id, 0, 'half'),
    headersFrame(id, 0, 'x-sum', '7'),
  ]),
  'sends more than its length': say((id) => [head(id, 'content-length', '2'), dataFrame(id, END_STREAM, 'okPOISON')]),
  'sends less than its length': say((id) => [head(id, 'content-length', '10'), dataFrame(id, END_STREAM, 'half')]),
  'stops in the middle of a body': say((id) => [head(id, 'content-length', '10'), dataFrame(id, 0, 'half')]),
  'closes in the middle of a body': sayAndClose((id) => [head(id), dataFrame(id, 0, 'half')]),
  'resets in the middle of a body': say((id) => [head(id), dataFrame(id, 0, 'half'), rstFrame(id, INTERNAL_ERROR)]),
  'resets without an error in the middle of a body': say((id) => [head(id), dataFrame(id, 0, 'half'), rstFrame(id, 0)]),
  'sends a frame beyond the largest': say((id) => [head(id), dataFrame(id, 0, Buffer.alloc(16_385))]),
  'sends more than our window takes': say((id) => [head(id), many(400, dataFrame(id, 0, Buffer.alloc(16_384)))]),
  'sends empty DATA without end': endless(head, (id) => dataFrame(id, 0, '')),
}

/** An origin with the given fault; what a request without the fault's play gets is `ok`. */
export function startFaultyHttp2Origin(t: Scope, fault: string, pki: TestPki): Promise<Http2Origin> {
  const play = PLAYS[fault]
  if (play === undefined) throw new Error(`no such fault: ${fault}`)
  const isWindowless = fault.includes('opens')
  return startRawHttp2(t, pki, (peer, id) => play(peer, id), {
    settings: isWindowless ? [[INITIAL_WINDOW_SIZE, 0]] : [],
  })
}
