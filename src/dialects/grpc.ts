/** gRPC and gRPC-Web. Bodies are binary to us until part 3 reads their fields. */
import { Buffer } from 'node:buffer'
import type { LocalAnswer, Notice } from '../domain/notice.ts'
import type { RequestHead } from '../domain/tool.ts'
import type { Dialect } from './dialect.ts'
import { noUsageReader } from './usage.ts'
import { lowerHeader, mediaType } from './wire-shape.ts'

/** The protocol is no sign of AI, but Google's model services are. */
const AI_SERVICE =
  /^\/google\.(?:ai\.generativelanguage\.v\d[a-z0-9]*\.[A-Za-z]+Service\/|cloud\.aiplatform\.v\d[a-z0-9]*\.PredictionService\/(?:Stream)?GenerateContent$)/u

const recognise = (head: RequestHead): boolean => head.method === 'POST' && AI_SERVICE.test(head.path)

/** Percent-encoding of `grpc-message`: all but printable ASCII, and `%` itself (gRPC over HTTP2, "Responses"). */
export const encodeGrpcMessage = (text: string): string =>
  Array.from(Buffer.from(text.toWellFormed()), (byte) =>
    byte >= 0x20 && byte <= 0x7e && byte !== 0x25
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  ).join('')

const PERMISSION_DENIED = '7'

/** "Trailers-only": status and message stand in the head, there is no body. */
function refusal(notice: Notice, head: RequestHead): LocalAnswer {
  const type = mediaType(lowerHeader(head, 'content-type'))
  const own = /^application\/grpc(?:-web)?(?:-text)?(?:\+[a-z]{1,20})?$/u.test(type) ? type : 'application/grpc'
  return {
    status: 200,
    headers: ['content-type', own, 'grpc-status', PERMISSION_DENIED, 'grpc-message', encodeGrpcMessage(notice.line)],
    body: new Uint8Array(0),
  }
}

export const grpc: Dialect = {
  id: 'grpc',
  recognise,
  textParts: (body) => (body.length === 0 ? { ok: true, parts: [], model: null } : { ok: false, unread: 'binary' }),
  refusal,
  usageReader: noUsageReader,
}
