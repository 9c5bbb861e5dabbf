/**
 * The way from the client where messages are judged before they go on. Pings pass while one is held; everything else keeps
 * its order. What breaks the protocol goes on without its content, so that the server says what it would have said.
 */
import { isUtf8 } from 'node:buffer'
import type { ClientMessage, MessageVerdict } from '../flow/messages.ts'
import { GrowingBytes } from '../wire/growing-bytes.ts'
import type { Inflated, MessageInflater } from '../wire/ws-deflate.ts'
import {
  filledBytes,
  frameBytes,
  OPCODES,
  RSV1,
  type WsFrameEvent,
  type WsFrameHead,
  WsFrameReader,
} from '../wire/ws-frames.ts'
import {
  type CloseFrame,
  type Cut,
  isControl,
  MessageAssembler,
  Utf8Check,
  type WholeMessage,
} from '../wire/ws-messages.ts'
import type { InspectionBudget } from './held-body.ts'

export interface GateOptions {
  readonly maxBytes: number
  readonly budget: InspectionBudget
  /** Whose share of the budget is used. */
  readonly client: string
  /** `null`: permessage-deflate was not agreed on. */
  readonly inflater: MessageInflater | null
  /** Do the client's messages build on those before them? */
  readonly hasContextTakeover: boolean
  readonly newMask: () => Uint8Array
}

export interface GateListeners {
  readonly judge: (message: ClientMessage) => Promise<MessageVerdict>
  readonly send: (bytes: Uint8Array) => void
  /** Read nothing more from the client for now. */
  readonly hold: (isHeld: boolean) => void
  readonly refused: (verdict: Extract<MessageVerdict, { kind: 'refuse' }>) => void
  /** Nothing more goes on: the server ends this, or somebody has to, with this code. */
  readonly broken: (code: 1002 | 1007) => void
  /** What came is against the protocol, whoever ends the connection over it. */
  readonly violated: () => void
  /** The client sends no more, and everything it sent is out. */
  readonly ended: () => void
  /** `null`: a Close of a client that is not listened to any more. */
  readonly onClose: (close: CloseFrame | null) => void
}

/** What happens with the payload of the frame that is being read. */
type Passage =
  /** Put together, for a verdict. */
  | 'held'
  /** A control frame: sent when it is whole, for a verdict may come in the middle of it. */
  | 'control'
  /** Sent on as it comes: the rest of a message that is not read. */
  | 'sent'
  /** Its place is sent on, not its content. */
  | 'blanked'
  | 'dropped'

export class MessageGate {
  readonly #options: GateOptions
  readonly #listeners: GateListeners
  readonly #reader = new WsFrameReader()
  readonly #assembler: MessageAssembler
  /** The frames of the message that is held, as they came. */
  #raw = new GrowingBytes()
  #takenBytes = 0
  #isReleased = false
  /** The control frame that is coming, as it came. */
  #control: Uint8Array[] = []
  #utf8 = new Utf8Check()
  #head: WsFrameHead | null = null
  #offset = 0
  #passage: Passage = 'held'
  /** A frame that must wait until the message before it has its verdict. */
  #waiting: WsFrameEvent | null = null
  #isJudging = false
  /** The rest of the message is not read and goes on as it comes. */
  #isPassing = false
  /** Nothing more of this client goes on. */
  #isOver = false
  #isClientDone = false
  /** An edited message made the server's window another than the client's: no compressed message goes on as it is. */
  #isRecoding = false
  /** A compressed message was not read: that later ones cannot be read is not the client's doing. */
  #hasSkipped = false

