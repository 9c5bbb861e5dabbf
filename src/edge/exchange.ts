/** Carries out the plan of one exchange: splices the streams of client and upstream and reports how it ended. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Client } from '../domain/client.ts'
import { headerValue, type RawHeaders } from '../domain/headers.ts'
import type { LocalAnswer } from '../domain/notice.ts'
import { ProxyError } from '../domain/proxy-error.ts'
import { openExchange } from '../flow/exchange.ts'
import type { Exchange, ExchangeEnd, ExchangePlan, StreamRefusal } from '../flow/exchange-contract.ts'
import { asProxyError } from '../flow/failure.ts'
import type { BodySource, UpstreamExchange, UpstreamRequest, UpstreamResponseSink } from '../flow/ports.ts'
import { endToEndHeaders, endToEndTrailers } from '../wire/headers.ts'
import { RequestBodySource, withTrailers } from './body-source.ts'
import type { ClientSide } from './client-side.ts'
import { BodyHolder, type CollectedBody, collectBody, type InspectionBudget, peekBody } from './held-body.ts'
import { MessageCounter } from './message-counter.ts'
import { firstMessage, MessageStream } from './message-stream.ts'
import { requestLines, responseLines } from './passed-lines.ts'
import type { EdgePorts } from './ports.ts'
import { destinationOf, type ReadHead } from './request-head.ts'
import { createResponseMeter, type ResponseMeter } from './response-meter.ts'
import { RESTORED_LINES, RestoringBody } from './restoring-body.ts'

/** Bodies up to this size are sent whole, so that a stale pooled connection costs a retry and not an error. */
const WHOLE_BODY_BYTES = 65_536

/** How long the first bytes of a body are waited for where it may be AI's. */
const PEEK_MS = 250

/** How long the upstream waits to be asked where the first message does not come: its client may wait for it to speak. */
const SPEAK_FIRST_MS = 500

export interface ExchangeRun {
  readonly side: ClientSide
  readonly client: Client
  readonly read: ReadHead
  /** `true` inside an intercepted tunnel. */
  readonly isIntercepted: boolean
  /** Passes a request that is neither read nor recorded, as if we were not there; `null` where all goes the read way. */
  readonly relayUnread: ((exchange: Exchange) => Promise<void>) | null
}

/** Run one exchange to its end; the promise resolves when it is recorded. */
export async function runExchange(ports: EdgePorts, budget: InspectionBudget, run: ExchangeRun): Promise<void> {
  const { side } = run
  const exchange = openExchange(ports.flow, {
    client: run.client,
    head: run.read.head,
    http: side.http,
    hasBody: side.hasBody,
    query: run.read.target.slice(run.read.head.path.length),
  })
  if (!exchange.isRecorded && exchange.plan.kind === 'pipe' && isUnwatched(exchange) && run.relayUnread !== null) {
    await run.relayUnread(exchange)
    return
  }
  await new RunningExchange(ports, budget, exchange, run).run()
}

/** Nothing of it can tell any more what it is. */
const isUnwatched = ({ watch }: Exchange): boolean => watch === null || watch.look === 'none'

/** What is sent upstream: held whole, or streamed with what was read of it in front. */
type OutgoingBody = UpstreamRequest['body']

class RunningExchange {
  readonly #ports: EdgePorts
  readonly #budget: InspectionBudget
  readonly #exchange: Exchange
  readonly #run: ExchangeRun
  #holder: BodyHolder | null = null
  /** What the copy beside the stream says is being read, or was. */
  #measured: Promise<void> | null = null
  #request: (Omit<UpstreamRequest, 'body'> & { body: OutgoingBody }) | null = null
  #upstream: UpstreamExchange | null = null
  #meter: ResponseMeter | null = null
  /** Puts the client's values back on the way. */
  #restoring: RestoringBody | null = null
  #restoringBytes = 0
  #messages: MessageStream | null = null
  readonly #counter: MessageCounter
  /** Read before it was known what it is. */
  #peeked: readonly Uint8Array[] = []
  #isExpected = false
  #status: number | null = null
  #bytesIn = 0
  #bytesOut = 0
  #sentTick = 0
  #trailers: RawHeaders = []
  #upstreamMs: number | null = null
  #error: ProxyError | null = null
  #isComplete = false
  readonly #ended = Promise.withResolvers<null>()

