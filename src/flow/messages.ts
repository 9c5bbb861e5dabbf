/**
 * The messages of one open connection (WebSocket): each is judged by the rules of its moment, each request among them is an
 * exchange of its own. Sees messages and gives verdicts; frames are the edge's.
 */
import type { MessageReader, MessageRefusal, Usage } from '../dialects/dialect.ts'
import { dialectById } from '../dialects/registry.ts'
import type { MessageCounts } from '../domain/audit-event.ts'
import type { Client } from '../domain/client.ts'
import { ProxyError } from '../domain/proxy-error.ts'
import type { DialectId, RequestHead } from '../domain/tool.ts'
import { openExchange } from './exchange.ts'
import type { Exchange, ExchangeEnd } from './exchange-contract.ts'
import type { FlowPorts, HeldBody } from './ports.ts'

/** One message from the client, decompressed. */
export interface ClientMessage {
  /** What is known of it: with `cut` its beginning, with `unread` nothing. */
  readonly body: HeldBody
  /** Its size in bytes, as far as it is known. */
  readonly size: number
}

/** What becomes of a held message. */
export type MessageVerdict =
  /** As it came. */
  | { readonly kind: 'pass' }
  /** With this in its place. */
  | { readonly kind: 'edit'; readonly bytes: Uint8Array }
  /** Not at all: `text` is the message that the client gets, then the connection is closed with `closeCode`. */
  | {
      readonly kind: 'refuse'
      readonly text: Uint8Array
      readonly closeCode: number
      readonly error: ProxyError | null
    }

export interface MessageFlow {
  /** Do the rules of this moment still say of this connection what they said when it was opened? */
  readonly isCurrent: () => boolean
  /** Judge a message before it goes upstream, and make its record durable. One at a time, in order. Never rejects. */
  readonly judge: (message: ClientMessage) => Promise<MessageVerdict>
  /** A message went upstream as it was: read and record it. `false`: it cannot be recorded, and must be the last. */
  readonly note: (message: ClientMessage) => Promise<boolean>
  /** What goes to the client for a message of the server, in order; `null`: itself. Asked before `answered`. Never throws. */
  readonly restore: (message: Buffer) => readonly Uint8Array[] | null
  /** A whole message of the server; `null` bytes: one that could not be read. */
  readonly answered: (bytes: Uint8Array | null, size: number) => void
  /** The connection is over: requests without an answer end here. */
  readonly end: (error: ProxyError | null) => Promise<void>
  readonly counts: () => MessageCounts
}

export interface MessageFlowInput {
  readonly client: Client
  /** The head of the upgrade. */
  readonly head: RequestHead
  readonly http: string
  /** Flow id of the connection. */
  readonly parent: string
  readonly dialect: DialectId
  readonly isHeld: boolean
  /** Whoever carries the connection asks `restore`. */
  readonly isRestored: boolean
}

export function openMessages(ports: FlowPorts, input: MessageFlowInput): MessageFlow {
  const reader = dialectById(input.dialect).messages
  if (reader === undefined) throw new Error(`no message reader for ${input.dialect}: the plan promised one`)
  return new OpenMessages(ports, input, reader)
}

/** Close codes of RFC 6455 section 7.4 and its registry. */
const CLOSE = { normal: 1000, badData: 1007, tooBig: 1009, tryAgainLater: 1013 } as const

/** A message that could not be read is refused with the code that names why. */
function closeCodeOf({ body }: ClientMessage): number {
  if (body.cut !== null || body.unread === 'decode-limit') return CLOSE.tooBig
  return body.unread === undefined ? CLOSE.normal : CLOSE.badData
}

/** Requests that wait for their answer; more than that no client has, and the oldest is given up. */
const MAX_WAITING = 64

/** One request and what has come of its answer. */
interface Waiting {
  readonly exchange: Exchange
  readonly size: number
  readonly sentTick: number
  /** Settles when its intent is on its way: an answer may be quicker than the reading of a copy. */
  readonly noted: Promise<unknown>
  firstTick: number | null
  bytesOut: number
  usage: Usage
  /** Keeps its answer for the auditors; `undefined` until there is one. */
  sealer: ReturnType<Exchange['answerSealer']> | undefined
}