  constructor(options: GateOptions, listeners: GateListeners) {
    this.#options = options
    this.#listeners = listeners
    this.#assembler = new MessageAssembler({
      isFromClient: true,
      hasDeflate: options.inflater !== null,
      room: (bytes) => this.#room(bytes),
    })
  }

  /** May a frame be put in behind what was sent? */
  get isBetweenFrames(): boolean {
    return !this.#isPassing && (this.#passage !== 'blanked' || this.#reader.isBetweenFrames)
  }

  push(chunk: Uint8Array): void {
    this.#reader.push(chunk)
    this.#run()
  }

  /** The client sends no more. */
  end(): void {
    this.#isClientDone = true
    if (!this.#isJudging) this.#listeners.ended()
  }

  /** Give back what is held. */
  release(): void {
    this.#isOver = true
    this.#isReleased = true
    this.#giveBack()
  }

  #run(): void {
    for (;;) {
      const event = this.#waiting ?? this.#reader.next()
      this.#waiting = null
      if (event === null) return
      if (this.#mustWait(event)) {
        this.#waiting = event
        this.#listeners.hold(true)
        return
      }
      this.#handle(event)
    }
  }

  #mustWait(event: WsFrameEvent): boolean {
    if (!this.#isJudging) return false
    if (event.kind === 'head') return !isControl(event.head) || event.head.opcode === OPCODES.close
    return event.kind === 'broken' || this.#head === null || !isControl(this.#head)
  }

  #handle(event: WsFrameEvent): void {
    switch (event.kind) {
      case 'head':
        this.#onHead(event.head)
        break
      case 'payload':
        this.#onPayload(event.bytes)
        break
      case 'end':
        this.#onEnd()
        break
      case 'broken':
        if (!this.#isOver) this.#violate(event.raw)
        break
    }
  }

  #onHead(head: WsFrameHead): void {
    this.#head = head
    this.#offset = 0
    if (this.#isOver) {
      this.#passage = 'dropped'
      if (head.opcode === OPCODES.close) this.#listeners.onClose(null)
    } else if (!this.#assembler.head(head)) {
      this.#passage = 'blanked'
      this.#violate(head.raw)
    } else if (isControl(head)) {
      this.#passage = 'control'
      this.#control = [head.raw]
    } else if (this.#isPassing) {
      this.#passage = 'sent'
      this.#listeners.send(head.raw)
    } else {
      this.#passage = 'held'
      const cut = this.#room(head.raw.length)
      if (cut === null) this.#raw.add(head.raw)
      else this.#judgeCut(cut, head.raw)
    }
  }

  #onPayload(bytes: Uint8Array): void {
    const mask = this.#head?.mask ?? null
    if (this.#passage === 'control') {
      this.#assembler.payload(bytes)
      this.#control.push(bytes)
    }
    if (this.#passage === 'sent') this.#listeners.send(bytes)
    else if (this.#passage === 'blanked') this.#listeners.send(filledBytes(bytes.length, 0, mask, this.#offset & 3))
    else if (this.#passage === 'held') this.#hold(bytes)
    this.#offset += bytes.length
  }

  #hold(bytes: Uint8Array): void {
    const before = this.#assembler.beginning?.bytes.length ?? 0
    this.#assembler.payload(bytes)
    const begun = this.#assembler.beginning
    if (this.#assembler.cut !== null) this.#judgeCut(this.#assembler.cut, bytes)
    if (begun === null || this.#assembler.cut !== null) return
    this.#raw.add(bytes)
    if (begun.isText && !begun.isCompressed && !this.#utf8.push(begun.bytes.subarray(before))) {
      this.#listeners.violated()
      this.#sendBadText()
    }
  }

  #room(bytes: number): Cut | null {
    const { budget, client, maxBytes } = this.#options
    // Twice: as it came, and without its mask.
    const wanted = bytes * 2
    if (this.#takenBytes + wanted > maxBytes * 2) return 'oversize'
    if ((this.#takenBytes === 0 && budget.isFull()) || !budget.take(wanted, client)) return 'over-capacity'
    this.#takenBytes += wanted
    return null
  }

  #giveBack(): void {
    this.#options.budget.giveBack(this.#takenBytes, this.#options.client)
    this.#takenBytes = 0
    this.#raw = new GrowingBytes()
    this.#utf8 = new Utf8Check()
  }

  #onEnd(): void {
    const head = this.#head
    this.#head = null
    this.#passage = 'held'
    if (this.#isOver || head === null) return
    const ended = this.#assembler.end()
    if (ended.kind === 'control') this.#listeners.send(Buffer.concat(this.#control))
    if (ended.kind === 'control' && ended.close !== undefined) {
      this.#isOver = true
      this.#listeners.onClose(ended.close)
    }
    if (ended.kind !== 'message') return
    if (this.#isPassing) this.#isPassing = false
    else this.#decide(ended.message, head.mask ?? this.#options.newMask())
  }

  #decide(message: WholeMessage, mask: Uint8Array): void {
    const { inflater } = this.#options
    const { isCompressed, payload } = message
    this.#whileJudging(async () => {
      if (!isCompressed || inflater === null) {
        await this.#judge(message, mask, { ok: true, bytes: payload })
        return
      }
      await inflater.read(payload, (inflated) => this.#judge(message, mask, inflated))
    })
  }

  async #judge(message: WholeMessage, mask: Uint8Array, inflated: Inflated): Promise<void> {
    // The connection ended while it waited for room: nothing of it went upstream, and nothing will.
    if (this.#isReleased) return
    const bytes = inflated.ok ? inflated.bytes : NOTHING
    const unread = inflated.ok ? undefined : inflated.unread
    if (unread === 'unparsable' && !this.#hasSkipped) this.#listeners.violated()
    this.#hasSkipped ||= unread !== undefined
    if (unread === undefined && message.isText && !isUtf8(bytes)) {
      this.#listeners.violated()
      this.#sendBadText()
      return
    }
    const body = { bytes, cut: null, ...(unread === undefined ? {} : { unread }) }
    const verdict = await this.#listeners.judge({ body, size: bytes.length === 0 ? message.size : bytes.length })
    const opcode = message.isText ? OPCODES.text : OPCODES.binary
    if (verdict.kind === 'refuse') this.#refuse(verdict)
    else if (verdict.kind === 'edit') {
      this.#isRecoding ||= this.#options.hasContextTakeover
      this.#listeners.send(frameBytes({ opcode, payload: verdict.bytes, mask }))
    } else if (!message.isCompressed || !this.#isRecoding) this.#listeners.send(this.#raw.bytes())
    else if (unread === undefined) this.#listeners.send(frameBytes({ opcode, payload: bytes, mask }))
    else this.#sendBadText()
  }

  /** Too long, or no room: decided by what is known, and if it may go on, then as it comes. `rest`: read, and not kept. */
  #judgeCut(cut: Cut, rest: Uint8Array): void {
    const begun = this.#assembler.beginning
    const isCompressed = begun?.isCompressed ?? false
    if (isCompressed) {
      this.#hasSkipped = true
      this.#options.inflater?.skip()
    }
    const bytes = isCompressed ? new Uint8Array(0) : (begun?.bytes ?? new Uint8Array(0))
    this.#passage = 'sent'
    this.#isPassing = true
    this.#whileJudging(async () => {
      const verdict = await this.#listeners.judge({ body: { bytes, cut }, size: bytes.length })
      if (verdict.kind === 'refuse') this.#refuse(verdict)
      else if (isCompressed && this.#isRecoding) this.#break(new Uint8Array(0))
      else {
        this.#listeners.send(this.#raw.bytes())
        this.#listeners.send(rest)
      }
    })
  }

  #whileJudging(judge: () => Promise<void>): void {
    this.#isJudging = true
    judge()
      // `judge` of the flow never rejects; whatever else does must not let anything through.
      .catch(() => this.#break(new Uint8Array(0)))
      .finally(() => {
        this.#giveBack()
        this.#isJudging = false
        this.#listeners.hold(false)
        this.#run()
        if (this.#isClientDone) this.end()
      })
  }

  #refuse(verdict: Extract<MessageVerdict, { kind: 'refuse' }>): void {
    this.#isOver = true
    this.#isPassing = false
    this.#passage = 'dropped'
    this.#listeners.refused(verdict)
  }

  #violate(head: Uint8Array): void {
    this.#listeners.violated()
    this.#break(head)
  }

  /** The head that breaks the protocol, behind a message that has begun where there is one: what follows has no content. */
  #break(head: Uint8Array): void {
    this.#isOver = true
    const begun = this.#assembler.beginning
    if (begun !== null && !this.#isPassing) {
      const opcode = begun.isText ? OPCODES.text : OPCODES.binary
      this.#listeners.send(openingFrame(opcode, begun.isCompressed, this.#options.newMask()))
    }
    this.#listeners.send(head)
    this.#giveBack()
    this.#listeners.broken(1002)
  }

  /** Text that is no text: the server is told in a frame of ours, which ends the connection as the client's would. */
  #sendBadText(): void {
    this.#isOver = true
    this.#passage = 'dropped'
    const payload = Buffer.from([0xff])
    this.#listeners.send(frameBytes({ opcode: OPCODES.text, payload, mask: this.#options.newMask() }))
    this.#giveBack()
    this.#listeners.broken(1007)
  }
}

const NOTHING = new Uint8Array(0)

/** The first frame of a fragmented message, empty. */
const openingFrame = (opcode: number, isCompressed: boolean, mask: Uint8Array): Buffer =>
  Buffer.from([opcode | (isCompressed ? RSV1 << 4 : 0), 0x80, ...mask])
