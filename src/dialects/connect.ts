/** Connect-RPC, as Cursor and Windsurf speak it. Protobuf bodies are binary to us until part 3 reads their fields. */
import { Buffer } from 'node:buffer'
import type { LocalAnswer, Notice } from '../domain/notice.ts'
import type { RequestHead } from '../domain/tool.ts'
import { bodyTextParts } from './body-parts.ts'
import type { Dialect } from './dialect.ts'
import { GENERIC_KEYS } from './generic.ts'
import { jsonAnswer } from './local-answer.ts'
import { noUsageReader } from './usage.ts'
import { lowerHeader, mediaType } from './wire-shape.ts'

/** The protocol is no sign of AI, but these service names are: Cursor (`aiserver.v1`, `agent.v1`), Windsurf (`exa.…_pb`). */
const AI_SERVICE = /^\/(?:aiserver\.v\d+|agent\.v\d+|exa\.[a-z_]+_pb)\.[A-Za-z]+\/[A-Za-z]+$/u

const recognise = (head: RequestHead): boolean => head.method === 'POST' && AI_SERVICE.test(head.path)

/** Flag of the envelope that ends a stream (connectrpc.com, protocol reference). */
const END_STREAM = 0x02

function refusal(notice: Notice, head: RequestHead): LocalAnswer {
  const error = { code: 'permission_denied', message: notice.line }
  const type = mediaType(lowerHeader(head, 'content-type'))
  if (!type.startsWith('application/connect+')) return jsonAnswer({ status: 403, value: error })
  const json = Buffer.from(JSON.stringify({ error }))
  const prefix = Buffer.alloc(5)
  prefix.writeUInt8(END_STREAM, 0)
  prefix.writeUInt32BE(json.length, 1)
  const streamType = type === 'application/connect+json' ? type : 'application/connect+proto'
  return { status: 200, headers: ['content-type', streamType], body: Buffer.concat([prefix, json]) }
}

export const connect: Dialect = {
  id: 'connect',
  recognise,
  textParts: (body, contentType) =>
    // Enveloped JSON begins with a flag byte and a length: it is not text until the frames are read.
    mediaType(contentType) === 'application/connect+json'
      ? { ok: false, unread: 'binary' }
      : bodyTextParts(body, contentType, GENERIC_KEYS),
  refusal,
  usageReader: noUsageReader,
}