const NO_USAGE: Usage = { model: null, tokensIn: null, tokensOut: null }
const NOTED = Promise.resolve()
const PASS: MessageVerdict = { kind: 'pass' }

class OpenMessages implements MessageFlow {
  readonly #ports: FlowPorts
  readonly #input: MessageFlowInput
  readonly #reader: MessageReader
  readonly #waiting: Waiting[] = []
  readonly #finishing = new Set<Promise<void>>()
  #rules: unknown
  #in = 0
  #out = 0

  constructor(ports: FlowPorts, input: MessageFlowInput, reader: MessageReader) {
    this.#ports = ports
    this.#input = input
    this.#reader = reader
    this.#rules = ports.snapshots.current()
  }

  readonly isCurrent = (): boolean => {
    const rules = this.#ports.snapshots.current()
    if (rules === this.#rules) return true
    const { plan } = this.#open()
    const isSame = plan.kind === 'frames' && plan.isHeld === this.#input.isHeld && plan.dialect === this.#input.dialect
    if (isSame) this.#rules = rules
    return isSame
  }

  readonly counts = (): MessageCounts => ({ in: this.#in, out: this.#out })

  readonly judge = async (message: ClientMessage): Promise<MessageVerdict> => {
    this.#in += 1
    const exchange = this.#open()
    try {
      return await this.#judged(exchange, message)
    } catch (thrown) {
      return this.#failed(exchange, message, thrown)
    }
  }

  readonly note = async (message: ClientMessage): Promise<boolean> => {
    this.#in += 1
    const exchange = this.#open()
    const isRequest = this.#isRequest(message)
    const noting = this.#noted(exchange, message, isRequest)
    if (isRequest) this.#wait(exchange, message, noting)
    return await noting
  }

  readonly restore = (message: Buffer): readonly Uint8Array[] | null => {
    const [first] = this.#waiting
    if (first === undefined) return null
    try {
      return first.exchange.restoreMessage(message)
    } catch (error) {
      this.#ports.log.error({ flow: first.exchange.id, err: error }, 'flow.message-fault')
      return null
    }
  }

  readonly answered = (bytes: Uint8Array | null, size: number): void => {
    this.#out += 1
    const [first] = this.#waiting
    if (first === undefined) return
    first.bytesOut += size
    first.firstTick ??= this.#ports.clock.tickMs()
    if (first.sealer === undefined) first.sealer = first.exchange.answerSealer()
    first.sealer?.(bytes)
    const said = bytes === null ? null : this.#reader.serverMessage(bytes)
    if (said === null) return
    first.usage = { ...first.usage, ...said.usage }
    if (!said.isLast) return
    this.#waiting.shift()
    this.#finishSoon(first, { status: said.status, isComplete: true })
  }

  readonly end = async (error: ProxyError | null): Promise<void> => {
    for (const waiting of this.#waiting.splice(0)) this.#finishSoon(waiting, { error, isComplete: false })
    await Promise.all(this.#finishing)
  }

  #open(): Exchange {
    const { client, head, http, parent, isRestored } = this.#input
    return openExchange(this.#ports, { client, head, http, hasBody: true, parent, isOneWay: !isRestored })
  }

  async #noted(exchange: Exchange, message: ClientMessage, isRequest: boolean): Promise<boolean> {
    try {
      if (exchange.plan.kind === 'frames') await exchange.measure(message.body)
      if (!isRequest && !exchange.isNotable) return true
      const refusal = await exchange.commit()
      if (!isRequest) await this.#finish(exchange, { bytesIn: message.size, isComplete: refusal === null })
      return refusal === null
    } catch (error) {
      this.#ports.log.error({ flow: exchange.id, err: error }, 'flow.message-fault')
      return false
    }
  }

  async #judged(exchange: Exchange, message: ClientMessage): Promise<MessageVerdict> {
    const { plan } = exchange
    const isRequest = this.#isRequest(message)
    if (plan.kind === 'answer') return this.#blocked(exchange, message)
    const judged = plan.kind === 'frames' && plan.isHeld ? await exchange.judge(message.body) : null
    if (judged?.answer !== null && judged !== null) return this.#blocked(exchange, message, closeCodeOf(message))
    if (plan.kind === 'frames' && !plan.isHeld) await exchange.measure(message.body)
    if (!isRequest && !exchange.isNotable) return PASS
    const refusal = await exchange.commit()
    if (refusal !== null) return await this.#failed(exchange, message, new ProxyError('audit-unavailable'))
    const body = judged?.body ?? null
    if (isRequest) this.#wait(exchange, message, NOTED)
    else await this.#finish(exchange, { bytesIn: message.size, isComplete: true })
    return body === null ? PASS : { kind: 'edit', bytes: body }
  }

  /** A message that was not read may be one. */
  #isRequest({ body }: ClientMessage): boolean {
    return body.cut !== null || (body.unread ?? null) !== null || this.#reader.isRequest(body.bytes)
  }

  #wait(exchange: Exchange, { size }: ClientMessage, noted: Promise<unknown>): void {
    const sentTick = this.#ports.clock.tickMs()
    const answer = { firstTick: null, bytesOut: 0, usage: NO_USAGE, sealer: undefined }
    this.#waiting.push({ exchange, size, sentTick, noted, ...answer })
    const oldest = this.#waiting.length > MAX_WAITING ? this.#waiting.shift() : undefined
    if (oldest !== undefined) this.#finishSoon(oldest, { isComplete: false })
  }

  async #blocked(exchange: Exchange, message: ClientMessage, closeCode = 1000): Promise<MessageVerdict> {
    const { line } = exchange.blockNotice()
    const refusal = { status: 400, code: 'weir_policy_block', line }
    return { ...(await this.#refused(exchange, message, refusal, null)), closeCode }
  }

  /** Our own trouble: told as such, and worth a retry. */
  async #failed(exchange: Exchange, message: ClientMessage, thrown: unknown): Promise<MessageVerdict> {
    const error = thrown instanceof ProxyError ? thrown : new ProxyError('internal', null, thrown)
    if (error.code === 'internal') this.#ports.log.error({ flow: exchange.id, err: thrown }, 'flow.message-fault')
    const line = `weir: ${this.#input.head.host}: ${error.message} (event ${exchange.id})`
    return await this.#refused(exchange, message, { status: error.status ?? 500, code: error.code, line }, error)
  }

  async #refused(
    exchange: Exchange,
    message: ClientMessage,
    refusal: MessageRefusal,
    error: ProxyError | null,
  ): Promise<Extract<MessageVerdict, { kind: 'refuse' }>> {
    const text = this.#reader.refusal(refusal)
    const { status } = refusal
    const isComplete = error === null
    await this.#finish(exchange, { status, bytesIn: message.size, bytesOut: text.length, error, isComplete })
    return { kind: 'refuse', text, closeCode: error === null ? CLOSE.normal : CLOSE.tryAgainLater, error }
  }

  #finishSoon(waiting: Waiting, end: Partial<ExchangeEnd>): void {
    const { exchange, size, sentTick, noted, firstTick, bytesOut, usage } = waiting
    const upstreamMs = firstTick === null ? null : firstTick - sentTick
    const finishing = noted
      .then(() => this.#finish(exchange, { bytesIn: size, bytesOut, upstreamMs, usage, ...end }))
      .catch((error: unknown) => this.#ports.log.error({ flow: exchange.id, err: error }, 'flow.message-fault'))
      .finally(() => this.#finishing.delete(finishing))
    this.#finishing.add(finishing)
  }

  #finish(exchange: Exchange, end: Partial<ExchangeEnd>): Promise<void> {
    return exchange.finish({
      status: null,
      bytesIn: 0,
      bytesOut: 0,
      upstreamMs: null,
      usage: null,
      error: null,
      isComplete: false,
      copy: null,
      ...end,
    })
  }
}
