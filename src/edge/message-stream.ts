/**
 * A request made of messages (gRPC, Connect streams): each is held until it was judged and then goes on as the very bytes
 * that came, while the next ones wait in the client. Both directions flow at once; nothing waits for the end of the body.
 */
import type { RawHeaders } from '../domain/headers.ts'
import type { ProxyError } from '../domain/proxy-error.ts'
import type { StreamRefusal } from '../flow/exchange-contract.ts'
import { asProxyError } from '../flow/failure.ts'
import type { BodySink, BodySource, HeldBody } from '../flow/ports.ts'
import { FrameSplitter } from '../wire/grpc-frames.ts'
import type { ClientBody } from './client-side.ts'
import type { InspectionBudget } from './held-body.ts'

export interface MessageStreamOptions {
  readonly body: ClientBody
  /** Of one message, as received. */
  readonly maxBytes: number
  readonly budget: InspectionBudget
  /** Whose share of the budget is used. */
  readonly client: string
  readonly judge: (message: HeldBody) => Promise<StreamRefusal | null>
  /** Sees every chunk as it comes. */
  readonly onChunk: (bytes: Uint8Array) => void
  /** A message must not pass, and the upstream was asked already. No byte of the request follows. */
  readonly onRefused: (refusal: StreamRefusal) => void
}

const NOTHING = new Uint8Array(0)

export class MessageStream implements BodySource {
  readonly #options: MessageStreamOptions
  readonly #splitter: FrameSplitter
  readonly #first = Promise.withResolvers<StreamRefusal | null>()
  /** What passed before there was somebody to take it. */
  #ready: Uint8Array = NOTHING
  #sink: BodySink | null = null
  #takenBytes = 0
  #isCapacityShort = false
  #trailers: RawHeaders | null = null
  #isFirstDone = false
  #isOpened = false
  #isSinkReady = true
  #isJudging = false
  #isOver = false
  /** How it ended before anybody was there to be told. */
  #refusal: StreamRefusal | null = null
  #failure: ProxyError | null = null

  constructor(options: MessageStreamOptions) {
    this.#options = options
    this.#splitter = new FrameSplitter(options.maxBytes)
    // When the upstream is asked before the first message came, nobody waits for it any more.
    this.#first.promise.catch(() => undefined)
  }

  /**
   * Starts to read. Resolves when the first message was judged, or the body ended without one; rejects with a
   * `ProxyError` when the client goes away or the message cannot be judged.
   */
  first(): Promise<StreamRefusal | null> {
    this.#options.body.attach({
      chunk: (bytes) => this.#chunk(bytes),
      end: (trailers) => {
        this.#trailers = trailers
        this.#pump()
      },
      fail: (error) => this.#fail(error),
    })
    return this.#first.promise
  }

  /** The upstream is asked now: later refusals are told to `onRefused`. Not `null`: one was there before. */
  open(): StreamRefusal | null {
    this.#isOpened = true
    return this.#refusal
  }

  start(sink: BodySink): void {
    this.#sink = sink
    if (this.#failure !== null) sink.fail(this.#failure)
    else if (this.#ready.length > 0) this.#isSinkReady = sink.chunk(this.#ready)
    this.#ready = NOTHING
    this.#pump()
  }

  pause(): void {
    this.#isSinkReady = false
  }

  resume(): void {
    this.#isSinkReady = true
    this.#pump()
  }

  cancel(): void {
    this.#stop()
  }

  #chunk(bytes: Uint8Array): boolean {
    if (this.#isOver) return true
    this.#options.onChunk(bytes)
    this.#splitter.push(bytes)
    if (this.#isRoomFor(bytes.length)) this.#takenBytes += bytes.length
    else if (this.#splitter.giveUpFrame()) this.#isCapacityShort = true
    this.#pump()
    return this.#isReading
  }

  #isRoomFor(bytes: number): boolean {
    const { budget, client } = this.#options
    return !(this.#takenBytes === 0 && budget.isFull()) && budget.take(bytes, client)
  }

  /** May bytes be asked of the client? Until the first message is judged there is nobody else to ask. */
  get #isReading(): boolean {
    if (this.#isJudging || this.#isOver) return false
    return this.#sink === null ? !this.#isFirstDone : this.#isSinkReady
  }

  /** Hands on what may go on, up to the next message that must be judged. */
  #pump(): void {
    while (this.#isReading) {
      const piece = this.#splitter.next()
      if (piece?.kind === 'rest') this.#emit(piece.bytes)
      else if (piece?.kind === 'frame') this.#judge({ bytes: piece.bytes, cut: null })
      else if (piece?.kind === 'oversize') this.#judge({ bytes: NOTHING, cut: this.#whyUnheld() })
      else if (this.#trailers === null) {
        this.#options.body.resume()
        return
      } else this.#end(this.#trailers)
    }
  }

  #whyUnheld(): 'oversize' | 'over-capacity' {
    const isCapacityShort = this.#isCapacityShort
    this.#isCapacityShort = false
    return isCapacityShort ? 'over-capacity' : 'oversize'
  }

  /** A body that ends inside a message, or without any, is judged by that. */
  #end(trailers: RawHeaders): void {
    const left = this.#splitter.flush()
    if (left.length > 0 || !this.#isFirstDone) {
      this.#judge({ bytes: left, cut: null })
      return
    }
    const sink = this.#sink
    this.#stop()
    sink?.end(trailers)
  }

  #judge(message: HeldBody): void {
    this.#isJudging = true
    this.#options.judge(message).then(
      (refusal) => {
        this.#isJudging = false
        if (this.#isOver) return
        if (refusal !== null) this.#refuse(refusal)
        else this.#passed(message.bytes)
      },
      (thrown: unknown) => this.#fail(asProxyError(thrown)),
    )
  }

  #passed(bytes: Uint8Array): void {
    this.#isFirstDone = true
    if (bytes.length > 0) this.#emit(bytes)
    this.#first.resolve(null)
    this.#pump()
  }

  #emit(bytes: Uint8Array): void {
    if (this.#sink === null) this.#ready = bytes
    else this.#isSinkReady = this.#sink.chunk(bytes)
    this.#giveBack(this.#takenBytes - this.#splitter.heldBytes)
  }

  #refuse(refusal: StreamRefusal): void {
    this.#stop()
    this.#refusal = refusal
    this.#first.resolve(refusal)
    if (this.#isOpened) this.#options.onRefused(refusal)
  }

  #fail(error: ProxyError): void {
    if (this.#isOver) return
    this.#stop()
    this.#failure = error
    this.#first.reject(error)
    this.#sink?.fail(error)
  }

  #stop(): void {
    this.#isOver = true
    this.#options.body.cancel()
    this.#giveBack(this.#takenBytes)
  }

  #giveBack(bytes: number): void {
    if (bytes <= 0) return
    this.#takenBytes -= bytes
    this.#options.budget.giveBack(bytes, this.#options.client)
  }
}

/**
 * The first message, or `null` when it does not come within `waitMs`: some servers speak first, and their clients wait for
 * the head of the response before they send anything.
 */
export function firstMessage(stream: MessageStream, waitMs: number | null): Promise<StreamRefusal | null> {
  const first = stream.first()
  if (waitMs === null) return first
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, waitMs, null)
    first.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
