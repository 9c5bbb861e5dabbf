/** Carries out the plan of one exchange on an HTTP/1 request: splices the streams and reports how it ended. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Client } from '../domain/client.ts'
import { type Destination, formatAuthority } from '../domain/destination.ts'
import { headerValue, type RawHeaders } from '../domain/headers.ts'
import type { LocalAnswer } from '../domain/notice.ts'
import { ProxyError } from '../domain/proxy-error.ts'
import { type Exchange, type ExchangeEnd, openExchange } from '../flow/exchange.ts'
import { asProxyError } from '../flow/failure.ts'
import type { BodySource, UpstreamExchange, UpstreamResponseSink } from '../flow/ports.ts'
import { endToEndHeaders, reasonPhrase, withHeader } from '../wire/headers.ts'
import { RequestBodySource } from './body-source.ts'
import { BodyHolder, collectBody, type InspectionBudget } from './held-body.ts'
import { cutResponse, sendAnswer } from './local-answer.ts'
import type { EdgePorts } from './ports.ts'
import type { ReadHead } from './request-head.ts'
import { createResponseMeter, type ResponseMeter } from './response-meter.ts'

/** Bodies up to this size are sent whole, so that a stale pooled connection costs a retry and not an error. */
const WHOLE_BODY_BYTES = 65_536

/** Dropped on the way in: we answered it ourselves. */
const DROP_FROM_REQUEST: ReadonlySet<string> = new Set(['expect'])
/** Dropped on the way out: HTTP/3 would lead around us (RFC 7838). */
const DROP_FROM_RESPONSE: ReadonlySet<string> = new Set(['alt-svc'])

export interface ExchangeRun {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly client: Client
  readonly read: ReadHead
  /** `true` inside an intercepted tunnel. */
  readonly isIntercepted: boolean
}

/** Run one exchange to its end; the promise resolves when it is recorded. */
export async function runExchange(ports: EdgePorts, budget: InspectionBudget, run: ExchangeRun): Promise<void> {
  const { request } = run
  const exchange = openExchange(ports.flow, {
    client: run.client,
    head: run.read.head,
    http: request.httpVersion,
    hasBody: hasBody(request),
  })
  if (!exchange.isRecorded && exchange.plan.kind === 'pipe' && !run.isIntercepted) {
    await relayUnread(ports, exchange, run)
    return
  }
  await new RunningExchange(ports, budget, exchange, run).run()
}

const hasBody = (request: IncomingMessage): boolean =>
  request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0

