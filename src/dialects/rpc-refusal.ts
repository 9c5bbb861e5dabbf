/** How gRPC, gRPC-Web and Connect streams are refused: before a response as a whole answer, inside one as its proper end. */
import { Buffer } from 'node:buffer'
import { headerValue, type RawHeaders } from '../domain/headers.ts'
import type { LocalAnswer } from '../domain/notice.ts'
import type { RequestHead } from '../domain/tool.ts'
import { FRAME_END_STREAM, FRAME_TRAILERS, type Framing, frameBytes } from '../wire/grpc-frames.ts'
import { mediaType } from './wire-shape.ts'

/** Connect's names and gRPC's numbers of the statuses that Weir itself gives (gRPC, "Status codes"). */
const GRPC_STATUS = { permission_denied: 7, resource_exhausted: 8 } as const
export type RpcCode = keyof typeof GRPC_STATUS

/** What goes behind the bytes of a response that has begun, and its trailers. */
export interface RpcEnding {
  readonly bytes: Uint8Array
  readonly trailers: RawHeaders
}

/** Percent-encoding of `grpc-message`: all but printable ASCII, and `%` itself (gRPC over HTTP2, "Responses"). */
export const encodeGrpcMessage = (text: string): string =>
  Array.from(Buffer.from(text.toWellFormed()), (byte) =>
    byte >= 0x20 && byte <= 0x7e && byte !== 0x25
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  ).join('')

const grpcStatus = (code: RpcCode, message: string): string[] => [
  'grpc-status',
  String(GRPC_STATUS[code]),
  'grpc-message',
  encodeGrpcMessage(message),
]

const connectEnd = (code: RpcCode, message: string): Uint8Array =>
  frameBytes(FRAME_END_STREAM, Buffer.from(JSON.stringify({ error: { code, message } })))

/** An answer in place of the upstream's. gRPC's is "trailers-only": status and message stand in the head. */
export function rpcRefusal(framing: Framing, head: RequestHead, code: RpcCode, message: string): LocalAnswer {
  // Only what `framingOf` took for a type of the protocol comes back: letters, digits and a few signs.
  const type = ['content-type', mediaType(headerValue(head.headers, 'content-type'))]
  if (framing.protocol === 'connect') return { status: 200, headers: type, body: connectEnd(code, message) }
  // Scripts in a browser see no header that is not named here.
  const isPage = framing.protocol === 'grpc-web' && headerValue(head.headers, 'origin') !== null
  const exposed = isPage ? ['access-control-expose-headers', 'grpc-status, grpc-message'] : []
  return { status: 200, headers: [...type, ...grpcStatus(code, message), ...exposed], body: new Uint8Array(0) }
}

/** The end of a response that has begun; it must stand behind a whole message. */
export function rpcEnding(framing: Framing, code: RpcCode, message: string): RpcEnding {
  if (framing.protocol === 'connect') return { bytes: connectEnd(code, message), trailers: [] }
  const [, status = '', , text = ''] = grpcStatus(code, message)
  if (framing.protocol === 'grpc') return { bytes: new Uint8Array(0), trailers: grpcStatus(code, message) }
  const lines = Buffer.from(`grpc-status: ${status}\r\ngrpc-message: ${text}\r\n`)
  return { bytes: frameBytes(FRAME_TRAILERS, lines), trailers: [] }
}
