/** Reads the messages of one direction from a copy of its bytes. Whatever it meets, the bytes themselves are not its business. */

import { WsFrameReader } from '../wire/ws-frames.ts'
import { type AssemblerOptions, type CloseFrame, MessageAssembler, type WholeMessage } from '../wire/ws-messages.ts'

export interface TapListeners {
  readonly onMessage: (message: WholeMessage) => void
  /** A Close frame passed. */
  readonly onClose: (close: CloseFrame) => void
  /** The protocol is broken: what follows cannot be read. */
  readonly onLost: () => void
}

export class MessageTap {
  readonly #reader = new WsFrameReader()
  readonly #assembler: MessageAssembler
  readonly #listeners: TapListeners
  isLost = false

  constructor(options: AssemblerOptions, listeners: TapListeners) {
    this.#assembler = new MessageAssembler(options)
    this.#listeners = listeners
  }

  /** May a frame be put in here? */
  get isBetweenFrames(): boolean {
    return !this.isLost && this.#reader.isBetweenFrames
  }

  /** May a message be put in here? */
  get isBetweenMessages(): boolean {
    return this.isBetweenFrames && !this.#assembler.isInMessage
  }

  /** Read on to the end, or to the next place where a message may be put in; returns how many bytes were read. */
  push(chunk: Uint8Array, isToBoundary = false): number {
    if (this.isLost) return chunk.length
    this.#reader.push(chunk)
    let used = 0
    for (let event = this.#reader.next(); event !== null; event = this.#reader.next()) {
      if (event.kind === 'head' && !this.#onHead(event.head)) return chunk.length
      if (event.kind === 'broken') {
        this.#lose()
        return chunk.length
      }
      if (event.kind === 'payload') this.#assembler.payload(event.bytes)
      if (event.kind === 'end') {
        const ended = this.#assembler.end()
        if (ended.kind === 'message') this.#listeners.onMessage(ended.message)
        if (ended.kind === 'control' && ended.close !== undefined) this.#listeners.onClose(ended.close)
        if (isToBoundary && this.isBetweenMessages) {
          used = chunk.length - this.#reader.unreadBytes
          break
        }
      }
    }
    return used === 0 ? chunk.length : used
  }

  #onHead(head: Parameters<MessageAssembler['head']>[0]): boolean {
    if (!this.#assembler.head(head)) {
      this.#lose()
      return false
    }
    return true
  }

  #lose(): void {
    this.isLost = true
    this.#listeners.onLost()
  }
}
