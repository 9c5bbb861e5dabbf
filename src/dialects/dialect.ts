import type { LocalAnswer, Notice } from '../domain/notice.ts'
import type { DialectId, RequestHead } from '../domain/tool.ts'
import type { JsonStop } from '../wire/json-spans.ts'
import type { RestorePointsOf } from './restore-points.ts'

/** One span of text inside a decoded request body. Offsets are bytes. */
export interface TextPart {
  readonly start: number
  readonly end: number
  /** How the text is written between `start` and `end`: JSON string content (without its quotes), form field, or as it is. */
  readonly escaping: 'json' | 'form' | 'plain'
  /** E.g. `messages[0].content[1].text`. */
  readonly field: string
  /** `false` for signed or encrypted parts: looked at, never edited. */
  readonly isEditable: boolean
  /** An id, type or name of the protocol: keys of services are looked for in it, numbers that ids hold by chance are not. */
  readonly isName?: boolean
  /** The text is JSON that a model wrote (arguments of a call): its strings are what the model means. */
  readonly isJson?: boolean
  /** A picture, sound or document, in base64 where `escaping` is `json`: what it says can be read, not edited. */
  readonly isMedia?: boolean
}

export type TextParts =
  | {
      readonly ok: true
      readonly parts: readonly TextPart[]
      readonly model: string | null
      /** Pictures, sounds and documents, each `isMedia`. Absent: none. */
      readonly media?: readonly TextPart[]
      /** Ids of histories that the provider keeps and the request goes on from. Absent: none. */
      readonly histories?: readonly string[]
    }
  | { readonly ok: false; readonly unread: 'unparsable' | 'binary' }

/** What a piece of a JSON body adds to those before it, up to a place from which reading can go on. */
export interface ReadPiece {
  /** `null`: there is no such place in it; what it holds belongs to the next piece that has one. */
  readonly read: {
    readonly parts: readonly TextPart[]
    readonly media: readonly TextPart[]
    readonly histories: readonly string[]
    /** Objects and arrays, which parts hold on to. */
    readonly containers: number
    /** So far. */
    readonly model: string | null
    readonly stop: JsonStop
  } | null
}

/** Keeps what bodies began with. Bounded; what it forgot is read again. */
export interface PartsMemory {
  /** A keyed hash that must not leave the process, so that nobody can make two pieces that are taken for one. */
  readonly digest: (piece: Uint8Array) => string
  /** What no other object ever has. */
  readonly idOf: (object: object) => string
  readonly get: (name: string) => ReadPiece | undefined
  readonly set: (name: string, piece: ReadPiece) => void
}

/** Token counts and model of a response. `null` where the response does not say. */
export interface Usage {
  readonly model: string | null
  readonly tokensIn: number | null
  readonly tokensOut: number | null
}

/** Reads usage from the decoded bytes of a response as they pass. Memory is bounded; never throws. */
export interface UsageReader {
  readonly push: (chunk: Uint8Array) => void
  readonly end: () => Usage
}

/** What a server's message says about the request that it answers. */
export interface ServerMessage {
  /** The answer is over; the next request's begins. */
  readonly isLast: boolean
  /** As if it had come over HTTP; `null` when the message does not say. */
  readonly status: number | null
  readonly usage: Partial<Usage>
}

/** A refusal inside an open connection. */
export interface MessageRefusal {
  readonly status: number
  /** `weir_policy_block`, or the code of an error. */
  readonly code: string
  readonly line: string
}

/** How a provider family speaks in the messages of an open connection (WebSocket). A request has the body it has over HTTP. */
export interface MessageReader {
  /** Is a client's message a request, to be recorded by itself? Every message is looked into all the same. */
  readonly isRequest: (message: Uint8Array) => boolean
  /** `null`: a part of an answer, or not known. */
  readonly serverMessage: (message: Uint8Array) => ServerMessage | null
  /** Text of the message that refuses a request. */
  readonly refusal: (refusal: MessageRefusal) => Uint8Array
}

/** How a provider family speaks: one object in one file, all in `registry.ts`. */
export interface Dialect {
  readonly id: DialectId
  /** Does the head have this dialect's wire shape, on whatever host? Decisive signs only. */
  readonly recognise: (head: RequestHead) => boolean
  /**
   * Which spans of a decoded request body are text, and the model it names. What `memory` knows of the beginning of the
   * body is not read again; without it, and where the dialect remembers nothing, all of it is.
   */
  readonly textParts: (body: Uint8Array, contentType: string | null, memory?: PartsMemory) => TextParts
  /** A refusal in this dialect's own error shape, without the headers that every block carries. */
  readonly refusal: (notice: Notice, head: RequestHead) => LocalAnswer
  readonly usageReader: (contentType: string | null) => UsageReader
  /** Where the model's text stands in an answer. Absent: placeholders stay in it. */
  readonly restorePoints?: RestorePointsOf
  /** Only an answer that holds one of these can tell a history (`AnswerText.history`). */
  readonly historySigns?: readonly string[]
  /** Absent: the messages of its WebSockets cannot be read. */
  readonly messages?: MessageReader
}
