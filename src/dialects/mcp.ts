/** The Model Context Protocol over HTTP: JSON-RPC messages. */
import type { RequestHead } from '../domain/tool.ts'
import { jsonBodyParts } from './body-parts.ts'
import type { Dialect } from './dialect.ts'
import { GENERIC_KEYS } from './generic.ts'
import { jsonAnswer } from './local-answer.ts'
import { treesOf } from './restore-points.ts'
import { noUsageReader } from './usage.ts'
import { hasHeader, lowerHeader } from './wire-shape.ts'

/** The first message of an older client has no version header: then the path and the two accepted types must agree. */
function recognise(head: RequestHead): boolean {
  if (hasHeader(head, 'mcp-protocol-version', 'mcp-session-id')) return true
  const accept = lowerHeader(head, 'accept')
  const isBoth = accept.includes('application/json') && accept.includes('text/event-stream')
  return head.method === 'POST' && isBoth && /\/(?:mcp|sse)\/?$/u.test(head.path)
}

export const mcp: Dialect = {
  id: 'mcp',
  recognise,
  textParts: (body, contentType, memory) => jsonBodyParts(body, contentType, GENERIC_KEYS, memory),
  // The request's id stands in a body that a block does not read: JSON-RPC 2.0 section 5 wants `null` then.
  refusal: (notice) =>
    jsonAnswer({
      status: 200,
      value: {
        jsonrpc: '2.0',
        id: null,
        error: { code: -32001, message: notice.line, data: { event: notice.event } },
      },
    }),
  // Each message is whole, also as an event: what a tool was given may come back in what it says, asks or reports.
  restorePoints: (message) => treesOf(message, ['result', 'error', 'params']),
  usageReader: noUsageReader,
}
