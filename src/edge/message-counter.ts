/** Counts the messages of one exchange whose bodies are framed (gRPC, Connect streams), by what passes in each direction. */
import type { MessageCounts } from '../domain/audit-event.ts'
import { headerValue, type RawHeaders } from '../domain/headers.ts'
import { FrameCounter, framingOf } from '../wire/grpc-frames.ts'

export class MessageCounter {
  readonly #in: FrameCounter | null
  #out: FrameCounter | null = null
  #isEndable = false

  /** `headers`: of the request. One that is not framed counts nothing. */
  constructor(headers: RawHeaders) {
    this.#in = counterFor(headers)
  }

  /** `undefined` where the request is not made of messages. */
  get counts(): MessageCounts | undefined {
    return this.#in === null ? undefined : { in: this.#in.count, out: this.#out?.count ?? 0 }
  }

  /** May the response that has begun be ended here by our own words? Not inside a message, nor in a coding. */
  get isEndable(): boolean {
    return this.#isEndable && this.#out?.isAtBoundary === true
  }

  request(bytes: Uint8Array): void {
    this.#in?.push(bytes)
  }

  responseHead(status: number, headers: RawHeaders): void {
    this.#out = counterFor(headers)
    this.#isEndable = status === 200 && headerValue(headers, 'content-encoding') === null
  }

  response(bytes: Uint8Array): void {
    this.#out?.push(bytes)
  }
}

/** Base64 has no frames that could be counted as they pass. */
function counterFor(headers: RawHeaders): FrameCounter | null {
  const framing = framingOf(headerValue(headers, 'content-type'))
  return framing === null || framing.isBase64 ? null : new FrameCounter(framing)
}
