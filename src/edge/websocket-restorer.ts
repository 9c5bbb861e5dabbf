/**
 * The way from the server where the client's values are put back. Each message is held until it is whole, for an edit needs
 * all of it; then its own frames go on, or new ones. Control frames do not wait. What is too long to be held passes as it is.
 */
import { Buffer } from 'node:buffer'
import { GrowingBytes } from '../wire/growing-bytes.ts'
import type { MessageInflater } from '../wire/ws-deflate.ts'
import { frameBytes, OPCODES, type WsFrameEvent, type WsFrameHead, WsFrameReader } from '../wire/ws-frames.ts'
import { type CloseFrame, type Cut, isControl, MessageAssembler, type WholeMessage } from '../wire/ws-messages.ts'

export interface RestorerOptions {
  /** `null`: permessage-deflate was not agreed on. */
  readonly inflater: MessageInflater | null
  /** Do the server's messages build on those before them? */
  readonly hasContextTakeover: boolean
  /** Asked before bytes are kept. */
  readonly room: (bytes: number) => Cut | null
}

export interface RestorerListeners {
  /** What goes out for a text message, in order; `null`: itself. */
  readonly restore: (message: Buffer) => readonly Uint8Array[] | null
  /** A message went out; `null` bytes: one that was not read. */
  readonly answered: (bytes: Uint8Array | null, size: number) => void
  readonly send: (bytes: Uint8Array) => void
  /** Read nothing more from the server for now. */
  readonly hold: (isHeld: boolean) => void
  /** A message is out: what it took may be given back. */
  readonly giveBack: () => void
  /** A Close frame went out. */
  readonly onClose: (close: CloseFrame) => void
  /** The server broke the protocol: from here on its bytes go on as they come. */
  readonly onBroken: () => void
  /** What comes can no longer be told to the client as it means it. */
  readonly onLost: () => void
}

export class MessageRestorer {
  readonly #options: RestorerOptions
  readonly #listeners: RestorerListeners
  readonly #reader = new WsFrameReader()
  readonly #assembler: MessageAssembler
  /** The frames of the message that is held, as they came. */
  #raw = new GrowingBytes()
  #control: Uint8Array[] = []
  #head: WsFrameHead | null = null
  /** The rest of the message goes on as it comes. */
  #isPassing = false
  #isBusy = false
  /** A message went out in another form than the server's: none that builds on it goes on as it is. */
  #isRecoding = false
  /** The protocol is broken: bytes go on as they come. */
  #isLost = false

  constructor(options: RestorerOptions, listeners: RestorerListeners) {
    this.#options = options
    this.#listeners = listeners
    this.#assembler = new MessageAssembler({
      isFromClient: false,
      hasDeflate: options.inflater !== null,
      room: options.room,
    })
  }

  /** May a message be put in here? */
  get isBetweenMessages(): boolean {
    return !this.#isLost && !this.#isPassing
  }

  /** Asked again after what may have changed it. */
  get #isWorking(): boolean {
    return this.#isBusy
  }

  push(chunk: Uint8Array): void {
    if (this.#isLost) {
      this.#listeners.send(chunk)
      return
    }
    this.#reader.push(chunk)
    this.#run()
  }

  #run(): void {
    while (!this.#isBusy && !this.#isLost) {
      const event = this.#reader.next()
      if (event === null) return
      this.#handle(event)
    }
  }

  #handle(event: WsFrameEvent): void {
    if (event.kind === 'head') this.#onHead(event.head)
    else if (event.kind === 'payload') this.#onPayload(event.bytes)
    else if (event.kind === 'end') this.#onEnd()
    else this.#lose(event.raw)
  }

  #onHead(head: WsFrameHead): void {
    this.#head = head
    if (!this.#assembler.head(head)) this.#lose(head.raw)
    else if (isControl(head)) this.#control = [head.raw]
    else this.#keep(head.raw)
  }

  #keep(bytes: Uint8Array): void {
    if (this.#isPassing) this.#listeners.send(bytes)
    else this.#raw.add(bytes)
  }

  #onPayload(bytes: Uint8Array): void {
    this.#assembler.payload(bytes)
    if (this.#head !== null && isControl(this.#head)) {
      this.#control.push(Buffer.from(bytes))
      return
    }
    if (!this.#isPassing && this.#assembler.cut !== null) this.#pass()
    this.#keep(bytes)
  }

  /** Too long, or no room: what there is of it goes out, and the rest as it comes. */
  #pass(): void {
    if (this.#assembler.beginning?.isCompressed === true) {
      this.#options.inflater?.skip()
      if (this.#isRecoding) {
        this.#lose(new Uint8Array(0))
        return
      }
    }
    this.#isPassing = true
    this.#listeners.send(this.#takeRaw())
  }

  #takeRaw(): Uint8Array {
    const raw = Buffer.from(this.#raw.bytes())
    this.#raw = new GrowingBytes()
    this.#listeners.giveBack()
    return raw
  }

  #onEnd(): void {
    this.#head = null
    const ended = this.#assembler.end()
    if (ended.kind === 'control') {
      this.#listeners.send(Buffer.concat(this.#control))
      if (ended.close !== undefined) this.#listeners.onClose(ended.close)
    }
    if (ended.kind !== 'message') return
    const { message } = ended
    if (this.#isPassing) {
      this.#isPassing = false
      this.#listeners.answered(null, message.size)
    } else if (message.isCompressed && this.#options.inflater !== null) this.#undo(message, this.#options.inflater)
    else this.#out(message, message.payload)
  }

  #undo(message: WholeMessage, inflater: MessageInflater): void {
    this.#isBusy = true
    this.#listeners.hold(true)
    inflater
      .read(message.payload, (inflated) => this.#out(message, inflated.ok ? inflated.bytes : null))
      // Nothing of it can be told: the client must not take silence for an answer.
      .catch(() => this.#lose(new Uint8Array(0)))
      .finally(() => {
        this.#isBusy = false
        this.#run()
        if (!this.#isWorking) this.#listeners.hold(false)
      })
  }

  /** `bytes`: the message, decompressed; `null`: it could not be. */
  #out({ isText, isCompressed, size }: WholeMessage, bytes: Uint8Array | null): void {
    const { restore, answered, send } = this.#listeners
    const raw = this.#takeRaw()
    const isOwnForm = isCompressed && this.#isRecoding
    if (bytes === null && isOwnForm) {
      this.#lose(new Uint8Array(0))
      return
    }
    const restored = isText && bytes !== null ? restore(asBuffer(bytes)) : null
    if (restored === null) send(isOwnForm && bytes !== null ? framed(bytes, isText) : raw)
    else {
      this.#isRecoding ||= isCompressed && this.#options.hasContextTakeover
      for (const each of restored) send(framed(each, true))
    }
    answered(bytes, bytes?.length ?? size)
  }

  #lose(head: Uint8Array): void {
    this.#isLost = true
    if (this.#isRecoding) this.#listeners.onLost()
    else {
      this.#listeners.send(this.#takeRaw())
      this.#listeners.send(head)
      const rest = this.#reader.takeUnread()
      if (rest.length > 0) this.#listeners.send(rest)
      this.#listeners.onBroken()
    }
  }
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)

const framed = (payload: Uint8Array, isText: boolean): Buffer =>
  frameBytes({ opcode: isText ? OPCODES.text : OPCODES.binary, payload, mask: null })
