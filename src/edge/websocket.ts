/** An open WebSocket whose messages are read: from copies, or before they go upstream. One object for both ways and all ends. */
import { isUtf8 } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import type { Duplex } from 'node:stream'
import type { WebSocketClose } from '../domain/audit-event.ts'
import { ProxyError } from '../domain/proxy-error.ts'
import type { ClientMessage, MessageFlow, MessageVerdict } from '../flow/messages.ts'
import type { FlowPorts } from '../flow/ports.ts'
import { type DeflateAgreement, type InflateRoom, MessageInflater } from '../wire/ws-deflate.ts'
import { closePayload, frameBytes, OPCODES } from '../wire/ws-frames.ts'
import type { CloseFrame, Cut, WholeMessage } from '../wire/ws-messages.ts'
import type { InspectionBudget } from './held-body.ts'
import { StreamPair } from './stream-pair.ts'
import { MessageGate } from './websocket-gate.ts'
import { MessageRestorer } from './websocket-restorer.ts'
import { MessageTap } from './websocket-tap.ts'

export interface WebSocketRun {
  readonly client: Duplex
  readonly upstream: Duplex
  readonly cutClient: () => void
  readonly idleMs: number
  readonly flow: MessageFlow
  readonly isHeld: boolean
  /** The client's values are put back in what the server says. */
  readonly isRestoring: boolean
  /** Largest message of the client that is read. */
  readonly maxBytes: number
  readonly limits: FlowPorts['limits']
  readonly deflate: DeflateAgreement | null
  readonly budget: InspectionBudget
  /** For what compressed messages become. Absent: there is always room. */
  readonly room?: InflateRoom
  /** Whose share of the budget is used. */
  readonly address: string
}

export interface WebSocketEnd {
  readonly bytesIn: number
  readonly bytesOut: number
  readonly error: ProxyError | null
  /** Something of the client's way could not be read although it was not held. */
  readonly isUnread: boolean
  /** The first Close; `null`: the connection ended without one. */
  readonly close: WebSocketClose | null
}

/** Messages of a server beyond this are not read for usage. */
const MAX_SERVER_BYTES = 4_194_304
/** How long the server may take to end what the client broke, or to end its message before a refusal. */
const PATIENCE_MS = 5000
/** Close codes of RFC 6455 section 7.4 and its registry. */
const CLOSE = { serviceRestart: 1012, internal: 1011 } as const

/** Resolves when both sides are closed and every message is recorded. */
export const runWebSocket = (run: WebSocketRun): Promise<WebSocketEnd> =>
  new Promise((resolve) => {
    new OpenWebSocket(run, resolve).start()
  })

/** What is put in before the end: a message for the client, then a Close for both. */
interface Ending {
  readonly text: Uint8Array | null
  readonly code: number
}

class OpenWebSocket {
  readonly #run: WebSocketRun
  readonly #resolve: (end: WebSocketEnd) => void
  readonly #pair: StreamPair
  readonly #serverTap: MessageTap
  /** In place of the tap, where messages are edited. */
  readonly #restorer: MessageRestorer | null
  readonly #serverInflater: MessageInflater | null
  readonly #clientTap: MessageTap | null
  readonly #clientInflater: MessageInflater | null
  readonly #gate: MessageGate | null
  readonly #releases: (() => void)[] = []
  #ending: Ending | null = null
  #isServerClosed = false
  #isEndingSaid = false
  #isCloseSeen = false
  #close: WebSocketClose | null = null
  /** Who ended first, without a Close. */
  #gone: ProxyError | null = null
  /** A compressed message of the client was not read: that later ones cannot be read is not its doing. */
  #hasSkipped = false
  #error: ProxyError | null = null
  #patience: NodeJS.Timeout | null = null
  /** Copies are read one after the other, in the order in which they passed: an answer never before its request. */
  #reading: Promise<void> = Promise.resolve()
  #judging: Promise<unknown> = Promise.resolve()

