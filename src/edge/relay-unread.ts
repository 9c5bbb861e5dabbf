/** Plain HTTP that is no AI traffic: http-proxy passes it, as if we were not there. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Exchange } from '../flow/exchange-contract.ts'
import { endToEndHeaders } from '../wire/headers.ts'
import { cutResponse, sendAnswer } from './local-answer.ts'
import type { EdgePorts } from './ports.ts'
import { destinationOf, type ReadHead } from './request-head.ts'

/** Dropped on the way in: we answered it ourselves. */
const DROP_FROM_REQUEST: ReadonlySet<string> = new Set(['expect'])
/** Trailers come behind chunks only; node:http throws on the promise of some without. */
const DROP_WITHOUT_CHUNKS: ReadonlySet<string> = new Set([...DROP_FROM_REQUEST, 'trailer'])

export interface UnreadRequest {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly read: ReadHead
}

/** The promise resolves when the exchange is over and counted. */
export function relayUnread(ports: EdgePorts, exchange: Exchange, unread: UnreadRequest): Promise<void> {
  const { request, response, read } = unread
  if (request.headers.expect !== undefined && request.httpVersion !== '1.0') response.writeContinue()
  const isChunked = request.headers['transfer-encoding'] !== undefined
  const lines = endToEndHeaders(request.rawHeaders, isChunked ? DROP_FROM_REQUEST : DROP_WITHOUT_CHUNKS)
  const headers = exchange.requestHeaders(lines)
  const relay = { destination: destinationOf(read), target: read.target, headers }
  return new Promise((resolve) => {
    ports.passThrough.web(request, response, relay, (end) => {
      if (end.error !== null && !response.headersSent) {
        const answer = exchange.fail(end.error)
        if (answer !== null) sendAnswer(request, response, answer)
      } else if (end.error !== null) cutResponse(response)
      resolve(exchange.finish({ ...end, upstreamMs: null, usage: null, isComplete: end.error === null, copy: null }))
    })
  })
}
