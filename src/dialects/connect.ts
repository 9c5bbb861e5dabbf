/** Connect-RPC, as Cursor and Windsurf speak it: single messages as they are, streams in frames, protobuf or JSON. */
import { headerValue } from '../domain/headers.ts'
import type { LocalAnswer, Notice } from '../domain/notice.ts'
import type { RequestHead } from '../domain/tool.ts'
import { framingOf } from '../wire/grpc-frames.ts'
import { bodyTextParts } from './body-parts.ts'
import type { Dialect } from './dialect.ts'
import { GENERIC_KEYS } from './generic.ts'
import { jsonAnswer } from './local-answer.ts'
import { treesOf } from './restore-points.ts'
import { rpcRefusal } from './rpc-refusal.ts'
import { noUsageReader } from './usage.ts'

/** The protocol is no sign of AI, but these service names are: Cursor (`aiserver.v1`, `agent.v1`), Windsurf (`exa.…_pb`). */
const AI_SERVICE = /^\/(?:aiserver\.v\d+|agent\.v\d+|exa\.[a-z_]+_pb)\.[A-Za-z]+\/[A-Za-z]+$/u

/** By GET the message stands in the query (`connect-get.ts`). */
const recognise = ({ method, path }: RequestHead): boolean =>
  (method === 'POST' || method === 'GET') && AI_SERVICE.test(path)

/** Of a single message ("unary") the error is the whole JSON body; of a stream it is the frame that ends it. */
function refusal(notice: Notice, head: RequestHead): LocalAnswer {
  const framing = framingOf(headerValue(head.headers, 'content-type'))
  if (framing !== null) return rpcRefusal(framing, head, 'permission_denied', notice.line)
  return jsonAnswer({ status: 403, value: { code: 'permission_denied', message: notice.line } })
}

export const connect: Dialect = {
  id: 'connect',
  recognise,
  textParts: (body, contentType, memory) => bodyTextParts(body, contentType, GENERIC_KEYS, memory),
  refusal,
  // Of a single JSON message. Streams are in frames, whose requests are never edited.
  restorePoints: (message) => treesOf(message),
  usageReader: noUsageReader,
}
