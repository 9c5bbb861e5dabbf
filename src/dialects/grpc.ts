/** gRPC and gRPC-Web: framed protobuf messages, read without their schema. */
import { headerValue } from '../domain/headers.ts'
import type { LocalAnswer, Notice } from '../domain/notice.ts'
import type { RequestHead } from '../domain/tool.ts'
import { type Framing, framingOf } from '../wire/grpc-frames.ts'
import { bodyTextParts } from './body-parts.ts'
import type { Dialect } from './dialect.ts'
import { GENERIC_KEYS } from './generic.ts'
import { rpcRefusal } from './rpc-refusal.ts'
import { noUsageReader } from './usage.ts'

/** The protocol is no sign of AI, but Google's model services are. */
const AI_SERVICE =
  /^\/google\.(?:ai\.generativelanguage\.v\d[a-z0-9]*\.[A-Za-z]+Service\/|cloud\.aiplatform\.v\d[a-z0-9]*\.PredictionService\/(?:Stream)?GenerateContent$)/u

const recognise = (head: RequestHead): boolean => head.method === 'POST' && AI_SERVICE.test(head.path)

const GRPC_TYPE = 'application/grpc'
const GRPC: Framing = { protocol: 'grpc', isBase64: false, codec: 'proto', codingHeader: 'grpc-encoding' }

/** A body without a type of the protocol is refused as gRPC too: the dialect says so. */
function refusal(notice: Notice, head: RequestHead): LocalAnswer {
  const framing = framingOf(headerValue(head.headers, 'content-type'))
  if (framing !== null && framing.protocol !== 'connect') {
    return rpcRefusal(framing, head, 'permission_denied', notice.line)
  }
  return rpcRefusal(GRPC, { ...head, headers: ['content-type', GRPC_TYPE] }, 'permission_denied', notice.line)
}

export const grpc: Dialect = {
  id: 'grpc',
  recognise,
  textParts: (body, contentType) => bodyTextParts(body, contentType ?? GRPC_TYPE, GENERIC_KEYS),
  refusal,
  usageReader: noUsageReader,
}