  constructor(run: WebSocketRun, resolve: (end: WebSocketEnd) => void) {
    this.#run = run
    this.#resolve = resolve
    const { client, upstream, cutClient, idleMs, deflate, isHeld } = run
    this.#pair = new StreamPair(
      { client, upstream, cutClient, idleMs },
      {
        fromClient: (chunk) => this.#fromClient(chunk),
        fromUpstream: (chunk) => this.#fromUpstream(chunk),
        clientEnded: () => this.#clientEnded(),
        closed: (error) => this.#closed(error),
      },
    )
    this.#serverInflater = deflate === null ? null : this.#inflater(deflate.server.hasContextTakeover, MAX_SERVER_BYTES)
    this.#clientInflater = deflate === null ? null : this.#inflater(deflate.client.hasContextTakeover, run.maxBytes)
    this.#serverTap = this.#tap(false, MAX_SERVER_BYTES, (message) => this.#serverMessage(message))
    this.#restorer = run.isRestoring ? this.#openRestorer() : null
    this.#clientTap = isHeld ? null : this.#tap(true, run.maxBytes, (message) => this.#clientCopy(message))
    this.#gate = isHeld ? this.#openGate() : null
  }

  start(): void {
    this.#run.upstream.once('end', () => this.#endedBy('upstream-reset'))
    this.#pair.start()
  }

  #inflater(hasContextTakeover: boolean, maxBytes: number): MessageInflater {
    const { limits, room } = this.#run
    const maxRatio = limits.decodedRatio
    return new MessageInflater({ hasContextTakeover }, { maxBytes, maxRatio, ...(room === undefined ? {} : { room }) })
  }

  #tap(isFromClient: boolean, maxBytes: number, onMessage: (message: WholeMessage) => void): MessageTap {
    let taken = 0
    const room = (bytes: number): Cut | null => {
      if (taken + bytes > maxBytes) return 'oversize'
      if (!this.#run.budget.take(bytes, this.#run.address)) return 'over-capacity'
      taken += bytes
      return null
    }
    const giveBackAfter = (reading: Promise<void>): void => {
      const bytes = taken
      taken = 0
      reading.finally(() => this.#run.budget.giveBack(bytes, this.#run.address)).catch(ignore)
    }
    const tap = new MessageTap(
      { isFromClient, hasDeflate: this.#run.deflate !== null, room },
      {
        onMessage: (message) => {
          onMessage(message)
          giveBackAfter(this.#reading.then(() => this.#judging).then(ignore))
        },
        onClose: (close) => this.#onClose(isFromClient, close),
        onLost: () => {
          this.#violated(isFromClient)
          giveBackAfter(this.#reading)
        },
      },
    )
    this.#releases.push(() => giveBackAfter(Promise.resolve()))
    return tap
  }

  #openRestorer(): MessageRestorer {
    const { budget, address, deflate, flow } = this.#run
    let taken = 0
    const giveBack = (): void => {
      budget.giveBack(taken, address)
      taken = 0
    }
    this.#releases.push(giveBack)
    return new MessageRestorer(
      {
        inflater: this.#serverInflater,
        hasContextTakeover: deflate?.server.hasContextTakeover ?? false,
        room: (bytes) => {
          // Twice: its frames as they came, and what is in them.
          const wanted = bytes * 2
          if (taken + wanted > MAX_SERVER_BYTES * 2) return 'oversize'
          if (!budget.take(wanted, address)) return 'over-capacity'
          taken += wanted
          return null
        },
      },
      {
        restore: (message) => flow.restore(message),
        answered: (bytes, size) => flow.answered(bytes, size),
        send: (bytes) => this.#pair.toClient(bytes),
        hold: (isHeld) => this.#pair.holdUpstream(isHeld),
        giveBack,
        onClose: (close) => this.#onClose(false, close),
        onBroken: () => this.#violated(false),
        onLost: () => this.#serverLost(),
      },
    )
  }

  /** What the server means cannot be told any more: neither side may take this for an end. */
  #serverLost(): void {
    this.#pair.cutBoth(new ProxyError('upstream-protocol'))
  }

  #openGate(): MessageGate {
    const { maxBytes, budget, address, deflate, flow } = this.#run
    return new MessageGate(
      {
        maxBytes,
        budget,
        client: address,
        inflater: this.#clientInflater,
        hasContextTakeover: deflate?.client.hasContextTakeover ?? false,
        newMask: () => randomBytes(4),
      },
      {
        judge: (message) => {
          const judging = flow.judge(message)
          this.#judging = judging
          return judging
        },
        send: (bytes) => this.#pair.toUpstream(bytes),
        hold: (isHeld) => this.#pair.holdClient(isHeld),
        refused: (verdict) => this.#refused(verdict),
        broken: (code) => this.#wait(() => this.#end({ text: null, code })),
        violated: () => this.#violated(true),
        ended: () => this.#pair.endUpstream(),
        onClose: (close) => this.#onClose(true, close),
      },
    )
  }

  #fromClient(chunk: Buffer): void {
    if (this.#gate !== null) {
      this.#gate.push(chunk)
      return
    }
    if (this.#ending === null && !this.#run.flow.isCurrent()) this.#end({ text: null, code: CLOSE.serviceRestart })
    if (this.#ending === null) this.#pair.toUpstream(chunk)
    this.#clientTap?.push(chunk)
  }

  #fromUpstream(chunk: Buffer): void {
    if (this.#restorer !== null) {
      if (!this.#isEndingSaid) this.#restorer.push(chunk)
      this.#sayEnding()
    } else if (this.#ending === null) {
      this.#pair.toClient(chunk)
      this.#serverTap.push(chunk)
    } else if (!this.#isEndingSaid) {
      const used = this.#serverTap.push(chunk, true)
      this.#pair.toClient(chunk.subarray(0, used))
      this.#sayEnding()
    }
  }

  /** An end without a Close is none that the protocol knows (RFC 6455 section 7.1.5: 1006). */
  #endedBy(code: 'client-gone' | 'upstream-reset'): void {
    if (!this.#isCloseSeen) this.#gone ??= new ProxyError(code)
  }

  #clientEnded(): void {
    this.#endedBy('client-gone')
    if (this.#gate !== null) this.#gate.end()
    else this.#pair.endUpstream()
  }

  #refused({ text, closeCode, error }: Extract<MessageVerdict, { kind: 'refuse' }>): void {
    this.#error ??= error
    this.#end({ text, code: closeCode })
  }

  /** Say it as soon as the server's way is between two messages. */
  #end(ending: Ending): void {
    if (this.#ending !== null) return
    this.#ending = ending
    this.#close ??= { by: 'weir', code: ending.code }
    this.#wait(() => this.#pair.cutBoth(new ProxyError('upstream-idle')))
    const isAligned = this.#gate?.isBetweenFrames ?? this.#clientTap?.isBetweenFrames ?? false
    if (isAligned) {
      const payload = closePayload(ending.code)
      this.#pair.toUpstream(frameBytes({ opcode: OPCODES.close, payload, mask: randomBytes(4) }))
    }
    this.#sayEnding()
  }

  #sayEnding(): void {
    const { isBetweenMessages } = this.#restorer ?? this.#serverTap
    if (this.#ending === null || this.#isEndingSaid || !isBetweenMessages) return
    this.#isEndingSaid = true
    const { text, code } = this.#ending
    if (text !== null) this.#pair.toClient(frameBytes({ opcode: OPCODES.text, payload: text, mask: null }))
    if (!this.#isServerClosed) {
      this.#pair.toClient(frameBytes({ opcode: OPCODES.close, payload: closePayload(code), mask: null }))
    }
    this.#wait(() => this.#pair.endBoth())
  }

  /** After our own Close the client's answer ends it; otherwise the two agree between themselves. */
  #onClose(isFromClient: boolean, close: CloseFrame | null): void {
    this.#isCloseSeen = true
    if (close !== null && this.#close === null) {
      this.#close = { by: isFromClient ? 'client' : 'upstream', code: close.code }
      if (close.violation !== null) this.#violated(isFromClient)
    }
    if (!isFromClient) this.#isServerClosed = true
    if (isFromClient && this.#isEndingSaid) setImmediate(() => this.#pair.endBoth())
  }

  /** What follows cannot be trusted to mean the same to both; the first one counts. */
  #violated(isFromClient: boolean): void {
    this.#error ??= new ProxyError(isFromClient ? 'client-protocol' : 'upstream-protocol')
  }

  #wait(act: () => void): void {
    if (this.#patience !== null) clearTimeout(this.#patience)
    this.#patience = setTimeout(act, PATIENCE_MS)
  }

  /** A message that passed: read when those before it were. */
  #clientCopy(message: WholeMessage): void {
    const { payload, isText, isCompressed, cut, size } = message
    const inflater = isCompressed ? this.#clientInflater : null
    if (inflater !== null && cut === null) {
      this.#read(() => this.#inflatedCopy(message, inflater))
      return
    }
    this.#read(() => {
      this.#hasSkipped ||= inflater !== null
      inflater?.skip()
      if (inflater === null && isText && cut === null && !isUtf8(payload)) this.#violated(true)
      this.#note(
        inflater === null || cut === null
          ? { body: { bytes: payload, cut }, size }
          : { body: { bytes: NOTHING, cut, unread: cut }, size },
      )
    })
  }

  /** Done when the copy is on its way; what it takes is given back when it was read. */
  #inflatedCopy({ payload, isText, size }: WholeMessage, inflater: MessageInflater): Promise<void> {
    return new Promise((resolve, reject) => {
      const reading = inflater.read(payload, async (inflated) => {
        if (inflated.ok && isText && !isUtf8(inflated.bytes)) this.#violated(true)
        if (!inflated.ok && inflated.unread === 'unparsable' && !this.#hasSkipped) this.#violated(true)
        this.#hasSkipped ||= !inflated.ok
        this.#note(
          inflated.ok
            ? { body: { bytes: inflated.bytes, cut: null }, size: inflated.bytes.length }
            : { body: { bytes: NOTHING, cut: null, unread: inflated.unread }, size },
        )
        resolve()
        await this.#judging
      })
      reading.catch(reject)
    })
  }

  #note(message: ClientMessage): void {
    const noted = this.#run.flow.note(message)
    noted
      .then((isNoted) => {
        if (!isNoted) this.#end({ text: null, code: CLOSE.internal })
      })
      .catch(ignore)
    this.#judging = Promise.all([this.#judging, noted])
  }

  #serverMessage({ payload, isText, isCompressed, cut, size }: WholeMessage): void {
    this.#read(async () => {
      const { flow } = this.#run
      if (cut !== null || !isCompressed || this.#serverInflater === null) {
        if (isCompressed) this.#serverInflater?.skip()
        else if (isText && cut === null && !isUtf8(payload)) this.#violated(false)
        flow.answered(cut === null ? payload : null, size)
        return
      }
      await this.#serverInflater.read(payload, (inflated) => {
        if (inflated.ok) flow.answered(inflated.bytes, inflated.bytes.length)
        else flow.answered(null, size)
      })
    })
  }

  #read(read: () => Promise<void> | void): void {
    // What is read is a copy: a fault here is told by what the event then lacks, and never reaches the stream.
    this.#reading = this.#reading.then(read).catch(ignore)
  }

  #closed(error: ProxyError | null): void {
    if (this.#patience !== null) clearTimeout(this.#patience)
    this.#gate?.release()
    for (const release of this.#releases) release()
    const isAgreed = this.#isCloseSeen || this.#ending !== null
    const { bytesIn, bytesOut } = this.#pair
    // What the last copies say is known when they are read.
    const found = (): ProxyError | null =>
      this.#error ?? closeError(this.#close) ?? (isAgreed ? null : (error ?? this.#gone))
    this.#reading
      .then(() => this.#judging)
      .then(() => this.#run.flow.end(found()))
      .catch(ignore)
      .finally(() => {
        const isUnread = this.#clientTap?.isLost ?? false
        this.#resolve({ bytesIn, bytesOut, error: found(), isUnread, close: this.#close })
      })
  }
}

/** Codes that say that the other side, or the sender itself, failed (RFC 6455 section 7.4.1 and its registry). */
const FAILURES: ReadonlySet<number> = new Set([1002, 1003, 1007, 1008, 1009, 1010, 1011, 1013, 1014])

function closeError(close: WebSocketClose | null): ProxyError | null {
  if (close === null || close.by === 'weir' || !FAILURES.has(close.code)) return null
  return new ProxyError(close.by === 'client' ? 'client-close' : 'upstream-close', String(close.code))
}

const NOTHING = new Uint8Array(0)

function ignore(): undefined {
  return undefined
}
