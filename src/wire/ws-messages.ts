/** Puts the frames of one direction together to messages, and tells where RFC 6455 is broken. Bounded by whoever asks. */
import { Buffer, isUtf8 } from 'node:buffer'
import { GrowingBytes } from './growing-bytes.ts'
import { maskedBytes, OPCODES, RSV1, type WsFrameHead } from './ws-frames.ts'

/** Why a message was not kept. */
export type Cut = 'oversize' | 'over-capacity'

export interface WholeMessage {
  readonly isText: boolean
  /** The payload is still compressed (RFC 7692). */
  readonly isCompressed: boolean
  /** Unmasked; of a cut message its beginning. */
  readonly payload: Buffer
  readonly cut: Cut | null
  /** Bytes of payload that came, kept or not. */
  readonly size: number
}

export interface AssemblerOptions {
  /** Clients mask, servers do not (section 5.1). */
  readonly isFromClient: boolean
  /** permessage-deflate was agreed on. */
  readonly hasDeflate: boolean
  /** Asked before bytes are kept. */
  readonly room: (bytes: number) => Cut | null
}

/** What a Close frame says. */
export interface CloseFrame {
  /** As received; 1005 when it says none (section 7.1.5). */
  readonly code: number
  /** The code with which whoever got it must end the connection, where the frame itself breaks the protocol. */
  readonly violation: 1002 | 1007 | null
}

/** What a frame that has ended was. */
export type FrameEnd =
  /** `close`: what a Close says; absent for ping and pong. */
  | { readonly kind: 'control'; readonly close?: CloseFrame }
  | { readonly kind: 'part' }
  | { readonly kind: 'message'; readonly message: WholeMessage }

const CONTROL: FrameEnd = { kind: 'control' }
const PART: FrameEnd = { kind: 'part' }
/** Section 5.5. */
const MAX_CONTROL_BYTES = 125

interface Begun {
  readonly isText: boolean
  readonly isCompressed: boolean
  readonly kept: GrowingBytes
  size: number
  cut: Cut | null
}

export class MessageAssembler {
  readonly #options: AssemblerOptions
  #head: WsFrameHead | null = null
  #offset = 0
  #begun: Begun | null = null
  /** The payload of the Close that is coming. */
  #closing = Buffer.alloc(0)

  constructor(options: AssemblerOptions) {
    this.#options = options
  }

  /** Is a message begun whose last frame has not ended? */
  get isInMessage(): boolean {
    return this.#begun !== null
  }

  /** Why the message that is coming is no longer kept. */
  get cut(): Cut | null {
    return this.#begun?.cut ?? null
  }

  /** What was kept of the message that is coming; `null` when none is, or when it is compressed. */
  get beginning(): { readonly isText: boolean; readonly isCompressed: boolean; readonly bytes: Buffer } | null {
    if (this.#begun === null) return null
    const { isText, isCompressed, kept } = this.#begun
    return { isText, isCompressed, bytes: kept.bytes() }
  }

  /** `false`: the protocol is broken, and the peer will end the connection over it. */
  head(head: WsFrameHead): boolean {
    if ((head.mask !== null) !== this.#options.isFromClient || !this.#isInOrder(head)) return false
    this.#head = head
    this.#offset = 0
    this.#closing = Buffer.alloc(0)
    if (isControl(head) || head.opcode === OPCODES.continuation) return true
    this.#begun = {
      isText: head.opcode === OPCODES.text,
      isCompressed: (head.rsv & RSV1) !== 0,
      kept: new GrowingBytes(),
      size: 0,
      cut: null,
    }
    return true
  }

  payload(bytes: Uint8Array): void {
    const head = this.#head
    const begun = this.#begun
    if (head?.opcode === OPCODES.close) this.#closing = Buffer.concat([this.#closing, bytes])
    if (head === null || begun === null || isControl(head)) return
    begun.size += bytes.length
    begun.cut ??= this.#options.room(bytes.length)
    if (begun.cut === null) begun.kept.add(head.mask === null ? bytes : maskedBytes(bytes, head.mask, this.#offset))
    this.#offset += bytes.length
  }

  end(): FrameEnd {
    const head = this.#head
    const begun = this.#begun
    this.#head = null
    if (head?.opcode === OPCODES.close) {
      const { mask } = head
      return { kind: 'control', close: closeFrame(mask === null ? this.#closing : maskedBytes(this.#closing, mask)) }
    }
    if (head === null || isControl(head)) return CONTROL
    if (!head.isFinal || begun === null) return PART
    this.#begun = null
    const { isText, isCompressed, kept, size, cut } = begun
    return { kind: 'message', message: { isText, isCompressed, payload: kept.bytes(), cut, size } }
  }

  #isInOrder({ isFinal, rsv, opcode, length }: WsFrameHead): boolean {
    if (opcode >= OPCODES.close) return opcode <= OPCODES.pong && isFinal && rsv === 0 && length <= MAX_CONTROL_BYTES
    if (opcode === OPCODES.continuation) return rsv === 0 && this.#begun !== null
    const isRsvKnown = rsv === 0 || (rsv === RSV1 && this.#options.hasDeflate)
    return opcode <= OPCODES.binary && isRsvKnown && this.#begun === null
  }
}

function closeFrame(payload: Buffer): CloseFrame {
  if (payload.length === 0) return { code: 1005, violation: null }
  if (payload.length === 1) return { code: 1005, violation: 1002 }
  const code = payload.readUInt16BE(0)
  const violation = isCloseCode(code) ? (isUtf8(payload.subarray(2)) ? null : 1007) : 1002
  return { code, violation }
}

/** May it stand in a frame (section 7.4, and the registry of its section 11.7)? */
const isCloseCode = (code: number): boolean =>
  (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999)

export const isControl = ({ opcode }: WsFrameHead): boolean => opcode >= OPCODES.close

/** Text that comes in pieces: is it UTF-8 so far? What may still become a character at the end counts as such. */
export class Utf8Check {
  #tail: Uint8Array = new Uint8Array(0)
  isValid = true

  push(piece: Uint8Array): boolean {
    if (!this.isValid || piece.length === 0) return this.isValid
    const bytes = new Uint8Array(this.#tail.length + piece.length)
    bytes.set(this.#tail)
    bytes.set(piece, this.#tail.length)
    const whole = bytes.length - openBytes(bytes)
    this.isValid = isUtf8(bytes.subarray(0, whole))
    this.#tail = bytes.slice(whole)
    return this.isValid
  }
}

/** Bytes at the end that begin a character and do not end it: none when the beginning cannot become one. */
function openBytes(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back += 1) {
    const byte = bytes[bytes.length - back] ?? 0
    if ((byte & 0xc0) === 0x80) continue
    const needed =
      byte >= 0xf0 && byte <= 0xf4 ? 4 : byte >= 0xe0 && byte < 0xf0 ? 3 : byte >= 0xc2 && byte < 0xe0 ? 2 : 1
    return needed > back && isOpening(byte, bytes[bytes.length - back + 1]) ? back : 0
  }
  return 0
}

/** The second byte rules out long forms, surrogates and what lies beyond U+10FFFF (RFC 3629 section 4). */
function isOpening(first: number, second: number | undefined): boolean {
  if (second === undefined) return true
  if (first === 0xe0) return second >= 0xa0
  if (first === 0xed) return second < 0xa0
  if (first === 0xf0) return second >= 0x90
  return first !== 0xf4 || second < 0x90
}