/** Plain HTTP that is no AI traffic: http-proxy passes it, as if we were not there. */
function relayUnread(ports: EdgePorts, exchange: Exchange, run: ExchangeRun): Promise<void> {
  const { request, response, read } = run
  answerExpectation(request, response)
  const headers = endToEndHeaders(request.rawHeaders, DROP_FROM_REQUEST)
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

export const destinationOf = ({ head }: ReadHead): Destination => ({
  scheme: head.scheme,
  host: head.host,
  port: head.port,
})

/** We hold or stream the body ourselves, so the client need not wait for the upstream's word (RFC 9110 section 10.1.1). */
function answerExpectation(request: IncomingMessage, response: ServerResponse): void {
  if (request.headers.expect !== undefined && request.httpVersion !== '1.0') response.writeContinue()
}

/** What is sent upstream: held whole, or streamed with what was read of it in front. */
type OutgoingBody = Uint8Array | BodySource | null

class RunningExchange {
  readonly #ports: EdgePorts
  readonly #budget: InspectionBudget
  readonly #exchange: Exchange
  readonly #run: ExchangeRun
  #holder: BodyHolder | null = null
  #upstream: UpstreamExchange | null = null
  #meter: ResponseMeter | null = null
  #status: number | null = null
  #bytesIn = 0
  #bytesOut = 0
  #sentTick = 0
  #upstreamMs: number | null = null
  #error: ProxyError | null = null
  #isComplete = false
  #resolve: (() => void) | null = null

  constructor(ports: EdgePorts, budget: InspectionBudget, exchange: Exchange, run: ExchangeRun) {
    this.#ports = ports
    this.#budget = budget
    this.#exchange = exchange
    this.#run = run
  }

  async run(): Promise<void> {
    try {
      const { plan } = this.#exchange
      if (plan.kind === 'answer') this.#answer(plan.answer)
      else await this.#forward()
    } catch (thrown) {
      this.#fail(asProxyError(thrown))
    }
    try {
      await this.#finish()
    } finally {
      this.#holder?.release()
    }
  }

  async #forward(): Promise<void> {
    const { request, response } = this.#run
    answerExpectation(request, response)
    request.once('timeout', () => (this.#error ??= new ProxyError('client-timeout')))
    const { plan } = this.#exchange
    const body = plan.kind === 'hold' ? await this.#judgedBody(plan.maxBytes) : await this.#streamedBody()
    if (body === 'answered') return
    const refusal = await this.#exchange.commit()
    if (refusal !== null) {
      this.#error = new ProxyError('audit-unavailable')
      this.#answer(refusal)
      return
    }
    // Ended: what came behind the head was malformed, and the client has had its answer.
    if (response.destroyed || request.socket.writableEnded) throw new ProxyError('client-gone')
    await this.#send(body.body, body.isEdited)
  }

  async #judgedBody(maxBytes: number): Promise<{ body: OutgoingBody; isEdited: boolean } | 'answered'> {
    const { request } = this.#run
    this.#holder = new BodyHolder(this.#budget, maxBytes, this.#run.client.address)
    const { held, rest } = await this.#collect(this.#holder)
    this.#bytesIn = held.bytes.length
    const judgement = await this.#exchange.judge(held)
    if (judgement.answer !== null) {
      this.#answer(judgement.answer)
      return 'answered'
    }
    if (rest === null) return { body: judgement.body ?? held.bytes, isEdited: judgement.body !== null }
    const source = new RequestBodySource(request, [held.bytes, rest], (chunk) => this.#countIn(chunk))
    this.#bytesIn += rest.length
    return { body: source, isEdited: false }
  }

  async #streamedBody(): Promise<{ body: OutgoingBody; isEdited: false }> {
    const { request } = this.#run
    const { plan } = this.#exchange
    if (!hasBody(request)) return { body: null, isEdited: false }
    const copy = plan.kind === 'measure' ? new BodyHolder(this.#budget, plan.maxBytes, this.#run.client.address) : null
    this.#holder = copy
    const declared = Number(request.headers['content-length'] ?? Number.POSITIVE_INFINITY)
    if (declared <= WHOLE_BODY_BYTES) {
      const holder = copy ?? new BodyHolder(this.#budget, WHOLE_BODY_BYTES, this.#run.client.address)
      this.#holder = holder
      const { held, rest } = await this.#collect(holder)
      this.#bytesIn = held.bytes.length
      if (rest === null) return { body: held.bytes, isEdited: false }
      this.#bytesIn += rest.length
      return { body: this.#tapped(copy, [held.bytes, rest]), isEdited: false }
    }
    return { body: this.#tapped(copy, []), isEdited: false }
  }

  #tapped(copy: BodyHolder | null, first: readonly Uint8Array[]): BodySource {
    return new RequestBodySource(this.#run.request, first, (chunk) => {
      this.#countIn(chunk)
      copy?.add(chunk)
    })
  }

  async #collect(holder: BodyHolder): ReturnType<typeof collectBody> {
    try {
      return await collectBody(this.#run.request, holder)
    } catch (error) {
      throw new ProxyError('client-gone', null, error)
    }
  }

  #countIn(chunk: Uint8Array): void {
    this.#bytesIn += chunk.length
  }

  #send(body: OutgoingBody, isEdited: boolean): Promise<void> {
    const { request, response, read } = this.#run
    let headers: RawHeaders = endToEndHeaders(request.rawHeaders, DROP_FROM_REQUEST)
    if (headerValue(headers, 'host') === null) {
      headers = ['Host', formatAuthority(read.head.host, read.head.port), ...headers]
    }
    if (isEdited && body instanceof Uint8Array) headers = withHeader(headers, 'content-length', String(body.length))
    this.#sentTick = this.#ports.flow.clock.tickMs()
    return new Promise((resolve) => {
      this.#resolve = resolve
      response.once('close', () => this.#clientClosed())
      this.#upstream = this.#ports.upstream.exchange(
        { destination: destinationOf(read), method: read.head.method, target: read.target, headers, body },
        this.#sink(),
      )
    })
  }

  #sink(): UpstreamResponseSink {
    const { response } = this.#run
    response.on('drain', () => this.#upstream?.resume())
    return {
      informational: (status, headers) => this.#informational(status, headers),
      head: (status, statusText, headers) => this.#head(status, statusText, headers),
      chunk: (bytes) => {
        this.#bytesOut += bytes.length
        this.#meter?.push(bytes)
        return response.write(bytes)
      },
      end: (trailers) => {
        if (trailers.length > 0) response.addTrailers(pairs(endToEndHeaders(trailers)))
        response.end()
        this.#isComplete = true
        this.#done()
      },
      fail: (error) => {
        this.#fail(error)
        this.#done()
      },
    }
  }

  /** 103 Early Hints is the only interim answer that helps a client here; 100 we gave ourselves. */
  #informational(status: number, headers: RawHeaders): void {
    const { response } = this.#run
    if (status !== 103 || response.headersSent) return
    const link = headers.flatMap((value, index) =>
      index % 2 === 1 && headers[index - 1]?.toLowerCase() === 'link' ? [value] : [],
    )
    if (link.length === 0) return
    try {
      response.writeEarlyHints({ link })
    } catch {
      // A hint that node:http calls malformed is left out: it is only a hint, and the response comes anyway.
    }
  }

  #head(status: number, statusText: string, headers: RawHeaders): void {
    const { response } = this.#run
    this.#status = status
    this.#upstreamMs = this.#ports.flow.clock.tickMs() - this.#sentTick
    const reader = this.#exchange.usageReader(headerValue(headers, 'content-type'))
    if (reader !== null) this.#meter = createResponseMeter(reader, headerValue(headers, 'content-encoding'))
    response.sendDate = false
    const kept = endToEndHeaders(headers, this.#run.isIntercepted ? DROP_FROM_RESPONSE : undefined)
    response.writeHead(status, reasonPhrase(statusText), [...kept, ...this.#exchange.responseHeaders()])
    // The head goes out at once, together with what of the body came in the same read: one TLS record and one write.
    const { socket } = response
    socket?.cork()
    response.flushHeaders()
    process.nextTick(() => socket?.uncork())
  }

  #clientClosed(): void {
    if (this.#run.response.writableFinished || this.#isComplete) return
    this.#error ??= new ProxyError('client-gone')
    this.#upstream?.cancel()
    this.#done()
  }

  #answer(answer: LocalAnswer): void {
    this.#status = answer.status
    this.#bytesOut = sendAnswer(this.#run.request, this.#run.response, answer)
    this.#isComplete = true
  }

  /** Before the response began: an answer. After: the client must see that it is cut, never a clean end. */
  #fail(error: ProxyError): void {
    this.#error ??= error
    const { request, response } = this.#run
    const answer = response.headersSent ? null : this.#exchange.fail(this.#error)
    if (answer === null) cutResponse(response)
    else {
      this.#status = answer.status
      this.#bytesOut = sendAnswer(request, response, answer)
    }
  }

  #done(): void {
    this.#resolve?.()
    this.#resolve = null
  }

  async #finish(): Promise<void> {
    const isMeasured = this.#exchange.plan.kind === 'measure'
    const end: ExchangeEnd = {
      status: this.#status,
      bytesIn: this.#bytesIn,
      bytesOut: this.#bytesOut,
      upstreamMs: this.#upstreamMs,
      usage: this.#meter === null ? null : await this.#meter.end(),
      error: this.#error,
      isComplete: this.#isComplete && this.#error === null,
      copy: isMeasured ? (this.#holder?.body ?? null) : null,
    }
    await this.#exchange.finish(end)
  }
}

/** Trailer lines as pairs, the form `addTrailers` takes. */
const pairs = (flat: RawHeaders): [string, string][] =>
  flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1] ?? ''] as [string, string]] : []))