  constructor(ports: EdgePorts, budget: InspectionBudget, exchange: Exchange, run: ExchangeRun) {
    this.#ports = ports
    this.#budget = budget
    this.#exchange = exchange
    this.#run = run
    this.#counter = new MessageCounter(run.side.headers)
  }

  async run(): Promise<void> {
    try {
      await this.#peek()
      const { plan } = this.#exchange
      if (plan.kind === 'answer') this.#answer(plan.answer)
      else if (await this.#forward()) await this.#ended.promise
    } catch (thrown) {
      this.#fail(asProxyError(thrown))
    }
    try {
      await this.#finish()
    } finally {
      this.#holder?.release()
      this.#messages?.cancel()
      this.#restoring?.cancel()
      this.#budget.giveBack(this.#restoringBytes, this.#run.client.address)
    }
  }

  /** The first bytes of a body that may be AI's, before anything of it passes. */
  async #peek(): Promise<void> {
    const { side } = this.#run
    const { watch, plan } = this.#exchange
    if (watch?.look !== 'before' || plan.kind !== 'pipe') return
    this.#expectContinue()
    this.#peeked = await peekBody(side.body, watch.heldBytes, PEEK_MS)
    await this.#exchange.peek(Buffer.concat(this.#peeked))
  }

  #expectContinue(): void {
    if (!this.#isExpected) this.#run.side.expectContinue()
    this.#isExpected = true
  }

  /** What was peeked at, then the rest. */
  #collect(holder: BodyHolder): Promise<CollectedBody> {
    const early = this.#peeked
    this.#peeked = []
    for (const [index, chunk] of early.entries()) {
      if (!holder.add(chunk)) return Promise.resolve({ held: holder.body, rest: Buffer.concat(early.slice(index)) })
    }
    return collectBody(this.#run.side.body, holder, this.#ports.flow.turns)
  }

  /** `true`: the upstream is asked. The body is in no variable of a caller then: responses may last for hours. */
  async #forward(): Promise<boolean> {
    const { side } = this.#run
    const { plan } = this.#exchange
    if (plan.kind === 'hold' && (await this.#isRefusedUnread(plan.maxBytes))) return false
    this.#expectContinue()
    const isJudged = plan.kind === 'hold' || plan.kind === 'messages'
    // What the body says changes nothing of an intent for a body that is not judged: it is written while the body arrives.
    const committing = isJudged ? null : this.#prepare()
    const body = await this.#bodyBy(plan)
    if (body === 'answered') return false
    const refusal = await (committing ?? this.#prepare())
    if (refusal !== null) {
      this.#error = new ProxyError('audit-unavailable')
      this.#answer(refusal)
      return false
    }
    const blocked = this.#messages?.open() ?? null
    if (blocked !== null) {
      this.#refused(blocked)
      return false
    }
    if (side.isGone) throw new ProxyError('client-gone')
    this.#send(body.body, body.isEdited)
    if (body.body instanceof Uint8Array) this.#measureCopy()
    return true
  }

  /** The upstream connects while the intent is written. */
  #prepare(): Promise<LocalAnswer | null> {
    this.#ports.upstream.prepare?.(destinationOf(this.#run.read))
    return this.#exchange.commit()
  }

  #bodyBy(plan: ExchangePlan): Promise<{ body: OutgoingBody; isEdited: boolean } | 'answered'> {
    if (plan.kind === 'hold') return this.#judgedBody(plan.maxBytes)
    return plan.kind === 'messages' ? this.#judgedMessages(plan) : this.#streamedBody()
  }

  async #judgedMessages(
    plan: ExchangePlan & { readonly kind: 'messages' },
  ): Promise<{ body: OutgoingBody; isEdited: false } | 'answered'> {
    const messages = new MessageStream({
      body: this.#run.side.body,
      maxBytes: plan.maxBytes,
      budget: this.#budget,
      client: this.#run.client.address,
      judge: (message) => this.#exchange.judgeMessage(message),
      onChunk: (chunk) => this.#countIn(chunk),
      onRefused: (refusal) => this.#refused(refusal),
    })
    this.#messages = messages
    const refusal = await firstMessage(messages, plan.mayOpenFirst ? SPEAK_FIRST_MS : null)
    if (refusal === null) return { body: messages, isEdited: false }
    this.#answer(refusal.answer)
    return 'answered'
  }

  /** A message inside the stream must not pass: the client is told in its protocol, the upstream hears no more. */
  #refused({ answer, ending }: StreamRefusal): void {
    const { side } = this.#run
    this.#error ??= new ProxyError('message-blocked')
    this.#upstream?.cancel()
    if (!side.hasResponded) this.#answer(answer)
    else if (!this.#counter.isEndable) side.cut()
    else {
      if (ending.bytes.length > 0) side.write(ending.bytes)
      this.#bytesOut += ending.bytes.length
      side.end(ending.trailers)
    }
    this.#done()
  }

  /** Where a body says itself that it is longer than what may be held, and that is a block, nothing of it is waited for. */
  async #isRefusedUnread(maxBytes: number): Promise<boolean> {
    if ((this.#run.side.declaredBytes ?? 0) <= maxBytes) return false
    const { answer } = await this.#exchange.judge({ bytes: new Uint8Array(0), cut: 'oversize' })
    if (answer !== null) this.#answer(answer)
    return answer !== null
  }

  async #judgedBody(maxBytes: number): Promise<{ body: OutgoingBody; isEdited: boolean } | 'answered'> {
    const { side } = this.#run
    this.#holder = new BodyHolder(this.#budget, maxBytes, this.#run.client.address)
    const { held, rest } = await this.#collect(this.#holder)
    this.#countIn(held.bytes)
    const judgement = await this.#exchange.judge(held)
    if (judgement.answer !== null) {
      this.#answer(judgement.answer)
      return 'answered'
    }
    // What was judged stood in the query.
    if (!side.hasBody) return { body: null, isEdited: false }
    if (rest === null) return { body: judgement.body ?? held.bytes, isEdited: judgement.body !== null }
    const source = new RequestBodySource(side.body, [held.bytes, rest], (chunk) => this.#countIn(chunk))
    this.#countIn(rest)
    return { body: source, isEdited: false }
  }

  async #streamedBody(): Promise<{ body: OutgoingBody; isEdited: false }> {
    const { side } = this.#run
    const { plan } = this.#exchange
    if (!side.hasBody) return { body: null, isEdited: false }
    const copy = plan.kind === 'measure' ? new BodyHolder(this.#budget, plan.maxBytes, this.#run.client.address) : null
    this.#holder = copy
    if (side.declaredBytes !== null && side.declaredBytes <= WHOLE_BODY_BYTES) {
      const holder = copy ?? new BodyHolder(this.#budget, WHOLE_BODY_BYTES, this.#run.client.address)
      this.#holder = holder
      const { held, rest } = await this.#collect(holder)
      this.#countIn(held.bytes)
      if (rest === null) return { body: held.bytes, isEdited: false }
      this.#countIn(rest)
      return { body: this.#tapped(copy, [held.bytes, rest]), isEdited: false }
    }
    return { body: this.#tapped(copy, []), isEdited: false }
  }

  #tapped(copy: BodyHolder | null, first: readonly Uint8Array[]): BodySource {
    const onChunk = (chunk: Uint8Array): void => {
      this.#countIn(chunk)
      if (copy !== null && !copy.add(chunk)) this.#measureCopy()
    }
    const early = this.#peeked
    this.#peeked = []
    for (const chunk of early) onChunk(chunk)
    return new RequestBodySource(this.#run.side.body, [...first, ...early], onChunk, () => this.#measureCopy())
  }

  /**
   * The copy is as long as it will be: it is looked into in the next turn, when what it is a copy of is on its way, and
   * its room is given back, however long the response takes.
   */
  #measureCopy(): void {
    const copy = this.#holder
    if (this.#exchange.plan.kind !== 'measure' || copy === null || this.#measured !== null) return
    this.#measured = nextTurn()
      .then(async () => this.#exchange.measure(await copy.gather(this.#ports.flow.turns)))
      .finally(() => copy.release())
    // Whoever finishes the exchange hears of it.
    this.#measured.catch(() => undefined)
  }

  #countIn(chunk: Uint8Array): void {
    this.#bytesIn += chunk.length
    this.#counter.request(chunk)
    this.#exchange.watch?.bodyPiece(chunk)
  }

  #send(body: OutgoingBody, isEdited: boolean): void {
    const { side, read } = this.#run
    const headers = requestLines({
      received: side.headers,
      destination: read.head,
      withTenants: (lines) => this.#exchange.requestHeaders(lines),
      editedBytes: isEdited && body instanceof Uint8Array ? body.length : null,
    })
    this.#sentTick = this.#ports.flow.clock.tickMs()
    side.onClosed((error) => this.#clientClosed(error))
    this.#request = {
      destination: destinationOf(read),
      method: read.head.method,
      target: read.target,
      headers,
      body: this.#withSafeTrailers(body),
      ...shareOf(this.#run.client),
    }
    this.#upstream = this.#ports.upstream.exchange(this.#request, this.#sink())
  }

  /** The response has begun: a body that was held to be sent again is of no more use. */
  #forgetBody(): void {
    if (this.#request?.body instanceof Uint8Array) this.#request.body = null
    if (this.#exchange.plan.kind !== 'measure') this.#holder?.release()
  }

  /** No line that the head may not carry goes upstream behind the body. */
  #withSafeTrailers(body: OutgoingBody): OutgoingBody {
    if (body === null || body instanceof Uint8Array) return body
    return withTrailers(body, (trailers) => this.#exchange.requestTrailers(endToEndTrailers(trailers)))
  }

  #sink(): UpstreamResponseSink {
    const { side } = this.#run
    side.onDrain(() => {
      if (this.#restoring === null) this.#upstream?.resume()
      else this.#restoring.drained()
    })
    return {
      informational: (status, headers) => side.inform(status, endToEndHeaders(headers)),
      head: (status, statusText, headers) => {
        try {
          this.#head(status, statusText, headers)
        } catch (thrown) {
          // What one HTTP version reads is not always what another writes, a status of 999 for one: the server's fault.
          this.#unpassable(new ProxyError('upstream-protocol', 'a head that cannot be passed on', thrown))
        }
      },
      chunk: (bytes) => {
        try {
          return this.#chunk(bytes)
        } catch (thrown) {
          this.#unpassable(asProxyError(thrown))
          return true
        }
      },
      end: (trailers) => {
        this.#trailers = trailers
        try {
          if (this.#restoring === null) this.#end()
          else this.#restoring.end()
        } catch (thrown) {
          this.#unpassable(asProxyError(thrown))
        }
      },
      fail: (error) => {
        this.#fail(error)
        this.#done()
      },
    }
  }

  /** INVARIANT: nothing is thrown at the upstream's connection, for others share it and nobody there would catch it. */
  #unpassable(error: ProxyError): void {
    this.#upstream?.cancel()
    this.#fail(error)
    this.#done()
  }

  #chunk(bytes: Uint8Array): boolean {
    this.#counter.response(bytes)
    this.#exchange.watch?.answerPiece(bytes)
    this.#meter?.push(bytes)
    return this.#restoring === null ? this.#write(bytes) : this.#restoring.push(bytes)
  }

  #write(bytes: Uint8Array): boolean {
    this.#bytesOut += bytes.length
    return this.#run.side.write(bytes)
  }

  #end(): void {
    this.#run.side.end(endToEndTrailers(this.#trailers))
    this.#isComplete = true
    this.#done()
  }

  /** `true`: values are put back in the body that follows, which may become another. */
  #isEdited(status: number, headers: RawHeaders): boolean {
    const restored = this.#exchange.restorer({ status, headers }, (bytes) => {
      const isRoom = this.#budget.take(bytes, this.#run.client.address)
      if (isRoom) this.#restoringBytes += bytes
      return isRoom
    })
    if (restored === null) return false
    this.#restoring = new RestoringBody(restored, {
      write: (bytes) => this.#write(bytes),
      end: () => this.#end(),
      fail: (error) => {
        this.#upstream?.cancel()
        this.#fail(error)
        this.#done()
      },
      resume: () => this.#upstream?.resume(),
    })
    return restored.isEdited
  }

  #head(status: number, statusText: string, headers: RawHeaders): void {
    this.#forgetBody()
    this.#status = status
    this.#upstreamMs = this.#ports.flow.clock.tickMs() - this.#sentTick
    this.#counter.responseHead(status, headers)
    this.#exchange.watch?.answerHead(headers)
    const reader = this.#exchange.usageReader(headerValue(headers, 'content-type'))
    if (reader !== null) this.#meter = createResponseMeter(reader, headerValue(headers, 'content-encoding'))
    const lines = responseLines(headers, this.#run.isIntercepted)
    const kept = this.#isEdited(status, headers) ? endToEndHeaders(lines, RESTORED_LINES) : lines
    this.#run.side.head(status, statusText, [...kept, ...this.#exchange.responseHeaders()])
  }

  #clientClosed(error: ProxyError): void {
    if (this.#isComplete) return
    this.#error ??= error
    this.#upstream?.cancel()
    this.#done()
  }

  #answer(answer: LocalAnswer): void {
    this.#status = answer.status
    this.#bytesOut = this.#run.side.answer(answer)
    this.#isComplete = true
  }

  /** Before the response began: an answer. After: the client must see that it is cut, never a clean end. */
  #fail(error: ProxyError): void {
    this.#error ??= error
    const { side } = this.#run
    const answer = side.hasResponded ? null : this.#exchange.fail(this.#error)
    if (answer === null) side.cut()
    else {
      this.#status = answer.status
      this.#bytesOut = side.answer(answer)
    }
  }

  #done(): void {
    this.#ended.resolve(null)
  }

  async #finish(): Promise<void> {
    if (this.#measured !== null) await this.#measured
    const isUnread = this.#exchange.plan.kind === 'measure' && this.#measured === null
    const { counts } = this.#counter
    const end: ExchangeEnd = {
      status: this.#status,
      bytesIn: this.#bytesIn,
      bytesOut: this.#bytesOut,
      upstreamMs: this.#upstreamMs,
      usage: this.#meter === null ? null : await this.#meter.end(),
      error: this.#error,
      isComplete: this.#isComplete && this.#error === null,
      copy: isUnread ? (this.#holder?.body ?? null) : null,
      ...(counts === undefined ? {} : { messages: counts }),
    }
    await this.#exchange.finish(end)
  }
}

/** One address may be many people's, as that of a proxy in front is. */
function shareOf({ user, address, isShared }: Client): Pick<UpstreamRequest, 'client'> {
  if (user !== null) return { client: `user ${user}` }
  return isShared === true ? {} : { client: address }
}
